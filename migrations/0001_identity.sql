-- Up Migration
CREATE TABLE users (
  id uuid PRIMARY KEY,
  email text NOT NULL,
  -- What makes two addresses the same account: NFKC-normalised and lower-cased by the application.
  email_key text NOT NULL,
  name text NOT NULL,
  password_hash text NOT NULL,
  roles text[] NOT NULL DEFAULT '{learner}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_email_key_unique UNIQUE (email_key),
  CONSTRAINT users_roles_known CHECK (roles <@ ARRAY['learner', 'instructor', 'operator', 'admin'] AND cardinality(roles) > 0)
);

CREATE TABLE archetypes (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  meta_category text NOT NULL CHECK (meta_category IN ('Digital', 'Economic', 'Aesthetic', 'Biological', 'Cognitive')),
  domain text NOT NULL,
  skill_level text NOT NULL CHECK (skill_level IN ('novice', 'analyst', 'quant')),
  variables jsonb NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- A session is a refresh-token family (kind api) or a browser login to the operators' pages (kind ops).
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('api', 'ops')),
  ip inet,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  revoked_reason text
);
CREATE INDEX sessions_user_id ON sessions (user_id, id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- The opaque tokens of a session, as SHA-256. A refresh token is consumed by use; presenting a consumed one revokes the session.
CREATE TABLE session_tokens (
  token_hash bytea PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  created_at timestamptz NOT NULL DEFAULT now(),
  consumed_at timestamptz
);
CREATE INDEX session_tokens_session_id ON session_tokens (session_id);

CREATE TABLE mfa_secrets (
  user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  secret_encrypted bytea NOT NULL,
  activated_at timestamptz,
  last_used_step bigint,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE mfa_recovery_codes (
  user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  code_hash bytea NOT NULL,
  used_at timestamptz,
  PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE audit_log (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  occurred_at timestamptz NOT NULL,
  action text NOT NULL,
  -- No foreign key: the record outlives the account it is about.
  actor_id uuid,
  target text,
  ip inet,
  request_id text,
  -- json, not jsonb: the hash covers the keys in the order in which they were written.
  details json NOT NULL DEFAULT '{}',
  previous_hash bytea NOT NULL,
  hash bytea NOT NULL,
  CONSTRAINT audit_log_previous_hash_unique UNIQUE (previous_hash)
);
CREATE INDEX audit_log_actor_id ON audit_log (actor_id, id);

CREATE FUNCTION audit_log_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_log_refuse_change();
CREATE TRIGGER audit_log_no_truncate BEFORE TRUNCATE ON audit_log FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse_change();

-- Down Migration
DROP TABLE audit_log;
DROP FUNCTION audit_log_refuse_change;
DROP TABLE mfa_recovery_codes, mfa_secrets, session_tokens, sessions, archetypes, users;
