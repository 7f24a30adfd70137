-- Up Migration
-- `status` is how far a review is for its learner; `work` is what the platform does about it. A completed review that is being made anew
-- stays completed, and readable, meanwhile.
ALTER TABLE reviews
  -- Of its submission, for counting and for statistics. No foreign keys: a review goes with its submission.
  ADD COLUMN learner_id uuid,
  ADD COLUMN exercise_id uuid,
  ADD COLUMN work text NOT NULL DEFAULT 'queued' CHECK (work IN ('queued', 'running', 'idle')),
  -- Why it is being made, or was made last.
  ADD COLUMN reason text NOT NULL DEFAULT 'graded' CHECK (reason IN ('graded', 'requested', 'regraded', 'upgrade')),
  -- BullMQ priority: 0 first; larger numbers wait behind smaller ones.
  ADD COLUMN priority int NOT NULL DEFAULT 0,
  -- The fence, the crashes and the dispatch are as with grading runs.
  ADD COLUMN attempt_token uuid,
  ADD COLUMN crashes int NOT NULL DEFAULT 0,
  ADD COLUMN dispatch int NOT NULL DEFAULT 1,
  ADD COLUMN dispatched_at timestamptz NOT NULL DEFAULT now(),
  -- From here on its deadline runs: it was asked for, or asked for again.
  ADD COLUMN asked_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN started_at timestamptz,
  -- The verdict that the body speaks of.
  ADD COLUMN verdict text,
  ADD COLUMN provider text,
  ADD COLUMN model text,
  ADD COLUMN prompt_version text,
  -- Of everything that was asked for this review, in vain too.
  ADD COLUMN input_tokens int NOT NULL DEFAULT 0,
  ADD COLUMN output_tokens int NOT NULL DEFAULT 0,
  ADD COLUMN cost_micros bigint NOT NULL DEFAULT 0,
  ADD COLUMN failure text,
  -- When a static review that could have been more may be tried again; NULL for all others.
  ADD COLUMN upgrade_after timestamptz;
UPDATE reviews r SET learner_id = s.learner_id, exercise_id = s.exercise_id,
  work = CASE WHEN r.status IN ('pending', 'running') THEN 'queued' ELSE 'idle' END
FROM submissions s WHERE s.id = r.submission_id;
ALTER TABLE reviews ALTER COLUMN learner_id SET NOT NULL, ALTER COLUMN exercise_id SET NOT NULL;
CREATE INDEX reviews_unfinished ON reviews (id) WHERE work IN ('queued', 'running');
CREATE INDEX reviews_unfinished_of_learner ON reviews (learner_id) WHERE work IN ('queued', 'running');
CREATE INDEX reviews_exercise_id ON reviews (exercise_id);
CREATE INDEX reviews_upgrade_after ON reviews (upgrade_after) WHERE upgrade_after IS NOT NULL;

-- What a language model said about a piece of code, for whoever hands in the same. A row without a body is a claim: one review asks, the
-- others wait for it.
CREATE TABLE review_cache (
  content_hash bytea PRIMARY KEY,
  holder_review_id uuid,
  claimed_until timestamptz,
  body jsonb,
  provider text,
  model text,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT review_cache_claimed_or_filled CHECK ((body IS NULL) = (holder_review_id IS NOT NULL))
);
CREATE INDEX review_cache_last_used_at ON review_cache (last_used_at);

CREATE TABLE review_feedback (
  review_id uuid PRIMARY KEY REFERENCES reviews ON DELETE CASCADE,
  helpful boolean NOT NULL,
  comment text,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Instructors' own judgements. Nothing here changes a review; the newest one is shown beside it, the older ones are its history.
CREATE TABLE review_overrides (
  id uuid PRIMARY KEY,
  review_id uuid NOT NULL REFERENCES reviews ON DELETE CASCADE,
  -- No cascade: the judgement stays when its author's account is gone.
  author_id uuid REFERENCES users ON DELETE SET NULL,
  scores jsonb,
  comment text NOT NULL,
  -- What the review said in that moment; it may be made anew later.
  reviewed_source text NOT NULL,
  reviewed_scores jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX review_overrides_review_id ON review_overrides (review_id, id);
CREATE INDEX review_overrides_author_id ON review_overrides (author_id);

-- Down Migration
DROP TABLE review_overrides, review_feedback, review_cache;
DROP INDEX reviews_upgrade_after, reviews_exercise_id, reviews_unfinished_of_learner, reviews_unfinished;
ALTER TABLE reviews
  DROP COLUMN upgrade_after, DROP COLUMN failure, DROP COLUMN cost_micros, DROP COLUMN output_tokens, DROP COLUMN input_tokens,
  DROP COLUMN prompt_version, DROP COLUMN model, DROP COLUMN provider, DROP COLUMN verdict, DROP COLUMN started_at, DROP COLUMN asked_at,
  DROP COLUMN dispatched_at, DROP COLUMN dispatch, DROP COLUMN crashes, DROP COLUMN attempt_token, DROP COLUMN priority, DROP COLUMN reason,
  DROP COLUMN work, DROP COLUMN exercise_id, DROP COLUMN learner_id;
