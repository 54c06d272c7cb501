-- What flows keep beside the entries: contracts, prices and quotes, payouts.

CREATE TABLE contracts (
    id bigint PRIMARY KEY REFERENCES accounts (id),   -- also its account and its payment's reference
    payer_id bigint NOT NULL REFERENCES holders (id),
    payee_id bigint NOT NULL REFERENCES holders (id),
    payer_account_id bigint NOT NULL REFERENCES accounts (id),
    payee_account_id bigint NOT NULL REFERENCES accounts (id),
    till text,
    currency text NOT NULL,
    amount_minor bigint NOT NULL,
    released_minor bigint NOT NULL DEFAULT 0,
    returned_minor bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    closed_at timestamptz,
    CONSTRAINT contracts_amount_is_positive CHECK (amount_minor > 0),
    CONSTRAINT contracts_parts_within_amount CHECK (
        released_minor >= 0 AND returned_minor >= 0
        AND released_minor + returned_minor <= amount_minor),
    CONSTRAINT contracts_closed_when_empty CHECK (
        (closed_at IS NOT NULL) = (released_minor + returned_minor = amount_minor)),
    CONSTRAINT contracts_period_in_range CHECK (deadline_at > opened_at),
    CONSTRAINT contracts_two_parties CHECK (payer_account_id <> payee_account_id)
);
CREATE INDEX contracts_due ON contracts (deadline_at) WHERE closed_at IS NULL;  -- the worker
CREATE INDEX contracts_of_payer ON contracts (payer_id, id);   -- "my held payments"
CREATE INDEX contracts_of_payee ON contracts (payee_id, id);

CREATE TRIGGER contracts_never_deleted BEFORE DELETE OR TRUNCATE ON contracts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_new_parties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a contract keeps its parties, its amount and its deadline'
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contracts_terms_are_fixed';
END $$;
CREATE TRIGGER contracts_terms_are_fixed
    BEFORE UPDATE OF id, payer_id, payee_id, payer_account_id, payee_account_id, currency,
                     amount_minor, till, opened_at, deadline_at ON contracts
    FOR EACH ROW EXECUTE FUNCTION refuse_new_parties();

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
    amount_minor bigint NOT NULL,   -- what the bank receives
    fee_minor bigint NOT NULL,      -- in transit with it; taken once paid, given back if it fails
    bank_code text NOT NULL,
    bank_account text NOT NULL,
    bank_account_name text NOT NULL,
    state text NOT NULL DEFAULT 'requested',
    attempts int NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL,   -- when a worker may next act on it; also its lease
    requested_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz,
    failure text,
    CONSTRAINT payouts_amount_is_positive CHECK (amount_minor > 0 AND fee_minor >= 0),
    CONSTRAINT payouts_state_is_known CHECK (state IN ('requested', 'sent', 'paid', 'failed'))
);
CREATE INDEX payouts_open ON payouts (next_at) WHERE state IN ('requested', 'sent');
CREATE INDEX payouts_of_merchant ON payouts (merchant_id, id);

-- Who is closed can do nothing more: money must not reach them afterwards and be locked for ever.
CREATE FUNCTION refuse_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM contracts WHERE payer_id = NEW.id AND closed_at IS NULL)
       OR EXISTS (SELECT FROM contracts WHERE payee_id = NEW.id AND closed_at IS NULL)
       OR EXISTS (SELECT FROM payouts
                   WHERE merchant_id = NEW.id AND state IN ('requested', 'sent')) THEN
        RAISE EXCEPTION 'holder % is still party to a contract or a payout', NEW.id
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'holders_close_without_ties';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER holders_close_without_ties BEFORE UPDATE OF status ON holders FOR EACH ROW
    WHEN (NEW.status = 'closed' AND OLD.status <> 'closed') EXECUTE FUNCTION refuse_closing();
