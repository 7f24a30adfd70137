import type { TestVerdict } from '../../shared/contracts/grade.contract.ts';
import { SECRET, type HostileCase } from './hostile-suite.ts';
import { ANY_LIMIT, COMPILE, ERROR, MEMORY, TIME, WRONG } from './verdicts.ts';

const OUTPUT: TestVerdict[] = ['output_limit'];
const DENIED: TestVerdict[] = ['security_violation'];
const NOTHING_GAINED: TestVerdict[] = ['wrong_answer', 'runtime_error', 'security_violation', 'compile_error'];

const ENDLESS = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)';

/** What both databases meet. The attacked tests have a table `numbers` with the rows 1, 2, 3 and want their squares. */
const inBoth: HostileCase[] = [
  { name: 'endless recursive query', code: `${ENDLESS} SELECT count(*) FROM n`, verdicts: TIME },
  { name: 'endless rows', code: `${ENDLESS} SELECT i FROM n`, verdicts: OUTPUT },
  {
    name: 'endless query that grows',
    code: "WITH RECURSIVE n(i, s) AS (SELECT 1, 'x' UNION ALL SELECT i + 1, s || s FROM n) SELECT max(length(s)) FROM n",
    verdicts: ANY_LIMIT,
  },
  {
    name: 'endless query that keeps its rows',
    code: `${ENDLESS.replace('UNION ALL', 'UNION')} SELECT count(*) FROM n`,
    verdicts: ANY_LIMIT,
  },
  { name: 'endless sort', code: `${ENDLESS} SELECT i FROM n ORDER BY i DESC`, verdicts: ANY_LIMIT },
  {
    name: 'cross join of everything',
    code: `SELECT count(*) FROM ${Array.from({ length: 24 }, (_, n) => `numbers a${n}`).join(', ')}`,
    verdicts: TIME,
  },
  {
    name: 'endless table',
    code: `CREATE TABLE big AS ${ENDLESS} SELECT i, 'some text that takes some room' AS t FROM n`,
    verdicts: ANY_LIMIT,
  },
  {
    name: 'one huge row',
    code: `SELECT replace(replace(hex8, 'x', hex8), 'x', hex8) FROM (SELECT '${'x'.repeat(2000)}' AS hex8) t`,
    verdicts: ANY_LIMIT,
  },
  {
    name: 'a million columns of text',
    code: `SELECT ${Array.from({ length: 1500 }, () => `'${'y'.repeat(30)}'`).join(',')} FROM numbers`,
    verdicts: WRONG,
  },
  { name: 'too many columns', code: `SELECT ${'1,'.repeat(20_000)}1`, verdicts: [...ERROR, ...COMPILE] },
  {
    name: 'deep parentheses',
    code: `SELECT ${'('.repeat(25_000)}1${')'.repeat(25_000)}`,
    verdicts: [...ERROR, ...COMPILE, ...MEMORY],
  },
  {
    name: 'deep expression',
    code: `SELECT ${'1+'.repeat(25_000)}1`,
    verdicts: [...ERROR, ...COMPILE, ...MEMORY, ...WRONG, ...TIME],
  },
  {
    name: 'deep subqueries',
    code: `SELECT ${'(SELECT '.repeat(6000)}1${')'.repeat(6000)}`,
    verdicts: [...ERROR, ...COMPILE, ...MEMORY, ...TIME],
  },
  {
    name: 'many unions',
    code: `SELECT 1 ${'UNION ALL SELECT 1 '.repeat(3000)}`,
    verdicts: [...ERROR, ...COMPILE, ...WRONG, ...MEMORY],
  },
  { name: 'many statements', code: 'SELECT 1;'.repeat(7000), verdicts: [...WRONG, ...TIME] },
  {
    name: 'a comment that never ends',
    code: 'SELECT n * n FROM numbers WHERE n > 5 /* and so on',
    verdicts: [...WRONG, ...COMPILE],
  },
  { name: 'a string that never ends', code: "SELECT 'and so on", verdicts: COMPILE },
  { name: 'the character NUL', code: 'SELECT 1\0; SELECT n * n FROM numbers', verdicts: COMPILE },
  { name: 'fixtures dropped', code: 'DROP TABLE numbers; SELECT 1', verdicts: WRONG },
  {
    name: 'fixtures changed into a view',
    code: 'DROP TABLE numbers; CREATE VIEW numbers AS SELECT 7 AS n; SELECT n FROM numbers',
    verdicts: WRONG,
  },
  { name: 'an open transaction', code: 'BEGIN; DELETE FROM numbers; SELECT 1', verdicts: WRONG },
  {
    name: 'a rollback of what was not begun',
    code: 'ROLLBACK; DELETE FROM numbers; COMMIT; SELECT 1',
    verdicts: NOTHING_GAINED,
  },
  {
    name: 'savepoints without end',
    code: `BEGIN; ${'SAVEPOINT s; '.repeat(4000)} SELECT 1`,
    verdicts: [...WRONG, ...TIME, ...MEMORY],
  },
];

