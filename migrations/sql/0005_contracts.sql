-- Contracts: payments that are held between a payer and a payee.

CREATE TABLE contracts (
    id bigint PRIMARY KEY REFERENCES accounts (id),   -- also its account and its payment's reference
    origin text NOT NULL,
    payer_id bigint NOT NULL REFERENCES holders (id),
    payee_id bigint REFERENCES holders (id),          -- null until a claim's payee registers
    payee_msisdn text,                                -- of a claim: who may become the payee
    payer_account_id bigint NOT NULL REFERENCES accounts (id),
    payee_account_id bigint REFERENCES accounts (id),
    till text,
    description text,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    released_minor bigint NOT NULL DEFAULT 0,
    returned_minor bigint NOT NULL DEFAULT 0,
    disputed_minor bigint NOT NULL DEFAULT 0,         -- the frozen part of what is held
    -- What was taken so far of what was released: the maximum of a payment holds also where the
    -- rate changed between two releases, because the monthly fee was paid.
    commission_minor bigint NOT NULL DEFAULT 0,
    at_deadline text NOT NULL DEFAULT 'release',      -- where the undisputed rest goes by itself
    steps smallint,                                   -- of a prepaid plan: visits paid for
    steps_done smallint,
    pricing_id bigint REFERENCES pricings (id),       -- the merchant's terms when it was paid
    opened_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT contracts_origin_is_known CHECK (origin IN ('payment', 'offer', 'claim', 'plan')),
    CONSTRAINT contracts_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT contracts_parts_within_amount CHECK (
        released_minor >= 0 AND returned_minor >= 0 AND disputed_minor >= 0
        AND released_minor + returned_minor + disputed_minor <= amount_minor),
    CONSTRAINT contracts_closed_when_empty CHECK (
        (closed_at IS NOT NULL) = (released_minor + returned_minor = amount_minor)),
    CONSTRAINT contracts_period_in_range CHECK (
        deadline_at > opened_at AND deadline_at <= opened_at + interval '91 days'),
    CONSTRAINT contracts_two_parties CHECK (payer_account_id <> payee_account_id),
    CONSTRAINT contracts_payee_is_whole CHECK (
        (payee_id IS NULL) = (payee_account_id IS NULL)
        AND (payee_id IS NOT NULL OR payee_msisdn IS NOT NULL)),
    CONSTRAINT contracts_end_is_known CHECK (at_deadline IN ('release', 'return')),
    CONSTRAINT contracts_steps_in_range CHECK (
        (steps IS NULL) = (steps_done IS NULL) AND steps_done BETWEEN 0 AND steps),
    -- Nothing of a plan is paid out before it is earned: so many steps, so much money.
    CONSTRAINT contracts_steps_are_earned CHECK (
        steps IS NULL
        OR released_minor = CASE steps_done WHEN steps THEN amount_minor
                                            ELSE amount_minor / steps * steps_done END),
    CONSTRAINT contracts_commission_within_released CHECK (
        commission_minor BETWEEN 0 AND greatest(released_minor, 0))
) WITH (fillfactor = 80);
-- The worker; what is disputed waits for its dispute, not for the deadline.
CREATE INDEX contracts_due ON contracts (deadline_at)
    WHERE released_minor + returned_minor + disputed_minor < amount_minor;
CREATE INDEX contracts_of_payer ON contracts (payer_id, id);   -- "my held payments"
CREATE INDEX contracts_of_payee ON contracts (payee_id, id);
CREATE INDEX contracts_open_of_payee ON contracts (payee_id)
    WHERE closed_at IS NULL;   -- what a merchant may expect, of however many there were
CREATE INDEX contracts_unclaimed ON contracts (payee_msisdn)   -- the worker, once they register
    WHERE payee_id IS NULL AND closed_at IS NULL;

CREATE TRIGGER contracts_never_deleted BEFORE DELETE OR TRUNCATE ON contracts
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a contract is never deleted', 'contracts_append_only');

CREATE TRIGGER contracts_terms_are_fixed
    BEFORE UPDATE OF id, origin, payer_id, payee_msisdn, payer_account_id, currency, amount_minor,
                     till, description, at_deadline, steps, pricing_id, opened_at ON contracts
    FOR EACH ROW
    EXECUTE FUNCTION refuse_change('a contract keeps its parties, its amount and its deadline');

-- It is put off by the payee, and comes sooner only by a proof of delivery, where the merchant's
-- terms provide for one.
CREATE TRIGGER contracts_deadline_not_hastened
    BEFORE UPDATE OF deadline_at ON contracts FOR EACH ROW
    WHEN (NEW.deadline_at < OLD.deadline_at AND OLD.pricing_id IS NULL)
    EXECUTE FUNCTION refuse_change(
        'a contract keeps its parties, its amount and its deadline', 'contracts_terms_are_fixed');

-- A claim gets its payee once: whoever registered the number it was made to.
CREATE FUNCTION check_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.payee_id IS NULL AND EXISTS (
        SELECT FROM holders h JOIN accounts a ON a.holder_id = h.id
         WHERE h.id = NEW.payee_id AND h.msisdn = OLD.payee_msisdn AND a.id = NEW.payee_account_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a contract keeps its parties'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contracts_terms_are_fixed';
END $$;
CREATE TRIGGER contracts_claimed_by_number
    BEFORE UPDATE OF payee_id, payee_account_id ON contracts FOR EACH ROW
    WHEN (NEW.payee_id IS DISTINCT FROM OLD.payee_id
          OR NEW.payee_account_id IS DISTINCT FROM OLD.payee_account_id)
    EXECUTE FUNCTION check_claim();

-- What has ended stays ended, and a deadline that money followed is not moved afterwards.
CREATE TRIGGER contracts_closed_stay_closed
    BEFORE UPDATE ON contracts FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a contract that has ended stays ended');

-- released + returned + held = amount, whoever writes: at the end of every transaction.
CREATE FUNCTION check_parts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT c.amount_minor - c.released_minor - c.returned_minor <> a.balance_minor
          FROM contracts c JOIN accounts a ON a.id = c.id WHERE c.id = NEW.id) THEN
        RAISE EXCEPTION 'the parts of contract % are not what its account holds', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'contracts_parts_follow_entries';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER contracts_parts_follow_entries
    AFTER INSERT OR UPDATE OF released_minor, returned_minor ON contracts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_parts();
