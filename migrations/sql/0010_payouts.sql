-- Payout destinations, schedules and batches.

CREATE TABLE destinations (         -- where a merchant's payouts may go
    id bigint PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    kind text NOT NULL,
    bank_code text NOT NULL DEFAULT '',       -- of a bank only
    account text NOT NULL DEFAULT '',         -- bank account, MSISDN, or the agent's number
    account_name text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'unconfirmed',
    code_kid text, code_mac bytea,            -- what was texted to confirm it
    code_attempts smallint NOT NULL DEFAULT 0,
    code_expires_at timestamptz,
    added_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    usable_from timestamptz,                  -- the end of the cooling-off time
    removed_at timestamptz,
    CONSTRAINT destinations_kind_is_known CHECK (kind IN ('bank', 'mobile', 'cash', 'wallet')),
    CONSTRAINT destinations_state_is_known CHECK (state IN ('unconfirmed', 'confirmed', 'removed')),
    CONSTRAINT destinations_bank_is_whole CHECK (
        (kind = 'bank') = (bank_code <> '') AND (kind <> 'bank' OR account_name <> '')),
    CONSTRAINT destinations_account_where_needed CHECK (
        (kind NOT IN ('bank', 'mobile') OR account <> '') AND (kind <> 'wallet' OR account = '')),
    CONSTRAINT destinations_confirmed_is_whole CHECK (
        (confirmed_at IS NULL) = (usable_from IS NULL)
        AND (state <> 'confirmed' OR confirmed_at IS NOT NULL)
        AND (state = 'removed') = (removed_at IS NOT NULL))
);
CREATE INDEX destinations_of_merchant ON destinations (merchant_id, id);
CREATE INDEX destinations_lapsed ON destinations (code_expires_at) WHERE state = 'unconfirmed';
ALTER TABLE merchants ADD COLUMN destination_id bigint REFERENCES destinations (id);  -- the default
ALTER TABLE payouts ADD CONSTRAINT payouts_destination_exists
    FOREIGN KEY (destination_id) REFERENCES destinations (id);

CREATE FUNCTION refuse_other_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a destination keeps its account: another is another destination'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'destinations_are_fixed';
END $$;
CREATE TRIGGER destinations_are_fixed
    BEFORE UPDATE OF id, merchant_id, kind, bank_code, account, account_name ON destinations
    FOR EACH ROW EXECUTE FUNCTION refuse_other_place();

CREATE TABLE payout_schedules (     -- when a merchant is paid out without asking
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    currency text NOT NULL,
    every text NOT NULL,
    weekday smallint,               -- 1 is Monday
    hour smallint,                  -- of the merchant's own clock
    minimum_minor bigint NOT NULL,  -- less than that waits for the next time
    next_at timestamptz NOT NULL,   -- when it is next due, or looked at
    paused_at timestamptz,          -- a payout has failed: the merchant must see to it
    skipped_at timestamptz,         -- the last time that it was due and nothing was paid,
    skipped_why text,               -- by the code of the refusal
    set_at timestamptz NOT NULL,
    PRIMARY KEY (merchant_id, currency),
    CONSTRAINT payout_schedules_every_is_known CHECK (
        every IN ('on_demand', 'at_once', 'daily', 'weekly')),
    CONSTRAINT payout_schedules_times_fit CHECK (
        (weekday IS NOT NULL) = (every = 'weekly')
        AND (hour IS NOT NULL) = (every IN ('daily', 'weekly'))
        AND weekday BETWEEN 1 AND 7 AND hour BETWEEN 0 AND 23),
    CONSTRAINT payout_schedules_minimum_is_positive CHECK (minimum_minor > 0)
);
CREATE INDEX payout_schedules_due ON payout_schedules (next_at)   -- the worker
    WHERE every <> 'on_demand' AND paused_at IS NULL;

CREATE TABLE payout_batches (       -- what is handed to a rail in one piece
    id bigint PRIMARY KEY,          -- its reference on the rail
    kind text NOT NULL,             -- which rail: the kind of its destinations
    market text NOT NULL,
    currency text NOT NULL,
    payout_count int NOT NULL,
    total_minor bigint NOT NULL,
    state text NOT NULL,
    file text NOT NULL DEFAULT '',  -- what the rail calls what it was given
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,   -- when a worker may next act on it; also its lease
    made_at timestamptz NOT NULL,
    decided_at timestamptz,         -- released or declined by an operator
    decided_by bigint REFERENCES holders (id),
    sent_at timestamptz,
    CONSTRAINT payout_batches_kind_is_known CHECK (kind IN ('bank', 'mobile')),
    CONSTRAINT payout_batches_state_is_known CHECK (
        state IN ('waiting_approval', 'released', 'sent', 'declined')),
    CONSTRAINT payout_batches_not_empty CHECK (payout_count > 0 AND total_minor > 0)
);
CREATE INDEX payout_batches_due ON payout_batches (next_at)
    WHERE state IN ('released', 'waiting_approval', 'declined');
ALTER TABLE payouts ADD CONSTRAINT payouts_batch_exists
    FOREIGN KEY (batch_id) REFERENCES payout_batches (id);

CREATE TABLE payout_surprises (     -- a rail that changed its mind: for an operator
    payout_id bigint NOT NULL REFERENCES payouts (id),
    said text NOT NULL,             -- paid or failed, after the other had been booked
    reason text,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (payout_id, said),
    CONSTRAINT payout_surprises_said_is_known CHECK (said IN ('paid', 'failed'))
);
CREATE INDEX payout_surprises_by_time ON payout_surprises (heard_at);
