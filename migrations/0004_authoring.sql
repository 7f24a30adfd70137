-- Up Migration
-- Submissions of an exercise to be graded again, against one version of it. A dry run makes the row as `proposed`; confirming it starts it.
CREATE TABLE regrades (
  id uuid PRIMARY KEY,
  exercise_id uuid NOT NULL REFERENCES exercises ON DELETE CASCADE,
  -- Set when it is about one submission only.
  submission_id uuid,
  -- What is graded against: the version that was current at the dry run.
  exercise_version_id uuid NOT NULL REFERENCES exercise_versions ON DELETE CASCADE,
  -- No cascade: what was regraded stays known when its operator's account is gone.
  requested_by uuid REFERENCES users ON DELETE SET NULL,
  status text NOT NULL DEFAULT 'proposed' CHECK (status IN ('proposed', 'running', 'completed', 'superseded')),
  selection jsonb NOT NULL,
  report jsonb NOT NULL,
  confirm_hash bytea NOT NULL,
  confirm_before timestamptz NOT NULL,
  -- Submissions up to this one were looked at; those after `last_submission_id` came after the dry run and do not belong to it.
  cursor_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  last_submission_id uuid NOT NULL,
  looked_at int NOT NULL DEFAULT 0,
  skipped int NOT NULL DEFAULT 0,
  -- Whether every submission was looked at; completed once the runs have ended too.
  exhausted boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  CONSTRAINT regrades_confirm_hash_unique UNIQUE (confirm_hash)
);
CREATE INDEX regrades_running ON regrades (id) WHERE status = 'running';
CREATE INDEX regrades_exercise_id ON regrades (exercise_id);
CREATE INDEX regrades_proposed ON regrades (confirm_before) WHERE status = 'proposed';

ALTER TABLE grading_runs
  ADD COLUMN reason text NOT NULL DEFAULT 'submitted' CHECK (reason IN ('submitted', 'verification', 'regrade')),
  -- No foreign key: the runs are a submission's history, whatever becomes of the regrade that asked for them.
  ADD COLUMN regrade_id uuid,
  -- What the submission's verdict was when a regrade asked for this run.
  ADD COLUMN replaced_verdict text,
  -- Of the result, so that lists and counts need not read it.
  ADD COLUMN verdict text,
  ADD COLUMN score int;
UPDATE grading_runs SET reason = 'verification' WHERE kind = 'verification';
UPDATE grading_runs SET verdict = result->>'verdict', score = (result->>'score')::int
WHERE kind = 'submission' AND status = 'completed';
CREATE INDEX grading_runs_regrade ON grading_runs (regrade_id, status, replaced_verdict, verdict) WHERE regrade_id IS NOT NULL;

-- Down Migration
DROP INDEX grading_runs_regrade;
ALTER TABLE grading_runs DROP COLUMN score, DROP COLUMN verdict, DROP COLUMN replaced_verdict, DROP COLUMN regrade_id, DROP COLUMN reason;
DROP TABLE regrades;
