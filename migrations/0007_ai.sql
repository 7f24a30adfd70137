-- Up Migration
-- One row for each request to a language model, written before it is sent: at once its reservation of money, its place in the limits on
-- requests, tokens and concurrency, and afterwards the record of what it cost. What is used up is counted from here.
CREATE TABLE ai_requests (
  id uuid PRIMARY KEY,
  provider text NOT NULL,
  model text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('review', 'curriculum')),
  -- No foreign key: what was spent stays known when the account is gone.
  learner_id uuid,
  subject_id text NOT NULL,
  -- The worst case, in tokens and in millionths of a US dollar.
  estimated_tokens bigint NOT NULL,
  reserved_micros bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Whoever has not settled it by then is dead: it takes up no concurrency and no learner's budget any more.
  expires_at timestamptz NOT NULL,
  settled_at timestamptz,
  -- `answered`, or the fault.
  outcome text,
  -- What the provider counted. Null once settled: nobody knows, since the answer got lost after the request was sent.
  input_tokens bigint,
  output_tokens bigint,
  cost_micros bigint,
  CONSTRAINT ai_requests_settled_outcome CHECK ((settled_at IS NULL) = (outcome IS NULL)),
  CONSTRAINT ai_requests_cost_when_settled CHECK (settled_at IS NOT NULL OR cost_micros IS NULL),
  CONSTRAINT ai_requests_cost_with_tokens
    CHECK ((cost_micros IS NULL) = (input_tokens IS NULL) AND (cost_micros IS NULL) = (output_tokens IS NULL))
);
CREATE INDEX ai_requests_created_at ON ai_requests (created_at);
CREATE INDEX ai_requests_learner ON ai_requests (learner_id, created_at) WHERE learner_id IS NOT NULL;
CREATE INDEX ai_requests_unsettled ON ai_requests (provider, model, expires_at) WHERE settled_at IS NULL;
CREATE INDEX ai_requests_subject ON ai_requests (subject_id);

-- The sum of each hour (of when requests were made), changed in the statements that change its requests: costs, and what is reserved
-- where no cost is known. Counting an hour's requests anew for each admission would take longer the more there are.
CREATE TABLE ai_spending (
  hour timestamptz PRIMARY KEY,
  micros bigint NOT NULL
);

-- Until when a provider wants to be left alone.
CREATE TABLE ai_pauses (
  provider text NOT NULL,
  model text NOT NULL,
  paused_until timestamptz NOT NULL,
  PRIMARY KEY (provider, model)
);

-- The kill switch: one row, read before every request.
CREATE TABLE ai_switch (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  enabled boolean NOT NULL,
  reason text NOT NULL,
  changed_by uuid REFERENCES users ON DELETE SET NULL,
  changed_at timestamptz
);
INSERT INTO ai_switch (enabled, reason) VALUES (true, '');

-- Down Migration
DROP TABLE ai_switch, ai_pauses, ai_spending, ai_requests;
