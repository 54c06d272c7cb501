-- Four eyes: what one operator asked for and another has to approve; refunds, reversals.

CREATE TABLE approvals (
    id bigint PRIMARY KEY,          -- also the posting that asked
    kind text NOT NULL,             -- of the command that waits
    arguments jsonb NOT NULL,       -- its contents
    reason text NOT NULL,
    asked_by bigint NOT NULL REFERENCES operators (holder_id),
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting',
    decided_by bigint REFERENCES operators (holder_id),   -- null where it lapsed
    decided_at timestamptz,
    decline_reason text,
    posting_id bigint,              -- what approving posted
    CONSTRAINT approvals_state_is_known CHECK (
        state IN ('waiting', 'approved', 'declined', 'lapsed')),
    CONSTRAINT approvals_four_eyes CHECK (state <> 'approved' OR decided_by <> asked_by),
    CONSTRAINT approvals_decision_is_whole CHECK (
        (state <> 'waiting') = (decided_at IS NOT NULL)
        AND (state IN ('approved', 'declined')) = (decided_by IS NOT NULL)
        AND (state = 'approved') = (posting_id IS NOT NULL)
        AND (state = 'declined') = (decline_reason IS NOT NULL)),
    CONSTRAINT approvals_expire_later CHECK (expires_at > asked_at)
);
CREATE INDEX approvals_waiting ON approvals (expires_at) WHERE state = 'waiting';   -- the worker
CREATE INDEX approvals_by_state ON approvals (state, id);   -- the operators' list

CREATE FUNCTION refuse_new_decision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an approval keeps what was asked, and is decided once'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'approvals_decided_once';
END $$;
CREATE TRIGGER approvals_decided_once BEFORE UPDATE ON approvals FOR EACH ROW
    WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION refuse_new_decision();
CREATE TRIGGER approvals_keep_what_was_asked
    BEFORE UPDATE OF id, kind, arguments, reason, asked_by, asked_at, expires_at ON approvals
    FOR EACH ROW EXECUTE FUNCTION refuse_new_decision();
CREATE TRIGGER approvals_never_deleted BEFORE DELETE OR TRUNCATE ON approvals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Reversals: an operator's undoing of one posting, once ---------------------------------------------

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
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Deposits: what operators issued e-money for -------------------------------------------------------

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
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Refunds: a merchant gives back what was released to them --------------------------------------------

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
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_new_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a refund keeps its parties and its amount, and ends once'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'refunds_terms_are_fixed';
END $$;
CREATE TRIGGER refunds_terms_are_fixed
    BEFORE UPDATE OF id, payment_id, merchant_id, payer_id, currency, amount_minor, asked_at
    ON refunds FOR EACH ROW EXECUTE FUNCTION refuse_new_refund();
CREATE TRIGGER refunds_end_once BEFORE UPDATE ON refunds FOR EACH ROW
    WHEN (OLD.state <> 'waiting') EXECUTE FUNCTION refuse_new_refund();

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

-- A refund that waits is owed: neither its merchant nor its payer leaves before it has ended.
CREATE FUNCTION refuse_closing_before_refund() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM refunds
                WHERE state = 'waiting' AND NEW.id IN (merchant_id, payer_id)) THEN
        RAISE EXCEPTION 'holder % is party to a refund that waits', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'holders_close_without_refunds';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER holders_close_without_refunds BEFORE UPDATE OF status ON holders FOR EACH ROW
    WHEN (NEW.status = 'closed' AND OLD.status <> 'closed')
    EXECUTE FUNCTION refuse_closing_before_refund();

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
