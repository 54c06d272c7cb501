-- What flows keep beside the entries: contracts, prices and quotes, payouts.

CREATE TABLE pricings (             -- what a merchant pays us; a change is a new row, so that a
    id bigint PRIMARY KEY,          -- contract keeps the terms it was paid under
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
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
    CONSTRAINT pricings_reserve_days_in_range CHECK (reserve_days BETWEEN 0 AND 365)
);
CREATE INDEX pricings_of_merchant ON pricings (merchant_id, id);
ALTER TABLE merchants ADD COLUMN pricing_id bigint REFERENCES pricings (id);   -- null: free
ALTER TABLE merchants ADD COLUMN monthly_paid_until timestamptz;   -- the monthly fee is paid so far

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

CREATE TRIGGER pricings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pricings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
        (steps IS NULL) = (steps_done IS NULL) AND steps_done BETWEEN 0 AND steps)
) WITH (fillfactor = 80);
-- The worker; what is disputed waits for its dispute, not for the deadline.
CREATE INDEX contracts_due ON contracts (deadline_at)
    WHERE released_minor + returned_minor + disputed_minor < amount_minor;
CREATE INDEX contracts_of_payer ON contracts (payer_id, id);   -- "my held payments"
CREATE INDEX contracts_of_payee ON contracts (payee_id, id);
CREATE INDEX contracts_unclaimed ON contracts (payee_msisdn)   -- the worker, once they register
    WHERE payee_id IS NULL AND closed_at IS NULL;

CREATE TRIGGER contracts_never_deleted BEFORE DELETE OR TRUNCATE ON contracts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_new_parties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a contract keeps its parties and its amount'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contracts_terms_are_fixed';
END $$;
CREATE TRIGGER contracts_terms_are_fixed
    BEFORE UPDATE OF id, origin, payer_id, payee_msisdn, payer_account_id, currency, amount_minor,
                     till, description, at_deadline, steps, pricing_id, opened_at ON contracts
    FOR EACH ROW EXECUTE FUNCTION refuse_new_parties();
-- It is put off by the payee, and comes sooner only by a proof of delivery, where the merchant's
-- terms provide for one.
CREATE TRIGGER contracts_deadline_not_hastened
    BEFORE UPDATE OF deadline_at ON contracts FOR EACH ROW
    WHEN (NEW.deadline_at < OLD.deadline_at AND OLD.pricing_id IS NULL)
    EXECUTE FUNCTION refuse_new_parties();
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
    EXECUTE FUNCTION refuse_new_parties();

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

CREATE TABLE reference_rates (
    base text NOT NULL,
    quoted text NOT NULL,
    mid numeric(24, 12) NOT NULL,   -- units of `quoted` for one of `base`
    source text NOT NULL,
    as_of timestamptz NOT NULL,
    PRIMARY KEY (base, quoted),
    CONSTRAINT reference_rates_are_positive CHECK (mid > 0)
);

CREATE TABLE maker_prices (         -- a maker's live two-way price of a pair
    maker_id bigint NOT NULL REFERENCES holders (id),
    base text NOT NULL,
    quoted text NOT NULL,
    bid numeric(24, 12) NOT NULL,   -- what the maker pays, in `quoted`, for one of `base`
    ask numeric(24, 12) NOT NULL,   -- what the maker takes
    size_minor bigint NOT NULL,     -- of `base`, at most in one quote
    posted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (maker_id, base, quoted),
    CONSTRAINT maker_prices_are_positive CHECK (bid > 0 AND ask >= bid AND size_minor > 0)
);
CREATE INDEX maker_prices_of_pair ON maker_prices (base, quoted);

