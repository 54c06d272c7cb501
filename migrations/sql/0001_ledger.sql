-- The ledger: accounts, postings, entries. Only wallet/ledger/ writes here, and the rules below
-- hold whatever the code does.

CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    holder_id bigint,               -- null for the operator's own accounts, contracts and lists
    kind text NOT NULL,
    currency text NOT NULL,
    lane smallint NOT NULL DEFAULT 0,   -- the operator earns fees in several accounts of a kind, one
                                        -- to a poster, so that posters do not wait for each other
    balance_minor bigint NOT NULL DEFAULT 0,   -- what the operator owes; negative: what it is owed
    entry_count bigint NOT NULL DEFAULT 0,
    opened_at timestamptz NOT NULL,
    CONSTRAINT accounts_kind_is_known CHECK (kind IN (
        'trust', 'wallet', 'float', 'settlement', 'reserve', 'escrow', 'bulk', 'prefund', 'maker',
        'in_transit', 'fees', 'commissions', 'fx_margin')),
    CONSTRAINT accounts_currency_is_iso CHECK (currency ~ '^[A-Z]{3}$'),
    -- Only the mirror of the safeguarded bank money may stand below zero: it is the counterpart
    -- of everything issued.
    CONSTRAINT accounts_not_overdrawn CHECK (kind = 'trust' OR balance_minor >= 0)
) WITH (fillfactor = 60);           -- room for the next balance on the same page

-- One account of a kind and currency to a holder; also how the poster finds a holder's accounts.
CREATE UNIQUE INDEX accounts_of_holder ON accounts (holder_id, kind, currency)
    WHERE holder_id IS NOT NULL;
-- One account of a kind, currency and lane to the operator; also how the poster finds them.
CREATE UNIQUE INDEX accounts_of_operator ON accounts (kind, currency, lane)
    WHERE holder_id IS NULL AND kind NOT IN ('escrow', 'bulk');

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

-- Replay: the poster asks for a batch's keys.
CREATE UNIQUE INDEX postings_key_once ON postings (key, actor_id) WHERE key IS NOT NULL;
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

-- What never changes ----------------------------------------------------------------------------

-- For the triggers of all tables that refuse whatever they are fired by. Its arguments: the message,
-- and the rule that it breaks, where that is not the trigger's own name.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        MESSAGE = TG_ARGV[0], ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = coalesce(TG_ARGV[1], TG_NAME);
END $$;

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('entries are append-only');
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON postings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('postings are append-only');
CREATE TRIGGER accounts_never_deleted BEFORE DELETE OR TRUNCATE ON accounts
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('an account is never deleted', 'accounts_append_only');

-- Balances follow entries: nobody sets one by hand ------------------------------------------------

CREATE TRIGGER accounts_open_empty BEFORE INSERT ON accounts FOR EACH ROW
    WHEN (NEW.balance_minor <> 0 OR NEW.entry_count <> 0)
    EXECUTE FUNCTION refuse_change(
        'a balance changes only by entries', 'accounts_balance_follows_entries');
CREATE TRIGGER accounts_balance_follows_entries
    BEFORE UPDATE OF id, holder_id, kind, currency, lane, balance_minor, entry_count ON accounts
    FOR EACH ROW WHEN (pg_trigger_depth() = 0)
    EXECUTE FUNCTION refuse_change('a balance changes only by entries');

-- Every insert of entries is checked as a whole, then carried to the accounts: one statement for a
-- batch of any size. The poster has computed the balances; this proves them.
-- Rows are looked up by arrays of keys, so that a plan made while a table was small stays good.
CREATE FUNCTION carry_entries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    account_ids bigint[] := ARRAY(SELECT DISTINCT account_id FROM fresh);
    posting_ids bigint[] := ARRAY(SELECT DISTINCT posting_id FROM fresh);
    escrow_ids bigint[];
    unbalanced bigint;
    outside bigint;
    carried bigint;
BEGIN
    -- A posting's entries come together, belong to a posting, and net to zero in each currency.
    WITH touched AS MATERIALIZED (
        SELECT id, currency, kind FROM accounts WHERE id = ANY(account_ids)
    )
    SELECT (SELECT e.posting_id FROM fresh e JOIN touched t ON t.id = e.account_id
             GROUP BY e.posting_id, t.currency HAVING sum(e.amount_minor) <> 0 LIMIT 1),
           ARRAY(SELECT id FROM touched WHERE kind = 'escrow')
      INTO unbalanced, escrow_ids;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'posting % does not net to zero', unbalanced
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'postings_net_to_zero';
    END IF;
    IF (SELECT count(*) FROM postings WHERE id = ANY(posting_ids)) <> cardinality(posting_ids) THEN
        RAISE EXCEPTION 'entries name a posting that does not exist'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'entries_have_a_posting';
    END IF;

    -- What leaves a contract's account reaches only its payer's or its payee's.
    IF cardinality(escrow_ids) > 0 THEN
        WITH parties AS MATERIALIZED (
            SELECT id, payer_account_id, payee_account_id FROM contracts WHERE id = ANY(escrow_ids)
        )
        SELECT e.posting_id INTO outside
          FROM fresh e
          LEFT JOIN parties c ON c.id = e.account_id
          JOIN fresh o ON o.posting_id = e.posting_id AND o.account_id <> e.account_id
         WHERE e.amount_minor < 0 AND e.account_id = ANY(escrow_ids)
           AND o.account_id IS DISTINCT FROM c.payer_account_id
           AND o.account_id IS DISTINCT FROM c.payee_account_id
         LIMIT 1;
    END IF;
    IF outside IS NOT NULL THEN
        RAISE EXCEPTION 'posting % takes contract money past its two parties', outside
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'contracts_wall';
    END IF;

    -- Each account's entries continue its numbers and its balance.
    WITH sums AS MATERIALIZED (
        SELECT account_id, min(entry_no) AS first_no, max(entry_no) AS last_no, count(*) AS entries,
               sum(amount_minor)::bigint AS amount_minor,
               (array_agg(balance_after_minor ORDER BY entry_no DESC))[1] AS balance_minor
          FROM fresh GROUP BY account_id
    )
    UPDATE accounts a SET balance_minor = s.balance_minor, entry_count = s.last_no
      FROM sums s
     WHERE a.id = ANY(account_ids)
       AND a.id = s.account_id
       AND s.first_no = a.entry_count + 1
       AND s.last_no = a.entry_count + s.entries
       AND s.balance_minor = a.balance_minor + s.amount_minor;
    GET DIAGNOSTICS carried = ROW_COUNT;
    IF carried <> cardinality(account_ids) THEN
        RAISE EXCEPTION 'entries do not continue their accounts'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'entries_continue_their_account';
    END IF;

    -- A contract's row says where its money went before the entries do: both tell the same.
    IF cardinality(escrow_ids) > 0 AND EXISTS (
        SELECT FROM accounts a LEFT JOIN contracts c ON c.id = a.id
         WHERE a.id = ANY(escrow_ids)
           AND c.amount_minor - c.released_minor - c.returned_minor
               IS DISTINCT FROM a.balance_minor) THEN
        RAISE EXCEPTION 'a contract''s parts are not what its account holds'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'contracts_parts_follow_entries';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER entries_carry AFTER INSERT ON entries
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION carry_entries();
