-- When a holder may close. Who is closed can do nothing more: money that reached them afterwards
-- would be locked for ever, so they stay until nothing ties them any more.

-- What ties a holder to money that is not in their accounts, the first of it; null: nothing does.
-- Who closes a holder asks it before deciding; the trigger asks once more when that is written.
CREATE FUNCTION tie_of(holder bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM contracts WHERE payer_id = holder AND closed_at IS NULL)
          OR EXISTS (SELECT FROM contracts WHERE payee_id = holder AND closed_at IS NULL)
            THEN 'contract_open'
        WHEN EXISTS (SELECT FROM payouts
                      WHERE merchant_id = holder AND state NOT IN ('paid', 'failed'))
            THEN 'payout_under_way'
        WHEN EXISTS (SELECT FROM refunds   -- few wait: index refunds_waiting
                      WHERE state = 'waiting' AND holder IN (merchant_id, payer_id))
            THEN 'refund_waiting'
        WHEN EXISTS (SELECT FROM bulks WHERE holder_id = holder AND state = 'posting')
            THEN 'list_under_way'
    END
$$;

CREATE FUNCTION check_closing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    tie CONSTANT text := tie_of(NEW.id);
BEGIN
    IF tie IS NOT NULL THEN
        RAISE EXCEPTION 'holder % is still %', NEW.id, CASE tie
                WHEN 'contract_open' THEN 'party to a contract'
                WHEN 'payout_under_way' THEN 'waiting for a payout'
                WHEN 'refund_waiting' THEN 'party to a refund that waits'
                WHEN 'list_under_way' THEN 'paying a list' END
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'holders_close_without_ties';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER holders_close_without_ties BEFORE UPDATE OF status ON holders FOR EACH ROW
    WHEN (NEW.status = 'closed' AND OLD.status <> 'closed') EXECUTE FUNCTION check_closing();
