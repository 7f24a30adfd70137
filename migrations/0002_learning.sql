-- Up Migration
CREATE TABLE courses (
  id uuid PRIMARY KEY,
  slug text,
  kind text NOT NULL CHECK (kind IN ('generated', 'authored')),
  -- The author of an authored course; the learner for whom a generated course was made.
  owner_id uuid REFERENCES users ON DELETE SET NULL,
  title text NOT NULL,
  description text NOT NULL,
  meta_category text NOT NULL CHECK (meta_category IN ('Digital', 'Economic', 'Aesthetic', 'Biological', 'Cognitive')),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
  -- Whether a module opens only after the one before it is completed.
  sequential boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT courses_slug_unique UNIQUE (slug)
);
CREATE INDEX courses_catalog ON courses (id) WHERE status = 'active' AND kind = 'authored';
CREATE INDEX courses_owner_id ON courses (owner_id, id);

CREATE TABLE modules (
  id uuid PRIMARY KEY,
  course_id uuid NOT NULL REFERENCES courses ON DELETE CASCADE,
  number int NOT NULL CHECK (number BETWEEN 1 AND 100),
  kind text NOT NULL CHECK (kind IN ('atom', 'standard', 'workflow', 'decision_tree', 'archetype', 'flow_state', 'capstone', 'custom')),
  title text NOT NULL,
  description text NOT NULL,
  CONSTRAINT modules_course_number_unique UNIQUE (course_id, number)
);

CREATE TABLE exercises (
  id uuid PRIMARY KEY,
  module_id uuid NOT NULL REFERENCES modules ON DELETE CASCADE,
  slug text NOT NULL,
  position int NOT NULL,
  -- The newest verified version; learners see and are graded against it. NULL until one is verified.
  current_version_id uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT exercises_module_slug_unique UNIQUE (module_id, slug),
  CONSTRAINT exercises_module_position_unique UNIQUE (module_id, position) DEFERRABLE INITIALLY DEFERRED
);

-- An exercise's content never changes in place: a submission remembers the version it was graded against.
CREATE TABLE exercise_versions (
  id uuid PRIMARY KEY,
  exercise_id uuid NOT NULL REFERENCES exercises ON DELETE CASCADE,
  version int NOT NULL,
  -- Of the definition, for lists: reading it out of the json again and again is dear.
  title text NOT NULL,
  language text NOT NULL,
  difficulty text NOT NULL,
  points int NOT NULL,
  -- json, not jsonb: the order of keys that an author wrote is kept, and matters to code that walks over them.
  definition json NOT NULL,
  verification text NOT NULL DEFAULT 'pending' CHECK (verification IN ('pending', 'verified', 'rejected')),
  verification_report json,
  created_at timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT exercise_versions_number_unique UNIQUE (exercise_id, version)
);
ALTER TABLE exercises ADD CONSTRAINT exercises_current_version_fk FOREIGN KEY (current_version_id) REFERENCES exercise_versions;

CREATE TABLE enrollments (
  learner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  course_id uuid NOT NULL REFERENCES courses ON DELETE CASCADE,
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (learner_id, course_id)
);
CREATE INDEX enrollments_course_id ON enrollments (course_id);

