-- A posting is whole and final: its entries come in one insert, in the transaction that made it, with
-- the legs that its kind may have, and it gets no others ever after.

-- What each kind of posting takes from (-) and adds to (+) in a currency, by the kinds of the accounts,
-- in the order of their letters' codes; nothing, where it has no entries. The rooms say the same (`LEGS`
-- in their books.py), and the books check compares.
CREATE TABLE posting_legs (
    kind text NOT NULL,
    legs text NOT NULL,
    PRIMARY KEY (kind, legs)        -- looked up by both
);
INSERT INTO posting_legs (kind, legs)
SELECT kind, unnest(legs) FROM (VALUES
    ('register', ARRAY['']),
    ('onboard_agent', ARRAY['']),
    ('onboard_merchant', ARRAY['']),
    ('onboard_partner', ARRAY['']),
    ('onboard_operator', ARRAY['']),
    ('change_holder', ARRAY['']),
    ('change_pin', ARRAY['']),
    ('sign_in', ARRAY['']),
    ('send', ARRAY['fees+ wallet+ wallet-', 'wallet+ wallet-']),
    ('cash_in', ARRAY['float- wallet+']),
    ('deposit', ARRAY['float+ trust-', 'maker+ trust-', 'prefund+ trust-']),
    ('reverse', ARRAY[
        'commissions- fees- settlement- wallet+',
        'commissions- settlement- wallet+',
        'fees- settlement- wallet+',
        'fees- wallet+ wallet-',
        'float+ wallet-',
        'settlement- wallet+',
        'wallet+ wallet-']),
    ('pay', ARRAY[
        'escrow+ fees+ wallet-',
        'escrow+ wallet-',
        'fees+ settlement+ wallet-',
        'settlement+ wallet-']),
    ('offer', ARRAY[
        'escrow+ fees+ wallet-',
        'escrow+ wallet-',
        'fees+ wallet+ wallet-',
        'wallet+ wallet-']),
    ('claim', ARRAY['escrow+ fees+ wallet-', 'escrow+ wallet-']),
    ('claimed', ARRAY['escrow- wallet+']),
    ('claim_waits', ARRAY['']),
    ('release', ARRAY['escrow- settlement+', 'escrow- wallet+']),
    ('release_due', ARRAY['escrow- settlement+', 'escrow- wallet+']),
    ('return', ARRAY['escrow- wallet+']),
    ('decline', ARRAY['escrow- wallet+']),
    ('return_due', ARRAY['escrow- prefund+', 'escrow- wallet+']),
    ('extend', ARRAY['']),
    ('dispute', ARRAY['']),
    ('dispute_propose', ARRAY['']),
    ('dispute_contest', ARRAY['']),
    ('dispute_concede', ARRAY['escrow- wallet+']),
    ('dispute_accept', ARRAY[
        'escrow- settlement+',
        'escrow- settlement+ wallet+',
        'escrow- wallet+',
        'escrow- wallet+ wallet+']),
    ('dispute_decide', ARRAY[
        'escrow- settlement+',
        'escrow- settlement+ wallet+',
        'escrow- wallet+',
        'escrow- wallet+ wallet+']),
    ('dispute_due', ARRAY[
        '',
        'escrow- settlement+',
        'escrow- settlement+ wallet+',
        'escrow- wallet+',
        'escrow- wallet+ wallet+']),
    ('offer_plan', ARRAY['']),
    ('withdraw_plan', ARRAY['']),
    ('buy_plan', ARRAY['escrow+ fees+ wallet-', 'escrow+ wallet-']),
    ('visit', ARRAY['escrow- settlement+']),
    ('visit_code', ARRAY['']),
    ('redeem_visit', ARRAY['escrow- settlement+']),
    ('order', ARRAY['']),
    ('ship', ARRAY['']),
    ('deliver', ARRAY['']),
    ('open_wallet', ARRAY['']),
    ('top_up', ARRAY[
        'fees+ fx_margin+ maker+ prefund-',
        'fees+ maker+ prefund-',
        'fx_margin+ maker+ prefund-',
        'maker+ prefund-',
        'maker- wallet+']),
    ('commission', ARRAY['commissions+ settlement-']),
    ('reserve', ARRAY['reserve+ settlement-']),
    ('free_reserve', ARRAY['reserve- settlement+']),
    ('monthly_fee', ARRAY['commissions+ settlement-']),
    ('price_merchant', ARRAY['']),
    ('refund', ARRAY['', 'settlement- wallet+']),
    ('refund_covered', ARRAY['settlement- wallet+']),
    ('decline_refund', ARRAY['']),
    ('add_destination', ARRAY['']),
    ('confirm_destination', ARRAY['']),
    ('remove_destination', ARRAY['']),
    ('default_destination', ARRAY['']),
    ('payout', ARRAY[
        'fees+ settlement- wallet+',
        'in_transit+ settlement-',
        'settlement- wallet+']),
    ('payout_paid', ARRAY[
        'fees+ float+ in_transit-',
        'fees+ in_transit- trust+',
        'float+ in_transit-',
        'in_transit- trust+']),
    ('payout_failed', ARRAY['in_transit- settlement+']),
    ('set_payout_schedule', ARRAY['']),
    ('release_payouts', ARRAY['']),
    ('decline_payouts', ARRAY['']),
    ('payout_sent_back', ARRAY['settlement+ trust-']),
    ('bulk', ARRAY[
        'bulk+ bulk+ bulk+ bulk+ prefund-',
        'bulk+ bulk+ bulk+ bulk+ wallet-',
        'bulk+ bulk+ bulk+ prefund-',
        'bulk+ bulk+ bulk+ wallet-',
        'bulk+ bulk+ prefund-',
        'bulk+ bulk+ wallet-',
        'bulk+ prefund-',
        'bulk+ wallet-']),
    ('bulk_payment', ARRAY['bulk- escrow+', 'bulk- wallet+']),
    ('bulk_fee', ARRAY['bulk- fees+']),
    ('bulk_return', ARRAY[
        'bulk- bulk- bulk- bulk- prefund+',
        'bulk- bulk- bulk- bulk- wallet+',
        'bulk- bulk- bulk- prefund+',
        'bulk- bulk- bulk- wallet+',
        'bulk- bulk- prefund+',
        'bulk- bulk- wallet+',
        'bulk- prefund+',
        'bulk- wallet+']),
    ('take_bank_file', ARRAY['']),
    ('ask_approval', ARRAY['']),
    ('decline_approval', ARRAY['']),
    ('lapse_approval', ARRAY[''])
) AS of_kind (kind, legs);

