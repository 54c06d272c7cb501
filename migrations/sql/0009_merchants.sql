-- What merchants are charged and owed: settlement, statements, monthly fees.

ALTER TABLE pricings ADD COLUMN currency text NOT NULL;   -- of the minimum, the maximum and the
                                                          -- monthly fee
ALTER TABLE pricings ADD CONSTRAINT pricings_after_delivery_in_range CHECK (
    after_delivery_s BETWEEN 0 AND 90 * 86400);

-- What was taken so far of what was released: the maximum of a payment holds also where the rate
-- changed between two releases, because the monthly fee was paid.
ALTER TABLE contracts ADD COLUMN commission_minor bigint NOT NULL DEFAULT 0;
ALTER TABLE contracts ADD CONSTRAINT contracts_commission_within_released CHECK (
    commission_minor BETWEEN 0 AND greatest(released_minor, 0));

CREATE INDEX contracts_open_of_payee ON contracts (payee_id)
    WHERE closed_at IS NULL;   -- what a merchant may expect, of however many there were

ALTER TABLE merchants ADD COLUMN monthly_due_at timestamptz;   -- when the fee is next charged, or
                                                               -- tried again; null: there is none
CREATE INDEX merchants_monthly_due ON merchants (monthly_due_at)
    WHERE monthly_due_at IS NOT NULL;   -- the worker

CREATE FUNCTION refuse_other_reserve() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a reserve is freed once and else keeps what it says'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'reserves_freed_once';
END $$;
CREATE TRIGGER reserves_freed_once BEFORE UPDATE ON reserves FOR EACH ROW
    WHEN (OLD.freed_at IS NOT NULL OR NEW.freed_at IS NULL
          OR (NEW.id, NEW.merchant_id, NEW.currency, NEW.amount_minor, NEW.kept_at,
              NEW.available_at)
             IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.currency, OLD.amount_minor,
                               OLD.kept_at, OLD.available_at))
    EXECUTE FUNCTION refuse_other_reserve();
CREATE TRIGGER reserves_never_deleted BEFORE DELETE OR TRUNCATE ON reserves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
