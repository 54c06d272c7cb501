-- SMS: the outbox, written in the transaction of the money it tells of, and delivery reports.

CREATE TABLE texts (
    id bigint PRIMARY KEY,
    msisdn text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'queued',
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,   -- when a worker may next try; also the lease while one tries
    gateway text,
    gateway_id text,
    failure text,
    queued_at timestamptz NOT NULL,
    submitted_at timestamptz,
    reported_at timestamptz,
    CONSTRAINT texts_state_is_known CHECK (
        state IN ('queued', 'submitted', 'sent', 'delivered', 'failed'))
);
CREATE INDEX texts_due ON texts (next_at) WHERE state = 'queued';
CREATE UNIQUE INDEX texts_gateway_id ON texts (gateway, gateway_id) WHERE gateway_id IS NOT NULL;
CREATE INDEX texts_inbox ON texts (msisdn, id);

CREATE TABLE text_reports (         -- reports that came before our own record of the submission
    gateway text NOT NULL,
    gateway_id text NOT NULL,
    state text NOT NULL,
    failure text,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, gateway_id, state)
);
