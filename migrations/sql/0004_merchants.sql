-- Merchants: their tills, what they pay us, and what is kept back for them.

CREATE TABLE merchants (
    holder_id bigint PRIMARY KEY REFERENCES holders (id),
    name text NOT NULL,
    city text NOT NULL,
    category text NOT NULL,         -- ISO 18245 merchant category code
    escrow_period_s bigint NOT NULL,
    pricing_id bigint,              -- null: free
    monthly_paid_until timestamptz,   -- the monthly fee is paid so far
    monthly_due_at timestamptz,     -- when it is next charged, or tried again; null: there is none
    CONSTRAINT merchants_period_in_range CHECK (escrow_period_s BETWEEN 0 AND 90 * 86400),
    CONSTRAINT merchants_category_is_iso18245 CHECK (category ~ '^[0-9]{4}$')
);
CREATE INDEX merchants_monthly_due ON merchants (monthly_due_at)
    WHERE monthly_due_at IS NOT NULL;   -- the worker

CREATE TABLE tills (
    number text PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    label text NOT NULL,
    CONSTRAINT tills_number_is_short CHECK (number ~ '^[1-9][0-9]{4,6}$')
);
CREATE INDEX tills_of_merchant ON tills (merchant_id);

CREATE TABLE pricings (             -- what a merchant pays us; a change is a new row, so that a
    id bigint PRIMARY KEY,          -- contract keeps the terms it was paid under
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    currency text NOT NULL,         -- of the minimum, the maximum and the monthly fee
    commission_bps int NOT NULL,    -- of what is released
    commission_min_minor bigint NOT NULL DEFAULT 0,   -- of one payment
    commission_max_minor bigint,
    reserve_bps int NOT NULL DEFAULT 0,   -- of what is released, kept back for `reserve_days`
    reserve_days int NOT NULL DEFAULT 0,
    monthly_fee_minor bigint,       -- where it is paid, commission_bps_paid applies that month
    commission_bps_paid int,
    after_delivery_s bigint,        -- proof of delivery brings the deadline down to this
    set_at timestamptz NOT NULL,
    CONSTRAINT pricings_bps_in_range CHECK (
        commission_bps BETWEEN 0 AND 10000 AND reserve_bps BETWEEN 0 AND 10000
        AND (commission_bps_paid IS NULL OR commission_bps_paid BETWEEN 0 AND commission_bps)),
    CONSTRAINT pricings_reserve_is_whole CHECK ((reserve_bps > 0) = (reserve_days > 0)),
    CONSTRAINT pricings_fee_is_whole CHECK (
        (monthly_fee_minor IS NULL) = (commission_bps_paid IS NULL)),
    CONSTRAINT pricings_amounts_not_negative CHECK (
        commission_min_minor >= 0 AND commission_max_minor >= commission_min_minor
        AND monthly_fee_minor > 0),
    CONSTRAINT pricings_reserve_days_in_range CHECK (reserve_days BETWEEN 0 AND 365),
    CONSTRAINT pricings_after_delivery_in_range CHECK (after_delivery_s BETWEEN 0 AND 90 * 86400)
);
CREATE INDEX pricings_of_merchant ON pricings (merchant_id, id);
ALTER TABLE merchants ADD CONSTRAINT merchants_pricing_id_fkey
    FOREIGN KEY (pricing_id) REFERENCES pricings (id);

CREATE TRIGGER pricings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pricings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('terms are append-only');

CREATE TABLE reserves (             -- kept back of releases, each until its day
    id bigint PRIMARY KEY,
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    kept_at timestamptz NOT NULL,
    available_at timestamptz NOT NULL,
    freed_at timestamptz,
    CONSTRAINT reserves_amount_is_positive CHECK (amount_minor > 0)
);
CREATE INDEX reserves_due ON reserves (available_at) WHERE freed_at IS NULL;   -- the worker
CREATE INDEX reserves_of_merchant ON reserves (merchant_id, available_at) WHERE freed_at IS NULL;

CREATE TRIGGER reserves_freed_once BEFORE UPDATE ON reserves FOR EACH ROW
    WHEN (OLD.freed_at IS NOT NULL OR NEW.freed_at IS NULL
          OR (NEW.id, NEW.merchant_id, NEW.currency, NEW.amount_minor, NEW.kept_at,
              NEW.available_at)
             IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.currency, OLD.amount_minor,
                               OLD.kept_at, OLD.available_at))
    EXECUTE FUNCTION refuse_change('a reserve is freed once and else keeps what it says');
CREATE TRIGGER reserves_never_deleted BEFORE DELETE OR TRUNCATE ON reserves
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a reserve is never deleted', 'reserves_append_only');