-- As in 0001_ledger.sql, and besides: the entries are all that their posting will ever have, and legs of
-- its kind. That the posting was made by this very transaction is read off its row: `xmin` is the number
-- of the transaction that inserted it. (One made within a savepoint bears the savepoint's, and gets no
-- entries.) These numbers come round after four thousand million; what has entries is safe from that
-- too, since all it has must have come in this insert.
CREATE OR REPLACE FUNCTION carry_entries() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    account_ids bigint[] := ARRAY(SELECT DISTINCT account_id FROM fresh);
    posting_ids bigint[] := ARRAY(SELECT DISTINCT posting_id FROM fresh);
    escrow_ids bigint[];
    unbalanced bigint;
    made_now bigint;
    unknown bigint;
    is_whole boolean;
    outside bigint;
    carried bigint;
BEGIN
    -- A posting's entries come together, belong to a posting, and net to zero in each currency.
    -- Joins of `fresh` are FULL, which cannot be made row by row: a plan that was made for the first
    -- batch of a connection, which may have one posting, would compare each entry of a later one of a
    -- thousand with each.
    WITH touched AS MATERIALIZED (
        SELECT id, currency, kind FROM accounts WHERE id = ANY(account_ids)
    ), made AS MATERIALIZED (
        SELECT id, kind FROM postings
         WHERE id = ANY(posting_ids) AND xmin = pg_current_xact_id()::xid
    ), parts AS MATERIALIZED (
        SELECT e.posting_id, sum(e.amount_minor) AS amount_minor,
               string_agg(t.kind || CASE WHEN e.amount_minor < 0 THEN '-' ELSE '+' END, ' '
                          ORDER BY t.kind COLLATE "C", e.amount_minor < 0) AS legs
          FROM fresh e FULL JOIN touched t ON t.id = e.account_id
         GROUP BY e.posting_id, t.currency
    )
    SELECT (SELECT posting_id FROM parts WHERE amount_minor <> 0 LIMIT 1),
           (SELECT count(*) FROM made),
           (SELECT u.id
              FROM (SELECT m.kind, p.legs, min(m.id) AS id
                      FROM parts p FULL JOIN made m ON m.id = p.posting_id
                     GROUP BY m.kind, p.legs) u
             WHERE NOT EXISTS (SELECT FROM posting_legs l
                                WHERE l.kind = u.kind AND l.legs = u.legs) LIMIT 1),
           (SELECT count(*) FROM entries WHERE posting_id = ANY(posting_ids))
               = (SELECT count(*) FROM fresh),
           ARRAY(SELECT id FROM touched WHERE kind = 'escrow')
      INTO unbalanced, made_now, unknown, is_whole, escrow_ids;
    IF made_now <> cardinality(posting_ids) OR NOT is_whole THEN
        RAISE EXCEPTION 'entries come with their posting, in one insert, or never'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'entries_come_with_their_posting';
    END IF;
    IF unbalanced IS NOT NULL THEN
        RAISE EXCEPTION 'posting % does not net to zero', unbalanced
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'postings_net_to_zero';
    END IF;
    IF unknown IS NOT NULL THEN
        RAISE EXCEPTION 'posting % has legs that its kind may not have', unknown
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'postings_have_the_legs_of_their_kind';
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
