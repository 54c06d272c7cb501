-- The ledger: accounts, postings, entries. Only wallet/ledger/ writes here, and the rules below
-- hold whatever the code does.

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    holder_id bigint,               -- null for the operator's own accounts and for contracts
    kind text NOT NULL,
    currency text NOT NULL,
    balance_minor bigint NOT NULL DEFAULT 0,   -- what the operator owes; negative: what it is owed
    entry_count bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    CONSTRAINT accounts_kind_is_known CHECK (kind IN (
        'trust', 'wallet', 'float', 'settlement', 'escrow', 'prefund', 'maker', 'in_transit',
        'fees', 'fx_margin')),
    CONSTRAINT accounts_currency_is_iso CHECK (currency ~ '^[A-Z]{3}$'),
    -- Only the mirror of the safeguarded bank money may stand below zero: it is the counterpart
    -- of everything issued.
    CONSTRAINT accounts_not_overdrawn CHECK (kind = 'trust' OR balance_minor >= 0)
) WITH (fillfactor = 60);           -- room for the next balance on the same page

-- One account of a kind and currency to a holder; also how the poster finds a holder's accounts.
CREATE UNIQUE INDEX accounts_of_holder ON accounts (holder_id, kind, currency)
    WHERE holder_id IS NOT NULL;
-- One account of a kind and currency to the operator; also how the poster finds them.
CREATE UNIQUE INDEX accounts_of_operator ON accounts (kind, currency)
    WHERE holder_id IS NULL AND kind <> 'escrow';

CREATE TABLE postings (
    id bigint PRIMARY KEY,          -- its reference, as people read it, is this number in base 32
    kind text NOT NULL,
    actor_id bigint NOT NULL,       -- who gave the command: a holder, or 0 for the worker
    key uuid,                       -- the actor's idempotency key; null on linked postings
    fingerprint bytea,              -- of the command's contents, never of a PIN
    sender_id bigint,               -- holders between whom value moved, where there are such
    receiver_id bigint,
    original_id bigint REFERENCES postings (id),   -- what this one is linked to
    answer json,                    -- what the caller was told, for replay
    posted_at timestamptz NOT NULL,
    CONSTRAINT postings_key_has_fingerprint CHECK ((key IS NULL) = (fingerprint IS NULL))
);

CREATE UNIQUE INDEX postings_key_once ON postings (actor_id, key) WHERE key IS NOT NULL;
CREATE INDEX postings_linked ON postings (original_id) WHERE original_id IS NOT NULL;

CREATE TABLE entries (
    account_id bigint NOT NULL,
    entry_no bigint NOT NULL,       -- 1, 2, 3 … within the account, without a gap
    posting_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    balance_after_minor bigint NOT NULL,
    PRIMARY KEY (account_id, entry_no),   -- a statement is a range of this
    CONSTRAINT entries_move_something CHECK (amount_minor <> 0)
);

CREATE INDEX entries_of_posting ON entries (posting_id);  -- one transaction, whole

-- How much of a holder's limits is used; written by the poster beside the entries.
CREATE TABLE limit_usage (
    holder_id bigint NOT NULL,
    currency text NOT NULL,
    day date NOT NULL,              -- the holder's local day of the last counted posting
    day_out_minor bigint NOT NULL,
    month_out_minor bigint NOT NULL,
    day_in_minor bigint NOT NULL,
    month_in_minor bigint NOT NULL,
    PRIMARY KEY (holder_id, currency)
) WITH (fillfactor = 60);

-- Append-only -----------------------------------------------------------------------------------

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER accounts_never_deleted BEFORE DELETE OR TRUNCATE ON accounts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Balances follow entries: nobody sets one by hand ------------------------------------------------

CREATE FUNCTION refuse_balance_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a balance changes only by entries'
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'accounts_balance_follows_entries';
END $$;

CREATE TRIGGER accounts_open_empty BEFORE INSERT ON accounts FOR EACH ROW
    WHEN (NEW.balance_minor <> 0 OR NEW.entry_count <> 0)
    EXECUTE FUNCTION refuse_balance_by_hand();
CREATE TRIGGER accounts_balance_follows_entries
    BEFORE UPDATE OF id, holder_id, kind, currency, balance_minor, entry_count ON accounts
    FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION refuse_balance_by_hand();

-- Every insert of entries is checked as a whole, then carried to the accounts: one statement for a
-- batch of any size. The poster has computed the balances; this proves them.
CREATE FUNCTION carry_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    unbalanced bigint;
    orphan bigint;
    outside bigint;
    carried bigint;
    expected bigint;
BEGIN
    -- A posting's entries come together, belong to a posting, and net to zero in each currency.
    -- What leaves a contract's account reaches only its payer's or its payee's.
    WITH seen AS MATERIALIZED (
        SELECT e.posting_id, e.account_id, e.amount_minor, a.currency, a.kind
          FROM fresh e JOIN accounts a ON a.id = e.account_id
    ), leaving AS MATERIALIZED (
        SELECT posting_id, account_id FROM seen WHERE kind = 'escrow' AND amount_minor < 0
    )
    SELECT (SELECT posting_id FROM seen GROUP BY posting_id, currency
            HAVING sum(amount_minor) <> 0 LIMIT 1),
           (SELECT f.posting_id FROM fresh f
             WHERE NOT EXISTS (SELECT FROM postings p WHERE p.id = f.posting_id) LIMIT 1),
           (SELECT l.posting_id
              FROM leaving l
              LEFT JOIN contracts c ON c.id = l.account_id
              JOIN seen o ON o.posting_id = l.posting_id AND o.account_id <> l.account_id
             WHERE c.id IS NULL OR o.account_id NOT IN (c.payer_account_id, c.payee_account_id)
             LIMIT 1)
      INTO unbalanced, orphan, outside;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'posting % does not net to zero', unbalanced
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'postings_net_to_zero';
    END IF;
    IF orphan IS NOT NULL THEN
        RAISE EXCEPTION 'posting % does not exist', orphan
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entries_have_a_posting';
    END IF;
    IF outside IS NOT NULL THEN
        RAISE EXCEPTION 'posting % takes contract money past its two parties', outside
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contracts_wall';
    END IF;

    -- Each account's entries continue its numbers and its balance.
    WITH sums AS MATERIALIZED (
        SELECT account_id, min(entry_no) AS first_no, max(entry_no) AS last_no, count(*) AS entries,
               sum(amount_minor) AS amount_minor,
               (array_agg(balance_after_minor ORDER BY entry_no DESC))[1] AS balance_minor
          FROM fresh GROUP BY account_id
    ), updated AS (
        UPDATE accounts a SET balance_minor = s.balance_minor, entry_count = s.last_no
          FROM sums s
         WHERE a.id = s.account_id
           AND s.first_no = a.entry_count + 1
           AND s.last_no = a.entry_count + s.entries
           AND s.balance_minor = a.balance_minor + s.amount_minor
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM updated), (SELECT count(*) FROM sums) INTO carried, expected;
    IF carried <> expected THEN
        RAISE EXCEPTION 'entries do not continue their accounts'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'entries_continue_their_account';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER entries_carry AFTER INSERT ON entries
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION carry_entries();
