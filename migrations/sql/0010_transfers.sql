-- Transfers: e-money issued for money at the bank, and postings undone. What else moves money from
-- wallet to wallet needs no more than the ledger.

CREATE TABLE deposits (
    arrival_id bigint PRIMARY KEY,  -- of the currency and the reference: money arrives once
    id bigint NOT NULL UNIQUE REFERENCES postings (id),
    currency text NOT NULL,
    bank_reference text NOT NULL,   -- as it was typed
    asked_by bigint NOT NULL REFERENCES operators (holder_id),
    approved_by bigint NOT NULL REFERENCES operators (holder_id),
    issued_at timestamptz NOT NULL,
    CONSTRAINT deposits_four_eyes CHECK (approved_by <> asked_by)
);
CREATE TRIGGER deposits_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON deposits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('deposits are append-only');

-- Reversals: an operator's undoing of one posting, once -------------------------------------------

CREATE TABLE reversals (
    original_id bigint PRIMARY KEY REFERENCES postings (id),   -- undone once
    id bigint NOT NULL UNIQUE REFERENCES postings (id),        -- the posting that undid it
    reason text NOT NULL,
    asked_by bigint NOT NULL REFERENCES operators (holder_id),
    approved_by bigint NOT NULL REFERENCES operators (holder_id),
    reversed_at timestamptz NOT NULL,
    CONSTRAINT reversals_four_eyes CHECK (approved_by <> asked_by)
);
-- The posting itself is refused too, whoever writes it.
CREATE UNIQUE INDEX postings_reversed_once ON postings (original_id) WHERE kind = 'reverse';

CREATE TRIGGER reversals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reversals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('reversals are append-only');

CREATE FUNCTION check_reversal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(NEW.original_id);
    IF EXISTS (SELECT FROM refunds
                WHERE payment_id = NEW.original_id AND state <> 'declined') THEN
        RAISE EXCEPTION 'payment % was refunded', NEW.original_id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'reversals_not_of_refunded';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reversals_not_of_refunded AFTER INSERT ON reversals
    FOR EACH ROW EXECUTE FUNCTION check_reversal();
