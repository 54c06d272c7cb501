-- Prepaid plans: visits paid for in advance, and the codes that confirm them. Trade documents:
-- what was ordered, sent and received, beside what was paid.

CREATE TABLE plans (                -- what a merchant sells; a bought one is a contract with steps
    id bigint PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    name text NOT NULL,
    steps smallint NOT NULL,
    currency text NOT NULL,
    price_minor bigint NOT NULL,    -- of all steps together
    period_days smallint NOT NULL,  -- how long after the purchase a step may be used
    offered_at timestamptz NOT NULL,
    withdrawn_at timestamptz,       -- no longer sold; what is sold goes on
    CONSTRAINT plans_steps_in_range CHECK (steps BETWEEN 2 AND 100),
    CONSTRAINT plans_period_in_range CHECK (period_days BETWEEN 1 AND 90),
    CONSTRAINT plans_each_step_costs_something CHECK (price_minor >= steps)
);
CREATE INDEX plans_of_merchant ON plans (merchant_id, id);   -- what a till sells

CREATE FUNCTION refuse_new_plan_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a plan keeps its terms, and one that was withdrawn stays so'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'plans_terms_are_fixed';
END $$;
CREATE TRIGGER plans_terms_are_fixed
    BEFORE UPDATE OF id, merchant_id, name, steps, currency, price_minor, period_days, offered_at
        ON plans
    FOR EACH ROW EXECUTE FUNCTION refuse_new_plan_terms();
CREATE TRIGGER plans_withdrawn_stay_withdrawn
    BEFORE UPDATE ON plans FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION refuse_new_plan_terms();
CREATE TRIGGER plans_never_deleted BEFORE DELETE OR TRUNCATE ON plans
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nothing of a plan is paid out before it is earned, whoever writes: so many steps, so much money.
ALTER TABLE contracts ADD CONSTRAINT contracts_steps_are_earned CHECK (
    steps IS NULL
    OR released_minor = CASE steps_done WHEN steps THEN amount_minor
                                        ELSE amount_minor / steps * steps_done END);

CREATE TABLE visit_codes (          -- the last code its payer asked for; a new one takes its place
    contract_id bigint PRIMARY KEY REFERENCES contracts (id),
    code_mac bytea NOT NULL,        -- never the code
    wrong_tries smallint NOT NULL DEFAULT 0,
    asked_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT visit_codes_expire_later CHECK (expires_at > asked_at),
    CONSTRAINT visit_codes_tries_in_range CHECK (wrong_tries BETWEEN 0 AND 5)
) WITH (fillfactor = 80);

CREATE TABLE trade_documents (      -- of a contract; a later version takes an earlier one's place
    contract_id bigint NOT NULL REFERENCES contracts (id),
    kind text NOT NULL,
    version smallint NOT NULL,
    posting_id bigint NOT NULL,     -- the act it came with, which the timeline shows
    author_id bigint NOT NULL REFERENCES holders (id),
    body jsonb NOT NULL,            -- as wallet/trade/documents.py writes it
    added_at timestamptz NOT NULL,
    PRIMARY KEY (contract_id, kind, version),
    CONSTRAINT trade_documents_kind_is_known CHECK (kind IN ('order', 'shipment', 'delivery')),
    CONSTRAINT trade_documents_delivered_once CHECK (kind <> 'delivery' OR version = 1),
    CONSTRAINT trade_documents_version_counts CHECK (version >= 1)
);
CREATE TRIGGER trade_documents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trade_documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
