-- Up Migration
ALTER TABLE users
  ADD COLUMN email_verified_at timestamptz,
  ADD COLUMN password_changed_at timestamptz NOT NULL DEFAULT now(),
  -- An account under erasure: nobody can use it any more, a job removes what belongs to it.
  ADD COLUMN erasing_since timestamptz;
CREATE INDEX users_erasing_since ON users (erasing_since) WHERE erasing_since IS NOT NULL;
-- With which parameters passwords are hashed: each set is found without reading all accounts.
CREATE INDEX users_hash_parameters ON users (split_part(password_hash, '$', 4));
CREATE INDEX users_privileged ON users (id) WHERE roles <> '{learner}';

ALTER TABLE sessions
  -- When its user last proved who they are, by password and, where they have one, by second factor.
  ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
CREATE INDEX sessions_revoked_at ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- The next refresh token, sealed with a key that only whoever presents this one has: an answer that got lost can be given again.
ALTER TABLE session_tokens ADD COLUMN successor_sealed bytea;
CREATE INDEX session_tokens_consumed_at ON session_tokens (consumed_at) WHERE consumed_at IS NOT NULL;
CREATE INDEX session_tokens_sealed ON session_tokens (session_id) WHERE successor_sealed IS NOT NULL;

-- Access tokens that are not to be taken although they have not expired. Every api process keeps the recent rows in memory.
CREATE TABLE revocations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of one session, or of all tokens that a user got before this moment. No foreign keys: a row outlives what it is about.
  session_id uuid,
  user_id uuid,
  -- `ended`: log in again; `stale`: refresh, the roles have changed.
  kind text NOT NULL CHECK (kind IN ('ended', 'stale')),
  revoked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The transaction that writes it. Whoever polls asks for those that were still open at the poll before: neither ids nor times tell them,
  -- since rows are committed in another order than they are made.
  written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CONSTRAINT revocations_one_subject CHECK (num_nonnulls(session_id, user_id) = 1)
);
CREATE INDEX revocations_revoked_at ON revocations (revoked_at);
CREATE INDEX revocations_written_by ON revocations (written_by);

-- What somebody may finish with a token that was mailed to them. The token is made when the mail is sent; only its SHA-256 is kept.
CREATE TABLE account_requests (
  id uuid PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('register', 'verify_email', 'reset_password')),
  user_id uuid REFERENCES users ON DELETE CASCADE,
  email text NOT NULL,
  -- Of a registration that waits for its address to be confirmed.
  name text,
  password_hash text,
  token_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT account_requests_token_hash_unique UNIQUE (token_hash),
  CONSTRAINT account_requests_registration CHECK ((purpose = 'register') = (name IS NOT NULL AND password_hash IS NOT NULL))
);
CREATE INDEX account_requests_user_id ON account_requests (user_id);
CREATE INDEX account_requests_expires_at ON account_requests (expires_at);
CREATE INDEX account_requests_used_at ON account_requests (used_at) WHERE used_at IS NOT NULL;

