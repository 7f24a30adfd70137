-- Up Migration
-- A setup is finished where it was begun: there somebody had just proved who they are. Null only of one begun before this was noted, which
-- nobody finishes.
ALTER TABLE mfa_setups ADD COLUMN session_id uuid REFERENCES sessions ON DELETE CASCADE;
CREATE INDEX mfa_setups_session_id ON mfa_setups (session_id);

-- Down Migration
ALTER TABLE mfa_setups DROP COLUMN session_id;
