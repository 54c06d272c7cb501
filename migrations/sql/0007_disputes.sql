-- Disputes: a part of a held payment that payer and payee do not agree about.

CREATE TABLE disputes (
    id bigint PRIMARY KEY,          -- also the reference of the posting that raised it
    contract_id bigint NOT NULL REFERENCES contracts (id),
    amount_minor bigint NOT NULL,   -- what was disputed
    open_minor bigint NOT NULL,     -- what of it is still frozen
    released_minor bigint NOT NULL DEFAULT 0,   -- what of it went to the payee; the rest went back
    reason_code text NOT NULL,
    text text,
    attachments json NOT NULL,      -- [{"reference": …, "sha256": …}]: kept elsewhere, proved here
    state text NOT NULL,
    due_at timestamptz,             -- when silence decides; null once closed
    period_ends_at timestamptz NOT NULL,   -- till then the two may agree between themselves
    payer_offer_minor bigint,       -- what each side proposes that the payee have of what is open
    payee_offer_minor bigint,
    outcome text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT disputes_parts_within_amount CHECK (
        amount_minor > 0 AND open_minor >= 0 AND released_minor >= 0
        AND open_minor + released_minor <= amount_minor),
    CONSTRAINT disputes_reason_is_known CHECK (reason_code IN (
        'not_received', 'not_as_described', 'damaged', 'wrong_amount', 'duplicate', 'other')),
    CONSTRAINT disputes_text_is_short CHECK (length(text) <= 500),
    CONSTRAINT disputes_state_is_known CHECK (
        state IN ('raised', 'answered', 'negotiating', 'escalated', 'closed')),
    CONSTRAINT disputes_outcome_is_known CHECK (outcome IN (
        'released', 'returned', 'conceded', 'agreed', 'payee_silent', 'payer_silent', 'decided',
        'defaulted')),
    CONSTRAINT disputes_closed_when_empty CHECK (
        (state = 'closed') = (open_minor = 0) AND (state = 'closed') = (closed_at IS NOT NULL)
        AND (state = 'closed') = (outcome IS NOT NULL)),
    -- Silence always has a date: nothing stays locked.
    CONSTRAINT disputes_end_by_themselves CHECK ((state = 'closed') = (due_at IS NULL)),
    CONSTRAINT disputes_offers_within_open CHECK (
        payer_offer_minor BETWEEN 0 AND open_minor AND payee_offer_minor BETWEEN 0 AND open_minor)
) WITH (fillfactor = 80);
CREATE INDEX disputes_due ON disputes (due_at) WHERE due_at IS NOT NULL;   -- the worker
CREATE INDEX disputes_of_contract ON disputes (contract_id, id);
CREATE INDEX contracts_disputed_of_payer ON contracts (payer_id) WHERE disputed_minor > 0;   -- "my
CREATE INDEX contracts_disputed_of_payee ON contracts (payee_id) WHERE disputed_minor > 0;   -- disputes"
CREATE INDEX disputes_escalated ON disputes (id) WHERE state = 'escalated';   -- the operator's queue

CREATE TRIGGER disputes_never_deleted BEFORE DELETE OR TRUNCATE ON disputes
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a dispute is never deleted', 'disputes_append_only');

CREATE TRIGGER disputes_grounds_are_fixed
    BEFORE UPDATE OF id, contract_id, amount_minor, reason_code, text, attachments, period_ends_at,
                     opened_at ON disputes
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a dispute keeps its grounds');
CREATE TRIGGER disputes_closed_stay_closed
    BEFORE UPDATE ON disputes FOR EACH ROW WHEN (OLD.state = 'closed')
    EXECUTE FUNCTION refuse_change('a closed dispute stays closed');

-- What a contract says is disputed is what its disputes hold open, whoever writes.
CREATE FUNCTION check_disputed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    contract bigint;
BEGIN
    IF TG_TABLE_NAME = 'contracts' THEN
        contract := NEW.id;
    ELSE
        contract := NEW.contract_id;
    END IF;
    IF (SELECT c.disputed_minor FROM contracts c WHERE c.id = contract)
       <> (SELECT coalesce(sum(d.open_minor), 0) FROM disputes d WHERE d.contract_id = contract)
    THEN
        RAISE EXCEPTION 'what contract % has disputed is not what its disputes hold', contract
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'contracts_disputed_is_of_disputes';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER disputes_open_is_disputed
    AFTER INSERT OR UPDATE OF open_minor ON disputes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_disputed();
CREATE CONSTRAINT TRIGGER contracts_disputed_is_of_disputes
    AFTER UPDATE OF disputed_minor ON contracts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.disputed_minor <> OLD.disputed_minor) EXECUTE FUNCTION check_disputed();