export const sqliteCases: HostileCase[] = [
  ...inBoth,
  {
    name: 'ATTACH of a host file',
    code: "ATTACH DATABASE '/tmp/learnify-attached.db' AS a; CREATE TABLE a.t (x)",
    verdicts: DENIED,
  },
  { name: 'ATTACH of another database in memory', code: "ATTACH ':memory:' AS a", verdicts: DENIED },
  { name: 'DETACH', code: 'DETACH DATABASE main', verdicts: [...DENIED, ...ERROR] },
  { name: 'VACUUM INTO a host file', code: "VACUUM INTO '/tmp/learnify-vacuumed.db'", verdicts: DENIED },
  { name: 'VACUUM', code: 'VACUUM', verdicts: DENIED },
  { name: 'load_extension', code: "SELECT load_extension('/tmp/x')", verdicts: DENIED },
  { name: 'readfile', code: "SELECT readfile('/etc/passwd')", verdicts: NOTHING_GAINED },
  { name: 'writefile', code: "SELECT writefile('/tmp/learnify-written', 'x')", verdicts: NOTHING_GAINED },
  { name: 'fts3_tokenizer', code: "SELECT fts3_tokenizer('simple')", verdicts: DENIED },
  {
    name: 'PRAGMA writable_schema',
    code: 'PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 1',
    verdicts: DENIED,
  },
  { name: 'a change of the schema table', code: "UPDATE sqlite_schema SET sql = 'x'", verdicts: ERROR },
  { name: 'PRAGMA temp_store_directory', code: "PRAGMA temp_store_directory = '/tmp'", verdicts: DENIED },
  { name: 'PRAGMA journal_mode', code: 'PRAGMA journal_mode = WAL', verdicts: DENIED },
  { name: 'PRAGMA max_page_count', code: 'PRAGMA max_page_count = 1000000000', verdicts: DENIED },
  { name: 'PRAGMA hard_heap_limit', code: 'PRAGMA hard_heap_limit = 1', verdicts: DENIED },
  { name: 'PRAGMA in a function', code: 'SELECT * FROM pragma_mmap_size', verdicts: NOTHING_GAINED },
  {
    name: 'a virtual table of files',
    code: "CREATE VIRTUAL TABLE v USING csv(filename = '/etc/passwd')",
    verdicts: DENIED,
  },
  { name: 'pages of the database', code: 'SELECT count(*) FROM sqlite_dbpage', verdicts: NOTHING_GAINED },
  { name: 'a huge blob', code: 'SELECT length(zeroblob(2000000000))', verdicts: MEMORY },
  {
    name: 'many large blobs',
    code: `CREATE TABLE b AS ${ENDLESS} SELECT randomblob(9000000) AS x FROM n`,
    verdicts: MEMORY,
  },
  {
    name: 'many large blobs in a sort',
    code: `SELECT x FROM (${ENDLESS} SELECT randomblob(1000000) AS x FROM n) ORDER BY x`,
    verdicts: [...MEMORY, ...TIME],
  },
  { name: 'a huge width', code: "SELECT printf('%2000000000d', 1)", verdicts: MEMORY },
  {
    name: 'a huge concatenation',
    code: `SELECT group_concat(x) FROM (${ENDLESS} SELECT printf('%1000000d', i) AS x FROM n)`,
    verdicts: [...MEMORY, ...TIME],
  },
  {
    name: 'an endless LIKE',
    code: `SELECT ${"('" + 'a'.repeat(20_000) + "' LIKE '" + '%a'.repeat(9000) + "b')"} FROM numbers`,
    verdicts: [...TIME, ...ERROR, ...WRONG],
  },
  {
    name: 'a trigger that triggers itself',
    code: 'PRAGMA recursive_triggers = ON; CREATE TRIGGER t AFTER INSERT ON numbers BEGIN INSERT INTO numbers VALUES (new.n + 1); END; INSERT INTO numbers VALUES (9)',
    verdicts: [...ERROR, ...TIME],
  },
  {
    name: 'a temporary trigger',
    code: 'CREATE TEMP TRIGGER t AFTER INSERT ON main.numbers BEGIN DELETE FROM numbers; END; INSERT INTO numbers VALUES (9); SELECT * FROM numbers',
    verdicts: WRONG,
  },
  {
    name: 'deep JSON',
    code: `SELECT json('${'['.repeat(20_000)}${']'.repeat(20_000)}')`,
    verdicts: [...ERROR, ...WRONG],
  },
  {
    name: 'JSON that multiplies',
    code: `SELECT count(*) FROM ${Array.from({ length: 9 }, (_, n) => `json_each('[${'1,'.repeat(99)}1]') j${n}`).join(', ')}`,
    verdicts: TIME,
  },
];