-- Ids are UUIDv7, so a range of ids is a range of time: a month's rows are one partition with (id) alone as primary key.
CREATE TABLE submissions (
  id uuid PRIMARY KEY,
  learner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  exercise_id uuid NOT NULL REFERENCES exercises ON DELETE CASCADE,
  exercise_version_id uuid NOT NULL REFERENCES exercise_versions ON DELETE CASCADE,
  attempt int NOT NULL,
  code text NOT NULL,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'cancelled', 'superseded', 'failed')),
  verdict text,
  score int CHECK (score BETWEEN 0 AND 100),
  fault text CHECK (fault IN ('learner', 'author', 'platform')),
  counts_as_attempt boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  CONSTRAINT submissions_verdict_when_completed CHECK ((status = 'completed') = (verdict IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX submissions_learner_exercise ON submissions (learner_id, exercise_id, id);
CREATE INDEX submissions_in_flight ON submissions (learner_id) WHERE status IN ('queued', 'running');
CREATE INDEX submissions_exercise_id ON submissions (exercise_id, id);

-- One row for each time something is graded: a submission (again for a regrade), or an exercise version under verification.
CREATE TABLE grading_runs (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('submission', 'verification')),
  submission_id uuid REFERENCES submissions ON DELETE CASCADE,
  exercise_version_id uuid NOT NULL REFERENCES exercise_versions ON DELETE CASCADE,
  run_number int NOT NULL DEFAULT 1,
  status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'completed', 'cancelled', 'failed')),
  -- BullMQ priority: 0 first; larger numbers wait behind smaller ones.
  priority int NOT NULL DEFAULT 0,
  -- The fence: set by the worker that claims the run; every later write must carry it.
  attempt_token uuid,
  -- Claims that never came back: their worker died. Counts towards quarantine.
  crashes int NOT NULL DEFAULT 0,
  -- Which enqueueing of this run is the live one; part of the job id, since BullMQ ignores a job id that it still remembers.
  dispatch int NOT NULL DEFAULT 1,
  result json,
  failure text,
  created_at timestamptz NOT NULL DEFAULT now(),
  dispatched_at timestamptz NOT NULL DEFAULT now(),
  started_at timestamptz,
  completed_at timestamptz,
  CONSTRAINT grading_runs_subject CHECK ((kind = 'submission') = (submission_id IS NOT NULL))
) PARTITION BY RANGE (id);
CREATE INDEX grading_runs_submission_id ON grading_runs (submission_id, run_number);
CREATE INDEX grading_runs_version_id ON grading_runs (exercise_version_id);
CREATE INDEX grading_runs_unfinished ON grading_runs (id) WHERE status IN ('queued', 'running');

-- The smallest UUIDv7 of a moment: its 48 bits of milliseconds, then zeros.
CREATE FUNCTION uuidv7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT rpad(lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;

-- Makes the partitions of the month of `start` and of the `months` after it that do not exist yet; returns how many it made.
CREATE FUNCTION ensure_month_partitions(parent text, start timestamptz, months int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  first_of_month timestamptz;
  child text;
  made int := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('ensure_month_partitions'), hashtext(parent));
  FOR i IN 0..months LOOP
    first_of_month := (date_trunc('month', start AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
    child := parent || to_char(first_of_month AT TIME ZONE 'UTC', '_YYYY_MM');
    IF to_regclass(child) IS NULL THEN
      BEGIN
        EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)', child, parent, uuidv7_floor(first_of_month),
          uuidv7_floor(((first_of_month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'));
        made := made + 1;
      EXCEPTION WHEN check_violation THEN
        -- Rows of that month are in the default partition already, and stay there.
        RAISE WARNING 'partition % was not made: the default partition has rows of its month', child;
      END;
    END IF;
  END LOOP;
  RETURN made;
END $$;

-- The default partitions lose nothing should the monthly ones ever be missing (a clock far off, maintenance down for months).
CREATE TABLE submissions_default PARTITION OF submissions DEFAULT;
CREATE TABLE grading_runs_default PARTITION OF grading_runs DEFAULT;
SELECT ensure_month_partitions('submissions', now(), 2), ensure_month_partitions('grading_runs', now(), 2);

-- Progress is derived from here and from nowhere else.
CREATE TABLE solved_exercises (
  learner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  exercise_id uuid NOT NULL REFERENCES exercises ON DELETE CASCADE,
  submission_id uuid NOT NULL,
  points int NOT NULL,
  solved_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (learner_id, exercise_id)
);

CREATE TABLE hints_used (
  learner_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
  exercise_id uuid NOT NULL REFERENCES exercises ON DELETE CASCADE,
  hint_number int NOT NULL,
  used_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (learner_id, exercise_id, hint_number)
);

CREATE TABLE reviews (
  id uuid PRIMARY KEY,
  submission_id uuid NOT NULL REFERENCES submissions ON DELETE CASCADE,
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'running', 'completed', 'failed')),
  source text CHECK (source IN ('llm', 'cache', 'static')),
  degraded_reason text,
  content_hash bytea,
  body jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  CONSTRAINT reviews_submission_unique UNIQUE (submission_id)
);

-- Down Migration
DROP TABLE reviews, hints_used, solved_exercises, grading_runs, submissions;
DROP FUNCTION ensure_month_partitions, uuidv7_floor;
DROP TABLE enrollments;
ALTER TABLE exercises DROP CONSTRAINT exercises_current_version_fk;
DROP TABLE exercise_versions, exercises, modules, courses;
