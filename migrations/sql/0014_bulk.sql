-- Bulk payments: lists of many wallets, their rows and how far they are.

CREATE TABLE bulks (                -- a list, once it has been read and checked as a whole
    id bigint PRIMARY KEY,
    holder_id bigint NOT NULL REFERENCES holders (id),   -- who pays
    source_kind text NOT NULL,      -- from which account of theirs
    key uuid NOT NULL,              -- the upload's idempotency key
    fingerprint bytea NOT NULL,     -- of the list as it came
    title text,                     -- what the one who pays calls it: "Wages March"
    currency text,                  -- null where no row says one that we know
    state text NOT NULL,
    row_count int NOT NULL,
    amount_minor bigint NOT NULL,   -- of all rows together
    fee_minor bigint NOT NULL,      -- on top
    bad_rows int NOT NULL DEFAULT 0,
    posting_id bigint REFERENCES postings (id),   -- its confirmation
    source_account_id bigint REFERENCES accounts (id),
    account_ids bigint[],           -- by lane: what is still to be paid of it
    returned_minor bigint,          -- refused rows and their fees, at the end
    uploaded_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    done_at timestamptz,
    CONSTRAINT bulks_state_is_known CHECK (state IN ('rejected', 'checked', 'posting', 'done')),
    CONSTRAINT bulks_source_is_known CHECK (source_kind IN ('wallet', 'prefund')),
    CONSTRAINT bulks_has_rows CHECK (row_count > 0 AND amount_minor >= 0 AND fee_minor >= 0),
    CONSTRAINT bulks_bad_are_rejected CHECK ((state = 'rejected') = (bad_rows > 0)),
    CONSTRAINT bulks_confirmed_is_whole CHECK (
        (state IN ('posting', 'done')) = (confirmed_at IS NOT NULL)
        AND (confirmed_at IS NULL) = (posting_id IS NULL)
        AND (confirmed_at IS NULL) = (source_account_id IS NULL)
        AND (confirmed_at IS NULL) = (account_ids IS NULL)),
    CONSTRAINT bulks_done_is_whole CHECK (
        (state = 'done') = (done_at IS NOT NULL)
        AND (state = 'done') = (returned_minor IS NOT NULL) AND returned_minor >= 0)
);
CREATE UNIQUE INDEX bulks_key_once ON bulks (holder_id, key);
CREATE INDEX bulks_of_holder ON bulks (holder_id, id);               -- "my lists"
CREATE INDEX bulks_under_way ON bulks (id) WHERE state = 'posting';   -- the worker

CREATE TABLE bulk_rows (            -- of lists without a mistake
    bulk_id bigint NOT NULL,        -- no foreign key: it would be asked a hundred thousand times
    row_no int NOT NULL,            -- 1 is the first payment
    msisdn text NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    reference text,                 -- the payer's own
    name text,                      -- only shown
    note text,
    PRIMARY KEY (bulk_id, row_no),
    CONSTRAINT bulk_rows_amount_is_positive CHECK (amount_minor > 0 AND fee_minor >= 0)
);

CREATE TABLE bulk_errors (          -- why a list was rejected
    bulk_id bigint NOT NULL,
    error_no int NOT NULL,
    row_no int NOT NULL,
    field text NOT NULL,            -- which column
    code text NOT NULL,
    what text NOT NULL,
    PRIMARY KEY (bulk_id, error_no)
);

-- Rows that are posted together. What became of them is written with their entries, once. A row's
-- posting, and its contract, is first_id + row_no - first_row. Batches of different lanes leave
-- different accounts, so that several workers can post one list at the same time.
CREATE TABLE bulk_batches (
    bulk_id bigint NOT NULL,        -- written before its list is
    first_row int NOT NULL,
    row_count int NOT NULL,
    lane smallint NOT NULL,
    amount_minor bigint NOT NULL,
    fee_minor bigint NOT NULL,
    next_at timestamptz,            -- when a worker may post it; null before it is confirmed
    first_id bigint,
    paid_rows int NOT NULL DEFAULT 0,
    paid_minor bigint NOT NULL DEFAULT 0,
    held_rows int NOT NULL DEFAULT 0,             -- of numbers that have to register first
    held_minor bigint NOT NULL DEFAULT 0,
    refused_rows int NOT NULL DEFAULT 0,
    refused_minor bigint NOT NULL DEFAULT 0,
    fee_taken_minor bigint NOT NULL DEFAULT 0,
    posted_at timestamptz,
    PRIMARY KEY (bulk_id, first_row),
    CONSTRAINT bulk_batches_have_rows CHECK (row_count > 0),
    CONSTRAINT bulk_batches_posted_are_whole CHECK (
        (posted_at IS NULL) = (first_id IS NULL)
        AND paid_rows + held_rows + refused_rows
            = CASE WHEN posted_at IS NULL THEN 0 ELSE row_count END
        AND paid_minor + held_minor + refused_minor
            = CASE WHEN posted_at IS NULL THEN 0 ELSE amount_minor END
        AND fee_taken_minor BETWEEN 0 AND fee_minor)
);
-- The worker; also whether a list has any left.
CREATE INDEX bulk_batches_to_post ON bulk_batches (next_at, bulk_id, first_row)
    WHERE posted_at IS NULL;
CREATE INDEX bulk_batches_left ON bulk_batches (bulk_id) WHERE posted_at IS NULL;

CREATE TABLE bulk_outcomes (        -- of the rows that were not simply paid
    bulk_id bigint NOT NULL,
    row_no int NOT NULL,
    outcome text NOT NULL,
    code text,                      -- why it was refused
    PRIMARY KEY (bulk_id, row_no),
    CONSTRAINT bulk_outcomes_outcome_is_known CHECK (outcome IN ('held', 'refused')),
    CONSTRAINT bulk_outcomes_refused_say_why CHECK ((outcome = 'refused') = (code IS NOT NULL))
);

CREATE TRIGGER bulk_batches_posted_once BEFORE UPDATE ON bulk_batches
    FOR EACH ROW WHEN (OLD.posted_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a posted batch is append-only');
CREATE TRIGGER bulk_batches_never_deleted BEFORE DELETE OR TRUNCATE ON bulk_batches
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a batch is never deleted', 'bulk_batches_append_only');
CREATE TRIGGER bulk_outcomes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bulk_outcomes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('outcomes are append-only');
CREATE TRIGGER bulk_rows_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON bulk_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('rows are append-only');

-- What a list shall pay is fixed once it has been checked.
CREATE TRIGGER bulks_terms_are_fixed
    BEFORE UPDATE OF id, holder_id, source_kind, key, fingerprint, currency, row_count,
                     amount_minor, fee_minor, bad_rows, uploaded_at ON bulks
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a list keeps what it was checked as');