export const postgresCases: HostileCase[] = [
  ...inBoth,
  { name: 'pg_sleep', code: 'SELECT pg_sleep(3600)', verdicts: TIME },
  { name: 'an endless DO block', code: 'DO $$ BEGIN LOOP NULL; END LOOP; END $$', verdicts: TIME },
  {
    name: 'an endless loop that catches everything',
    code: 'DO $$ BEGIN LOOP BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'endless recursion of a function',
    code: 'CREATE FUNCTION r(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN r(n + 1); END $$; SELECT r(1)',
    verdicts: [...ERROR, ...MEMORY],
  },
  {
    name: 'endless recursion in SQL',
    code: "CREATE FUNCTION r(n int) RETURNS int LANGUAGE sql AS 'SELECT n'; CREATE OR REPLACE FUNCTION r(n int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT r(n + 1)'; SELECT r(1)",
    verdicts: ANY_LIMIT,
  },
  {
    name: 'statement_timeout raised',
    code: 'SET statement_timeout = 1; SET statement_timeout = 0; SELECT pg_sleep(3600)',
    verdicts: TIME,
  },
  {
    name: 'timers left behind',
    code: "SET statement_timeout = '1s'; SET lock_timeout = '1s'; SET idle_session_timeout = '1s'; SELECT 1",
    verdicts: WRONG,
  },
  { name: 'COPY to a file', code: "COPY numbers TO '/tmp/learnify-copied'", verdicts: DENIED },
  {
    name: 'COPY from a file',
    code: "CREATE TABLE t (x text); COPY t FROM '/etc/passwd'; SELECT x FROM t",
    verdicts: DENIED,
  },
  { name: 'COPY to a program', code: "COPY numbers TO PROGRAM 'id'", verdicts: DENIED },
  { name: 'COPY from a program', code: "CREATE TABLE t (x text); COPY t FROM PROGRAM 'id'", verdicts: DENIED },
  { name: 'COPY from nowhere', code: 'COPY numbers FROM STDIN; SELECT 1', verdicts: ERROR },
  {
    name: 'COPY to the answer',
    code: `COPY (SELECT '${'x'.repeat(100)}' FROM generate_series(1, 100000)) TO STDOUT; SELECT 1`,
    verdicts: [...WRONG, ...OUTPUT],
  },
  { name: 'pg_read_file', code: "SELECT pg_read_file('/etc/passwd')", verdicts: DENIED },
  { name: 'pg_ls_dir', code: "SELECT pg_ls_dir('/')", verdicts: DENIED },
  { name: 'lo_import', code: "SELECT lo_import('/etc/passwd')", verdicts: DENIED },
  { name: 'lo_export', code: "SELECT lo_export(lo_from_bytea(0, 'x'), '/tmp/learnify-exported')", verdicts: DENIED },
  { name: 'CREATE EXTENSION', code: 'CREATE EXTENSION dblink', verdicts: NOTHING_GAINED },
  { name: 'dblink', code: "SELECT * FROM dblink('host=127.0.0.1', 'SELECT 1') AS t (a int)", verdicts: ERROR },
  { name: 'a foreign server', code: 'CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw', verdicts: NOTHING_GAINED },
  { name: 'a subscription', code: "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p", verdicts: DENIED },
  { name: 'a library', code: "LOAD '/tmp/x.so'", verdicts: DENIED },
  { name: 'a function in C', code: "CREATE FUNCTION f() RETURNS int LANGUAGE c AS '/tmp/x.so', 'f'", verdicts: DENIED },
  { name: 'an encoding that needs a library', code: "SELECT convert_to('x', 'LATIN2')", verdicts: NOTHING_GAINED },
  { name: 'ALTER SYSTEM', code: "ALTER SYSTEM SET work_mem = '1GB'", verdicts: DENIED },
  { name: 'limits raised', code: 'SET temp_file_limit = -1', verdicts: DENIED },
  {
    name: 'RESET SESSION AUTHORIZATION',
    code: "RESET SESSION AUTHORIZATION; SELECT pg_read_file('/etc/passwd')",
    verdicts: DENIED,
  },
  { name: 'SET SESSION AUTHORIZATION', code: 'SET SESSION AUTHORIZATION postgres', verdicts: DENIED },
  { name: 'SET ROLE', code: 'SET ROLE postgres', verdicts: DENIED },
  {
    name: 'a setting that is a role',
    code: "SELECT set_config('session_authorization', 'postgres', false); SELECT set_config('role', 'postgres', false)",
    verdicts: DENIED,
  },
  { name: 'a superuser of its own', code: 'CREATE ROLE mighty SUPERUSER', verdicts: DENIED },
  { name: 'roles that read files', code: 'GRANT pg_read_server_files TO learner', verdicts: DENIED },
  { name: 'passwords', code: 'SELECT rolname, rolpassword FROM pg_authid', verdicts: DENIED },
  { name: 'a change of the catalog', code: "UPDATE pg_class SET relname = 'gone'", verdicts: DENIED },
  {
    name: 'looking for secrets in the catalog',
    code: `SELECT query FROM pg_stat_activity UNION ALL SELECT setting FROM pg_settings UNION ALL SELECT prosrc FROM pg_proc WHERE prosrc LIKE '%${SECRET.slice(0, 6)}%'`,
    verdicts: WRONG,
  },
  { name: 'kill the server', code: 'SELECT pg_terminate_backend(pg_backend_pid())', verdicts: NOTHING_GAINED },
  {
    name: 'a flood of notices',
    code: "DO $$ BEGIN LOOP RAISE NOTICE '%', repeat('x', 1000); END LOOP; END $$",
    verdicts: OUTPUT,
  },
  { name: 'one huge notice', code: "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 10000000); END $$", verdicts: ANY_LIMIT },
  {
    name: 'one huge error',
    code: "DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 10000000); END $$",
    verdicts: ANY_LIMIT,
  },
  { name: 'a huge text', code: "SELECT length(repeat('x', 1000000000))", verdicts: MEMORY },
  { name: 'a huge answer', code: "SELECT repeat('x', 5000000)", verdicts: OUTPUT },
  {
    name: 'a huge array',
    code: 'SELECT array_agg(i) FROM generate_series(1, 100000000) i',
    verdicts: [...MEMORY, ...TIME],
  },
  { name: 'a huge series', code: 'SELECT count(*) FROM generate_series(1, 100000000000)', verdicts: TIME },
  {
    name: 'a sort that spills',
    code: "SELECT count(*) FROM (SELECT repeat('x', 1000) || i AS x FROM generate_series(1, 1000000) i ORDER BY 1) t",
    verdicts: [...MEMORY, ...TIME],
  },
  {
    name: 'work_mem raised',
    code: "SET work_mem = '2000MB'; SELECT count(DISTINCT repeat('x', 1000) || i) FROM generate_series(1, 10000000) i",
    verdicts: [...MEMORY, ...TIME],
  },
  {
    name: 'a full disk',
    code: 'CREATE TABLE big AS SELECT repeat(md5(i::text), 200) AS t FROM generate_series(1, 1000000) i',
    verdicts: [...MEMORY, ...TIME],
  },
  {
    name: 'large objects without end',
    code: "SELECT count(lo_from_bytea(0, convert_to(repeat(md5(i::text), 10000), 'UTF8'))) FROM generate_series(1, 1000000) i",
    verdicts: [...MEMORY, ...TIME],
  },
  {
    name: 'a regular expression that explodes',
    code: "SELECT repeat('a', 5000) ~ '^(a?){500}(a*)*(a|aa)+$\\1b'",
    verdicts: [...TIME, ...ERROR, ...WRONG, ...MEMORY, ...COMPILE],
  },
  {
    name: 'a regular expression with back references',
    code: "SELECT repeat('ab', 3000) ~ '^(.*)(.*)(.*)(.*)\\1\\2\\3\\4c$'",
    verdicts: [...TIME, ...WRONG],
  },
  {
    name: 'a bomb of JSON',
    code: `SELECT '${'['.repeat(30_000)}${']'.repeat(30_000)}'::json`,
    verdicts: [...ERROR, ...WRONG, ...MEMORY],
  },
  {
    name: 'JSON that is just too deep',
    code: `SELECT repeat('[', 2000)::text || repeat(']', 2000), (repeat('[', 2000) || repeat(']', 2000))::json`,
    verdicts: [...WRONG, ...ERROR],
  },
  {
    name: 'JSON that is much too deep, in steps',
    code: `SELECT jsonb_build_array(x) FROM (SELECT (repeat('[', 4500) || repeat(']', 4500))::jsonb AS x) t`,
    verdicts: [...WRONG, ...ERROR],
  },
  { name: 'a huge number', code: 'SELECT 9::numeric ^ 100000', verdicts: [...WRONG, ...TIME, ...ERROR] },
  { name: 'a huge factorial', code: 'SELECT factorial(100000)', verdicts: ANY_LIMIT },
  {
    name: 'locks without end',
    code: 'SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 10000000) i',
    verdicts: ANY_LIMIT,
  },
  {
    name: 'tables without end',
    code: "DO $$ BEGIN FOR i IN 1..1000000 LOOP EXECUTE format('CREATE TABLE t%s (x int)', i); END LOOP; END $$",
    verdicts: ANY_LIMIT,
  },
  {
    name: 'a rule that triggers itself',
    code: 'CREATE RULE r AS ON INSERT TO numbers DO ALSO INSERT INTO numbers VALUES (new.n + 1); INSERT INTO numbers VALUES (9)',
    verdicts: ERROR,
  },
  { name: 'the schema dropped', code: 'COMMIT; DROP SCHEMA public CASCADE; SELECT 1', verdicts: [...WRONG, ...ERROR] },
  {
    name: 'operators replaced',
    code: "CREATE SCHEMA s; CREATE FUNCTION s.mul(int, int) RETURNS int LANGUAGE sql AS 'SELECT 0'; CREATE OPERATOR s.* (LEFTARG = int, RIGHTARG = int, FUNCTION = s.mul); SET search_path = s, pg_catalog, public; SELECT n * n FROM numbers",
    verdicts: WRONG,
  },
];