-- Mails to send and sent. Secrets are never in here: see account_requests.
CREATE TABLE mails (
  id uuid PRIMARY KEY,
  template text NOT NULL,
  recipient text NOT NULL,
  recipient_key text NOT NULL,
  user_id uuid REFERENCES users ON DELETE CASCADE,
  account_request_id uuid REFERENCES account_requests ON DELETE CASCADE,
  -- What the template tells beside: names, addresses, times.
  details jsonb NOT NULL DEFAULT '{}',
  dispatch int NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- `sent`, or why nothing was: `no_account`, `too_many`, `expired`, `failed`.
  outcome text,
  settled_at timestamptz,
  CONSTRAINT mails_settled_outcome CHECK ((settled_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX mails_unsettled ON mails (created_at) WHERE settled_at IS NULL;
CREATE INDEX mails_recipient ON mails (recipient_key, template, created_at);
CREATE INDEX mails_user_id ON mails (user_id);
CREATE INDEX mails_account_request_id ON mails (account_request_id);
CREATE INDEX mails_settled_at ON mails (settled_at);

-- Devices on which an account was logged in to before: who guesses passwords elsewhere does not slow down a login from here.
CREATE TABLE known_devices (
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX known_devices_user_id ON known_devices (user_id, last_used_at);
CREATE INDEX known_devices_last_used_at ON known_devices (last_used_at);

-- Failed proofs of identity, by what is guessed at or by who guesses. Keys are SHA-256, so that no address typed in lies about.
CREATE TABLE login_guards (
  key bytea PRIMARY KEY,
  scope text NOT NULL CHECK (scope IN ('account', 'account_network', 'device', 'network', 'second_factor')),
  -- Of the account that the failures are about, known or not: a password reset forgives them.
  account_key bytea,
  -- As of last_failure_at; they are forgiven by and by.
  failures double precision NOT NULL,
  last_failure_at timestamptz NOT NULL,
  blocked_until timestamptz NOT NULL
);
CREATE INDEX login_guards_account_key ON login_guards (account_key);
CREATE INDEX login_guards_last_failure_at ON login_guards (last_failure_at);

-- Authenticator apps that were handed their secret and have not shown a code yet; mfa_secrets holds those in use.
CREATE TABLE mfa_setups (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  secret_encrypted bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mfa_setups_created_at ON mfa_setups (created_at);

-- A login whose password was right and whose second factor is still to come.
CREATE TABLE mfa_challenges (
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX mfa_challenges_user_id ON mfa_challenges (user_id);
CREATE INDEX mfa_challenges_expires_at ON mfa_challenges (expires_at);

-- One call appends a record: the log's end is locked for one round trip and the commit, not for several.
-- `body` is what the hash covers beside the hash before it. Whoever appends writes it, as whoever verifies has to write it again.
CREATE FUNCTION audit_log_append(
  occurred_at timestamptz, action text, actor_id uuid, target text, ip inet, request_id text, details json, body bytea
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  previous bytea;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('audit_log'));
  SELECT log.hash INTO previous FROM audit_log log ORDER BY log.id DESC LIMIT 1;
  previous := coalesce(previous, decode(repeat('00', 32), 'hex'));
  INSERT INTO audit_log (occurred_at, action, actor_id, target, ip, request_id, details, previous_hash, hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, previous, sha256(previous || $8));
END $$;
-- Also where a session claims to replicate, which passes ordinary triggers by.
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only, ENABLE ALWAYS TRIGGER audit_log_no_truncate;
CREATE INDEX audit_log_action ON audit_log (action, id);
CREATE INDEX audit_log_occurred_at ON audit_log (occurred_at);
-- What was done to somebody is part of what they may export.
CREATE INDEX audit_log_target ON audit_log (target, id) WHERE target IS NOT NULL;

-- Erasing an account takes its own courses along. For each exercise in them, what refers to it is looked for here.
CREATE INDEX submissions_exercise_version_id ON submissions (exercise_version_id);
CREATE INDEX solved_exercises_exercise_id ON solved_exercises (exercise_id);
CREATE INDEX hints_used_exercise_id ON hints_used (exercise_id);
CREATE INDEX exercises_current_version_id ON exercises (current_version_id);

-- Down Migration
DROP INDEX exercises_current_version_id, hints_used_exercise_id, solved_exercises_exercise_id, submissions_exercise_version_id;
DROP INDEX audit_log_target, audit_log_occurred_at, audit_log_action;
ALTER TABLE audit_log ENABLE TRIGGER audit_log_append_only, ENABLE TRIGGER audit_log_no_truncate;
DROP FUNCTION audit_log_append;
DROP TABLE mfa_challenges, mfa_setups, login_guards, known_devices, mails, account_requests, revocations;
ALTER TABLE session_tokens DROP COLUMN successor_sealed;
DROP INDEX session_tokens_consumed_at, sessions_revoked_at, users_privileged, users_hash_parameters;
ALTER TABLE sessions DROP COLUMN second_factor, DROP COLUMN authenticated_at;
ALTER TABLE users DROP COLUMN erasing_since, DROP COLUMN password_changed_at, DROP COLUMN email_verified_at;
