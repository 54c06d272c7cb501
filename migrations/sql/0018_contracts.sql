-- Held money, proved a batch at a time: what a payment, a hold and a release refer to is looked up for
-- the whole insert at once, contracts that are due are found share by share, and a release in part
-- touches no index.

-- A foreign key asks row by row, and locks and writes each row that it finds, against its removal.
-- Neither postings nor accounts, holders or terms are ever removed, so it is enough to look.

CREATE TRIGGER holders_never_deleted BEFORE DELETE OR TRUNCATE ON holders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a holder is never deleted');

ALTER TABLE postings DROP CONSTRAINT postings_original_id_fkey;

CREATE FUNCTION check_originals() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
DECLARE
    original_ids bigint[] := ARRAY(
        SELECT DISTINCT original_id FROM fresh WHERE original_id IS NOT NULL);
BEGIN
    IF (SELECT count(*) FROM postings WHERE id = ANY(original_ids)) <> cardinality(original_ids) THEN
        RAISE EXCEPTION 'a posting is linked to one that does not exist'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'postings_original_exists';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION check_originals() FROM PUBLIC;
CREATE TRIGGER postings_original_exists AFTER INSERT ON postings
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_originals();

ALTER TABLE contracts
    DROP CONSTRAINT contracts_id_fkey,
    DROP CONSTRAINT contracts_payer_id_fkey,
    DROP CONSTRAINT contracts_payee_id_fkey,
    DROP CONSTRAINT contracts_payer_account_id_fkey,
    DROP CONSTRAINT contracts_payee_account_id_fkey,
    DROP CONSTRAINT contracts_pricing_id_fkey;

-- More than the foreign keys said: each side's account is that party's own. (A claim's payee, who
-- comes later, is proved by check_claim.) Each row's subselects are looked up by primary key,
-- however many rows there are.
CREATE FUNCTION check_contracts() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
DECLARE
    stray bigint;
BEGIN
    SELECT f.id INTO stray
      FROM fresh f
     WHERE (SELECT a.kind FROM accounts a WHERE a.id = f.id) IS DISTINCT FROM 'escrow'
        OR (SELECT a.holder_id FROM accounts a WHERE a.id = f.payer_account_id)
           IS DISTINCT FROM f.payer_id
        OR (SELECT a.holder_id FROM accounts a WHERE a.id = f.payee_account_id)
           IS DISTINCT FROM f.payee_id
        OR (SELECT h.id FROM holders h WHERE h.id = f.payer_id) IS NULL
        OR (SELECT h.id FROM holders h WHERE h.id = f.payee_id) IS DISTINCT FROM f.payee_id
        OR (SELECT p.id FROM pricings p WHERE p.id = f.pricing_id) IS DISTINCT FROM f.pricing_id
     LIMIT 1;
    IF stray IS NOT NULL THEN
        RAISE EXCEPTION 'contract % names an account, a party or terms that are not there', stray
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'contracts_parties_exist';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION check_contracts() FROM PUBLIC;
CREATE TRIGGER contracts_parties_exist AFTER INSERT ON contracts
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION check_contracts();

-- When the undisputed rest is due; null while there is none. A release in part leaves it, and so
-- every index, as it was: only the row is written, on its own page (fillfactor).
ALTER TABLE contracts ADD COLUMN due_at timestamptz GENERATED ALWAYS AS (
    CASE WHEN released_minor + returned_minor + disputed_minor < amount_minor
         THEN deadline_at END) STORED;
-- The worker, a share of the payees at a time, so that two never wait for the same payee's account.
DROP INDEX contracts_due;
CREATE INDEX contracts_due ON contracts ((coalesce(payee_id, payer_id) % 16), due_at)
    WHERE due_at IS NOT NULL;

CREATE OR REPLACE FUNCTION carry_entries() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account_ids bigint[] := ARRAY(SELECT DISTINCT account_id FROM fresh);
    posting_ids bigint[] := ARRAY(SELECT DISTINCT posting_id FROM fresh);
    escrow_ids bigint[];
    unbalanced bigint;
    outside bigint;
    carried bigint;
BEGIN
    -- A posting's entries come together, belong to a posting, and net to zero in each currency.
    -- Joins of `fresh` are FULL, which cannot be made row by row: a plan that was made for the first
    -- batch of a connection, which may have one posting, would compare each entry of a later one of a
    -- thousand with each.
    WITH touched AS MATERIALIZED (
        SELECT id, currency, kind FROM accounts WHERE id = ANY(account_ids)
    )
    SELECT (SELECT e.posting_id FROM fresh e FULL JOIN touched t ON t.id = e.account_id
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
        WITH taken AS MATERIALIZED (
            SELECT e.posting_id, e.account_id, c.payer_account_id, c.payee_account_id
              FROM fresh e LEFT JOIN contracts c ON c.id = e.account_id
             WHERE e.amount_minor < 0 AND e.account_id = ANY(escrow_ids)
        )
        SELECT t.posting_id INTO outside
          FROM taken t FULL JOIN fresh o ON o.posting_id = t.posting_id
         WHERE coalesce(t.account_id, o.account_id) IS DISTINCT FROM o.account_id
           AND o.account_id IS DISTINCT FROM t.payer_account_id
           AND o.account_id IS DISTINCT FROM t.payee_account_id
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
