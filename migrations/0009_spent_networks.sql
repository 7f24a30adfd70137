-- Up Migration

-- Networks that have used up their own share of guesses at an account are slowed down together.
ALTER TABLE login_guards
  DROP CONSTRAINT login_guards_scope_check,
  ADD CONSTRAINT login_guards_scope_check
    CHECK (scope IN ('account', 'account_network', 'account_spent', 'device', 'network', 'second_factor'));

-- Down Migration
DELETE FROM login_guards WHERE scope = 'account_spent';
ALTER TABLE login_guards
  DROP CONSTRAINT login_guards_scope_check,
  ADD CONSTRAINT login_guards_scope_check
    CHECK (scope IN ('account', 'account_network', 'device', 'network', 'second_factor'));