CREATE TABLE quotes (
    id bigint PRIMARY KEY,
    partner_id bigint NOT NULL REFERENCES holders (id),
    maker_id bigint NOT NULL REFERENCES holders (id),
    receiver_id bigint NOT NULL REFERENCES holders (id),
    source_currency text NOT NULL,
    source_minor bigint NOT NULL,   -- what is converted, before the fee
    fee_minor bigint NOT NULL,      -- in the source currency, on top
    margin_minor bigint NOT NULL,   -- in the source currency, kept by the operator, inside source_minor
    target_currency text NOT NULL,
    target_minor bigint NOT NULL,   -- what arrives
    rate numeric(24, 12) NOT NULL,  -- target for one of source, as the customer gets it
    quoted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    CONSTRAINT quotes_amounts_are_positive CHECK (
        source_minor > 0 AND target_minor > 0 AND fee_minor >= 0 AND margin_minor >= 0
        AND margin_minor < source_minor),
    CONSTRAINT quotes_cross_currencies CHECK (source_currency <> target_currency)
);
CREATE INDEX quotes_lapsed ON quotes (expires_at) WHERE accepted_at IS NULL;  -- the worker clears them
CREATE INDEX quotes_of_partner ON quotes (partner_id, id);

CREATE TABLE payouts (
    id bigint PRIMARY KEY,          -- its reference on the rail, and its posting
    merchant_id bigint NOT NULL REFERENCES merchants (holder_id),
    currency text NOT NULL,
    amount_minor bigint NOT NULL,   -- what arrives
    fee_minor bigint NOT NULL,      -- in transit with it; taken once paid, given back if it fails
    destination_id bigint NOT NULL,           -- as it was when the payout was asked for:
    kind text NOT NULL,                       -- bank, mobile, cash or wallet
    bank_code text NOT NULL DEFAULT '',       -- of a bank only
    account text NOT NULL DEFAULT '',         -- bank account, MSISDN, or the agent's number
    account_name text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT 'requested',
    batch_id bigint,                -- what it is handed over in; null until it is in one
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,   -- when a worker may next ask for it; also its lease
    requested_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz,
    failure text,
    code_kid text, code_mac bytea,  -- of cash: what the agent is told
    code_attempts smallint NOT NULL DEFAULT 0,
    expires_at timestamptz,         -- of cash: from then on it goes back
    collected_by bigint REFERENCES holders (id),
    CONSTRAINT payouts_amount_is_positive CHECK (amount_minor > 0 AND fee_minor >= 0),
    CONSTRAINT payouts_kind_is_known CHECK (kind IN ('bank', 'mobile', 'cash', 'wallet')),
    -- `unknown`: handed over, and no answer came; it is asked for again, never sent anew
    CONSTRAINT payouts_state_is_known CHECK (
        state IN ('requested', 'sent', 'unknown', 'collectible', 'paid', 'failed')),
    CONSTRAINT payouts_cash_has_code CHECK (
        (kind = 'cash') = (code_mac IS NOT NULL) AND (kind = 'cash') = (code_kid IS NOT NULL)
        AND (kind = 'cash') = (expires_at IS NOT NULL))
);
CREATE INDEX payouts_open ON payouts (next_at) WHERE state IN ('sent', 'unknown');   -- the worker
CREATE INDEX payouts_requested ON payouts (batch_id, id) WHERE state = 'requested';
CREATE INDEX payouts_of_batch ON payouts (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX payouts_collectible ON payouts (expires_at) WHERE state = 'collectible';
CREATE INDEX payouts_of_merchant ON payouts (merchant_id, id);

CREATE FUNCTION refuse_second_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the first final word on payout % stands', OLD.id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'payouts_final_word_stands';
END $$;
CREATE TRIGGER payouts_final_word_stands BEFORE UPDATE ON payouts FOR EACH ROW
    WHEN (OLD.state IN ('paid', 'failed')) EXECUTE FUNCTION refuse_second_word();

-- Who is closed can do nothing more: money must not reach them afterwards and be locked for ever.
CREATE FUNCTION refuse_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM contracts WHERE payer_id = NEW.id AND closed_at IS NULL)
       OR EXISTS (SELECT FROM contracts WHERE payee_id = NEW.id AND closed_at IS NULL)
       OR EXISTS (SELECT FROM payouts
                   WHERE merchant_id = NEW.id AND state NOT IN ('paid', 'failed')) THEN
        RAISE EXCEPTION 'holder % is still party to a contract or a payout', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'holders_close_without_ties';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER holders_close_without_ties BEFORE UPDATE OF status ON holders FOR EACH ROW
    WHEN (NEW.status = 'closed' AND OLD.status <> 'closed') EXECUTE FUNCTION refuse_closing();
