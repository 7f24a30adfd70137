-- Up Migration
ALTER TABLE users
  ADD COLUMN email_verified_at timestamptz,
  ADD COLUMN password_changed_at timestamptz NOT NULL DEFAULT now(),
  -- An account under erasure: nobody can use it any more, a job removes what belongs to it.
  ADD COLUMN erasing_since timestamptz;
CREATE INDEX users_erasing_since ON users (erasing_since) WHERE erasing_since IS NOT NULL;

ALTER TABLE sessions
  -- When its user last proved who they are, by password and, where they have one, by second factor.
  ADD COLUMN authenticated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN second_factor boolean NOT NULL DEFAULT false;

-- The next refresh token, sealed with a key that only whoever presents this one has: an answer that got lost can be given again.
ALTER TABLE session_tokens ADD COLUMN successor_sealed bytea;

-- Access tokens that are not to be taken although they have not expired. Every api process keeps the recent rows in memory.
CREATE TABLE revocations (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Of one session, or of all tokens that a user got before this moment. No foreign keys: a row outlives what it is about.
  session_id uuid,
  user_id uuid,
  -- `ended`: log in again; `stale`: refresh, the roles have changed.
  kind text NOT NULL CHECK (kind IN ('ended', 'stale')),
  revoked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT revocations_one_subject CHECK (num_nonnulls(session_id, user_id) = 1)
);
CREATE INDEX revocations_revoked_at ON revocations (revoked_at);

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
  scope text NOT NULL CHECK (scope IN ('account', 'device', 'network', 'second_factor')),
  failures int NOT NULL,
  last_failure_at timestamptz NOT NULL,
  blocked_until timestamptz NOT NULL
);
CREATE INDEX login_guards_last_failure_at ON login_guards (last_failure_at);

-- A login whose password was right and whose second factor is still to come.
CREATE TABLE mfa_challenges (
  token_hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
CREATE INDEX mfa_challenges_user_id ON mfa_challenges (user_id);
CREATE INDEX mfa_challenges_expires_at ON mfa_challenges (expires_at);

-- Down Migration
DROP TABLE mfa_challenges, login_guards, known_devices, mails, account_requests, revocations;
ALTER TABLE session_tokens DROP COLUMN successor_sealed;
ALTER TABLE sessions DROP COLUMN second_factor, DROP COLUMN authenticated_at;
ALTER TABLE users DROP COLUMN erasing_since, DROP COLUMN password_changed_at, DROP COLUMN email_verified_at;
