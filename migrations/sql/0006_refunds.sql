-- Refunds: a merchant gives back what was released to them, or paid at once.

CREATE TABLE refunds (
    id bigint PRIMARY KEY,          -- the posting that asked for it, which moved the money if it could
    payment_id bigint NOT NULL REFERENCES postings (id),
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    payer_id bigint NOT NULL REFERENCES holders (id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    state text NOT NULL,
    asked_at timestamptz NOT NULL,
    ended_at timestamptz,           -- paid, or declined by an operator
    posting_id bigint REFERENCES postings (id),   -- what moved the money
    decline_reason text,
    CONSTRAINT refunds_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT refunds_state_is_known CHECK (state IN ('waiting', 'paid', 'declined')),
    CONSTRAINT refunds_end_is_whole CHECK (
        (state = 'waiting') = (ended_at IS NULL)
        AND (state = 'paid') = (posting_id IS NOT NULL)
        AND (state = 'declined') = (decline_reason IS NOT NULL))
);
CREATE INDEX refunds_of_payment ON refunds (payment_id);
CREATE INDEX refunds_of_merchant ON refunds (merchant_id, id);
CREATE INDEX refunds_waiting ON refunds (merchant_id, currency, id) WHERE state = 'waiting';

CREATE TRIGGER refunds_never_deleted BEFORE DELETE OR TRUNCATE ON refunds
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a refund is never deleted', 'refunds_append_only');

CREATE TRIGGER refunds_terms_are_fixed
    BEFORE UPDATE OF id, payment_id, merchant_id, payer_id, currency, amount_minor, asked_at
        ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a refund keeps its parties and its amount');
CREATE TRIGGER refunds_end_once BEFORE UPDATE ON refunds FOR EACH ROW
    WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION refuse_change('a refund ends once');

-- What a payment brought its merchant: released of its contract, or paid at once.
CREATE FUNCTION released_of(payment bigint, merchant bigint, payer bigint, money text)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT c.released_minor FROM contracts c
          WHERE c.id = payment AND c.payee_id = merchant AND c.payer_id = payer
            AND c.currency = money),
        (SELECT sum(e.amount_minor)::bigint
           FROM postings p
           JOIN entries e ON e.posting_id = p.id
           JOIN accounts a ON a.id = e.account_id
          WHERE p.id = payment AND p.kind = 'pay' AND p.sender_id = payer
            AND a.holder_id = merchant AND a.kind = 'settlement' AND a.currency = money),
        0)
$$;

-- Whoever writes: never more is given back than was paid, and never by a refund and a reversal both.
-- The lock lets one transaction at a time look at a payment; what it then reads is as the last left it.
CREATE FUNCTION check_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    given bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(NEW.payment_id);
    SELECT coalesce(sum(amount_minor), 0) INTO given FROM refunds
     WHERE payment_id = NEW.payment_id AND state <> 'declined';
    IF given > released_of(NEW.payment_id, NEW.merchant_id, NEW.payer_id, NEW.currency) THEN
        RAISE EXCEPTION 'more of payment % is given back than was released', NEW.payment_id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'refunds_within_payment';
    END IF;
    IF EXISTS (SELECT FROM reversals WHERE original_id = NEW.payment_id) THEN
        RAISE EXCEPTION 'payment % was reversed', NEW.payment_id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'refunds_not_of_reversed';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER refunds_within_payment AFTER INSERT ON refunds
    FOR EACH ROW EXECUTE FUNCTION check_refund();
