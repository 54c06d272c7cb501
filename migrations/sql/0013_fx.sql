-- Exchange: reference rates, what makers pay and take, and quotes.

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
