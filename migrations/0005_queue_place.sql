-- Up Migration
-- The order in which waiting runs are served, and what was finished lately: a learner who asks why nothing happens gets an answer from
-- two short range scans, however long the queue is.
CREATE INDEX grading_runs_queued ON grading_runs (priority, id) WHERE status = 'queued';
CREATE INDEX grading_runs_completed_at ON grading_runs (completed_at) WHERE completed_at IS NOT NULL;

-- Down Migration
DROP INDEX grading_runs_queued, grading_runs_completed_at;
