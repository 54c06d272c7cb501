-- Prepaid plans: visits paid for in advance, and the codes that confirm them.

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

CREATE TRIGGER plans_terms_are_fixed
    BEFORE UPDATE OF id, merchant_id, name, steps, currency, price_minor, period_days, offered_at
        ON plans
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a plan keeps its terms');
CREATE TRIGGER plans_withdrawn_stay_withdrawn
    BEFORE UPDATE ON plans FOR EACH ROW WHEN (OLD.withdrawn_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a plan that was withdrawn stays so');
CREATE TRIGGER plans_never_deleted BEFORE DELETE OR TRUNCATE ON plans
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a plan is never deleted', 'plans_append_only');

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
