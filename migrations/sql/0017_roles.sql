-- The wall around the ledger: the application's role has no right to move a balance. Entries move
-- it, by the one function that runs with its owner's rights. What else the role may do is in
-- migrations/grants.sql, which is run after every migration.

-- A trigger is fired whoever may execute its function; making a new trigger of it takes the right.
ALTER FUNCTION carry_entries() SECURITY DEFINER;

-- Rules read the tables they are about, whatever the session's search_path says, and no temporary
-- table of the same name.
DO $$
DECLARE
    rule regprocedure;
BEGIN
    FOR rule IN SELECT p.oid::regprocedure FROM pg_proc p
                 WHERE p.pronamespace = 'public'::regnamespace
                   AND p.proowner = current_user::regrole
                   AND NOT EXISTS (SELECT FROM pg_depend d
                                    WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', rule);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', rule);
    END LOOP;
END $$;
