-- Payouts: where a merchant's money may go, when, and what is handed to a rail.

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
-- The default.
ALTER TABLE merchants ADD COLUMN destination_id bigint REFERENCES destinations (id);

CREATE TRIGGER destinations_are_fixed
    BEFORE UPDATE OF id, merchant_id, kind, bank_code, account, account_name ON destinations
    FOR EACH ROW
    EXECUTE FUNCTION refuse_change(
        'a destination keeps its account: another is another destination');

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

CREATE TABLE payouts (
    id bigint PRIMARY KEY,          -- its reference on the rail, and its posting
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL,   -- what arrives
    fee_minor bigint NOT NULL,      -- in transit with it; taken once paid, given back if it fails
    destination_id bigint NOT NULL,           -- as it was when the payout was asked for:
    kind text NOT NULL,                       -- bank, mobile, cash or wallet
    bank_code text NOT NULL DEFAULT '',       -- of a bank only
    account text NOT NULL DEFAULT '',         -- bank account, MSISDN, or the agent's number
    account_name text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'requested',
    batch_id bigint,                -- what it is handed over in; null until it is in one
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,   -- when a worker may next ask for it; also its lease
    requested_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz,
    failure text,
    code_kid text, code_mac bytea,  -- of cash: what the agent is told
    code_attempts smallint NOT NULL DEFAULT 0,
    expires_at timestamptz,         -- of cash: from then on it goes back
    collected_by bigint REFERENCES holders (id),
    CONSTRAINT payouts_destination_exists
        FOREIGN KEY (destination_id) REFERENCES destinations (id),
    CONSTRAINT payouts_batch_exists FOREIGN KEY (batch_id) REFERENCES payout_batches (id),
    CONSTRAINT payouts_amount_is_positive CHECK (amount_minor > 0 AND fee_minor >= 0),
    CONSTRAINT payouts_kind_is_known CHECK (kind IN ('bank', 'mobile', 'cash', 'wallet')),
    -- `unknown`: handed over, and no answer came; it is asked for again, never sent anew
    CONSTRAINT payouts_state_is_known CHECK (
        state IN ('requested', 'sent', 'unknown', 'collectible', 'paid', 'failed')),
    CONSTRAINT payouts_cash_has_code CHECK (
        (kind = 'cash') = (code_mac IS NOT NULL) AND (kind = 'cash') = (code_kid IS NOT NULL)
        AND (kind = 'cash') = (expires_at IS NOT NULL))
);
CREATE INDEX payouts_open ON payouts (next_at) WHERE state IN ('sent', 'unknown');   -- the worker
CREATE INDEX payouts_requested ON payouts (batch_id, id) WHERE state = 'requested';
CREATE INDEX payouts_of_batch ON payouts (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX payouts_collectible ON payouts (expires_at) WHERE state = 'collectible';
CREATE INDEX payouts_of_merchant ON payouts (merchant_id, id);

CREATE TRIGGER payouts_final_word_stands BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN (OLD.state IN ('paid', 'failed'))
    EXECUTE FUNCTION refuse_change('the first final word on a payout stands');

-- What is owed to customers comes before what goes to the merchant.
CREATE FUNCTION refuse_payout_before_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM refunds   -- index refunds_waiting
                WHERE merchant_id = NEW.merchant_id AND currency = NEW.currency
                  AND state = 'waiting') THEN
        RAISE EXCEPTION 'a refund of merchant % waits', NEW.merchant_id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'payouts_after_refunds';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payouts_after_refunds BEFORE INSERT ON payouts FOR EACH ROW
    EXECUTE FUNCTION refuse_payout_before_refund();

CREATE TABLE payout_surprises (     -- a rail that changed its mind: for an operator
    payout_id bigint NOT NULL REFERENCES payouts (id),
    said text NOT NULL,             -- paid or failed, after the other had been booked
    reason text,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (payout_id, said),
    CONSTRAINT payout_surprises_said_is_known CHECK (said IN ('paid', 'failed'))
);
CREATE INDEX payout_surprises_by_time ON payout_surprises (heard_at);
