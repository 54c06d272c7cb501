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
