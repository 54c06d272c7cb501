-- What banks and mobile-money networks say of payouts: statements, lines, reconciliation.

CREATE TABLE bank_files (           -- what the bank has sent us, each once
    id bigint PRIMARY KEY,
    digest bytea,                   -- null where it was refused: it may come again, mended
    name text NOT NULL,
    message text NOT NULL,          -- which ISO 20022 message; empty where it could not be told
    refusal text,                   -- why nothing of it was taken
    received_at timestamptz NOT NULL,
    received_from bigint REFERENCES holders (id),   -- an operator; null: it lay in the folder
    CONSTRAINT bank_files_come_once UNIQUE (digest),
    CONSTRAINT bank_files_refused_or_taken CHECK ((refusal IS NULL) = (digest IS NOT NULL))
);

CREATE TABLE bank_statements (
    id bigint PRIMARY KEY,
    file_id bigint NOT NULL REFERENCES bank_files (id),
    account text NOT NULL,
    name text NOT NULL,             -- the bank's own id for it
    currency text NOT NULL,
    opening_minor bigint NOT NULL,
    closing_minor bigint NOT NULL,
    line_count int NOT NULL,        -- of those that no earlier statement had
    follows bigint,                 -- which statement it continues; null: its account's first
    CONSTRAINT bank_statements_come_once UNIQUE (account, currency, name),
    CONSTRAINT bank_statements_follow_once UNIQUE (follows),
    CONSTRAINT bank_statements_close_once UNIQUE (id, account, currency, closing_minor),
    -- It opens with what that one closed with.
    CONSTRAINT bank_statements_continue FOREIGN KEY (follows, account, currency, opening_minor)
        REFERENCES bank_statements (id, account, currency, closing_minor)
);
CREATE UNIQUE INDEX bank_statements_begin_once ON bank_statements (account, currency)
    WHERE follows IS NULL;

CREATE TABLE bank_lines (           -- money that came (above zero) or went, on an account of ours
    id bigint PRIMARY KEY,
    statement_id bigint NOT NULL REFERENCES bank_statements (id),
    account text NOT NULL,
    currency text NOT NULL,
    key text NOT NULL,              -- the bank's reference for it
    amount_minor bigint NOT NULL,
    booked_on date NOT NULL,
    end_to_end_id text,             -- our reference, where the bank gives it back
    is_reversal boolean NOT NULL,
    told text NOT NULL,
    taken_at timestamptz,           -- null: nobody has looked for its payout yet
    payout_id bigint REFERENCES payouts (id),       -- the payment that it shows, or its return
    CONSTRAINT bank_lines_come_once UNIQUE (account, currency, key)
);
CREATE INDEX bank_lines_new ON bank_lines (statement_id, id) WHERE taken_at IS NULL;
CREATE UNIQUE INDEX bank_lines_pay_once ON bank_lines (payout_id) WHERE amount_minor < 0;
CREATE UNIQUE INDEX bank_lines_return_once ON bank_lines (payout_id) WHERE amount_minor >= 0;

CREATE TABLE bank_answers (         -- what status reports say that is final, or that somebody must see
    id bigint PRIMARY KEY,
    file_id bigint NOT NULL REFERENCES bank_files (id),
    batch text NOT NULL,            -- which file of ours they answer
    reference text NOT NULL,        -- the payout's, as the bank gives it back
    status text NOT NULL,
    reason text,
    is_paid boolean NOT NULL,
    is_final boolean NOT NULL,
    taken_at timestamptz
);
CREATE INDEX bank_answers_new ON bank_answers (id) WHERE taken_at IS NULL;

CREATE TABLE bank_exceptions (      -- what reconciliation leaves to a person
    id bigint PRIMARY KEY,
    file_id bigint NOT NULL REFERENCES bank_files (id),
    line_id bigint REFERENCES bank_lines (id),
    answer_id bigint REFERENCES bank_answers (id),
    reason text NOT NULL,
    payout_id bigint REFERENCES payouts (id),       -- which payout it seems to be about
    raised_at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by bigint REFERENCES holders (id),
    resolution text,                -- linked, or noted
    note text,
    CONSTRAINT bank_exceptions_resolved_is_whole CHECK (
        (resolved_at IS NULL) = (resolved_by IS NULL)
        AND (resolved_at IS NULL) = (resolution IS NULL)
        AND (resolved_at IS NULL) = (note IS NULL)),
    CONSTRAINT bank_exceptions_resolution_is_known CHECK (resolution IN ('linked', 'noted'))
);
CREATE INDEX bank_exceptions_open ON bank_exceptions (id) WHERE resolved_at IS NULL;
CREATE UNIQUE INDEX bank_exceptions_of_line ON bank_exceptions (line_id);
CREATE UNIQUE INDEX bank_exceptions_of_answer ON bank_exceptions (answer_id);

CREATE TABLE payout_returns (       -- a payment that the bank sent back after it was paid
    payout_id bigint PRIMARY KEY REFERENCES payouts (id),
    posting_id bigint NOT NULL,     -- which gave it back to the merchant
    returned_at timestamptz NOT NULL
);
