-- What the application's role may do; `kibubu.application` names it. Run after every migration, by
-- the owner of the tables, who alone may change them. Nothing here depends on what was granted
-- before.
--
-- The role reads everywhere, and inserts everywhere but where only the owner has a say: who works
-- for the operator (`kibubu hire`) and which legs a posting may have. It updates what changes after
-- it was written, and deletes what may be forgotten. The ledger it can neither update nor delete:
-- balances follow entries.
DO $$
DECLARE
    application CONSTANT text := quote_ident(current_setting('kibubu.application'));
    -- Of these tables, only these columns are ever updated.
    columns CONSTANT jsonb := '{
        "accounts": ["opened_at"],
        "approvals": ["state", "decided_by", "decided_at", "decline_reason", "posting_id"],
        "contracts": ["released_minor", "returned_minor", "disputed_minor", "commission_minor",
                      "steps_done", "payee_id", "payee_account_id", "deadline_at", "closed_at"],
        "disputes": ["open_minor", "released_minor", "state", "due_at", "payer_offer_minor",
                     "payee_offer_minor", "outcome", "closed_at"],
        "holders": ["status", "language", "tier", "pin_kid", "pin_salt", "pin_mac", "pins_before",
                    "pin_failures", "pin_locks", "pin_locked_until"],
        "refunds": ["state", "ended_at", "posting_id", "decline_reason"],
        "reserves": ["freed_at"]
    }';   -- an account is locked by a right to update it: when it was opened moves no money
    -- These are only read.
    shown CONSTANT text[] := ARRAY['alembic_version', 'posting_legs', 'operators'];
    -- These are never updated, nor is what has an append-only rule.
    fixed CONSTANT text[] := ARRAY['entries', 'postings', 'pricings', 'agents', 'tills',
                                   'partners'];
    forgotten CONSTANT text[] := ARRAY['quotes', 'sign_ins', 'refresh_tokens', 'text_reports',
                                       'maker_prices', 'destinations', 'bank_uploads', 'bulks',
                                       'bulk_rows', 'bulk_batches', 'bulk_errors'];   -- unconfirmed ones
    found record;
BEGIN
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), application);
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %s', application);
    FOR found IN
        SELECT c.oid::regclass AS relation, c.relname::text AS name,
               c.relname = ANY(fixed) OR EXISTS (
                   SELECT FROM pg_trigger t
                    WHERE t.tgrelid = c.oid AND t.tgname LIKE '%\_append\_only') AS is_fixed
          FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND c.relowner = current_user::regrole
    LOOP
        EXECUTE format('REVOKE ALL ON %s FROM %s', found.relation, application);
        EXECUTE format('GRANT SELECT ON %s TO %s', found.relation, application);
        IF found.name = ANY(shown) THEN
            CONTINUE;
        END IF;
        EXECUTE format('GRANT INSERT ON %s TO %s', found.relation, application);
        IF columns ? found.name THEN
            EXECUTE format('GRANT UPDATE (%s) ON %s TO %s',
                           (SELECT string_agg(quote_ident(name), ', ')
                              FROM jsonb_array_elements_text(columns -> found.name) AS name),
                           found.relation, application);
        ELSIF NOT found.is_fixed THEN
            EXECUTE format('GRANT UPDATE ON %s TO %s', found.relation, application);
        END IF;
        IF found.name = ANY(forgotten) THEN
            EXECUTE format('GRANT DELETE ON %s TO %s', found.relation, application);
        END IF;
    END LOOP;
    EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %s', application);
    -- Nor does it keep large objects, which any role may make otherwise. They are functions of the
    -- server's own: where the owner of the tables is no superuser, one has to do this (SECURITY.md).
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        FOR found IN
            SELECT p.oid::regprocedure AS rule FROM pg_proc p
             WHERE p.pronamespace = 'pg_catalog'::regnamespace
               AND (p.proname LIKE 'lo\_%' OR p.proname IN ('loread', 'lowrite'))
        LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', found.rule);
        END LOOP;
    END IF;
    -- Rules call functions as the one who writes; the one with rights of its own is no such.
    FOR found IN
        SELECT p.oid::regprocedure AS rule FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = current_user::regrole
           AND p.prorettype <> 'trigger'::regtype AND NOT p.prosecdef
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', found.rule, application);
    END LOOP;
END $$;
