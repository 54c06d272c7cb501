-- Orders that are paid once, refunds that wait until a day, lists that are forgotten.

-- Merchants: an order that a code names is paid once, whoever pays it.
CREATE TABLE paid_orders (
    order_id bigint PRIMARY KEY,    -- of the till and the reference
    id bigint NOT NULL UNIQUE REFERENCES postings (id),   -- the payment
    till text NOT NULL REFERENCES tills (number),
    reference text NOT NULL,        -- the merchant's, or drawn for the code
    CONSTRAINT paid_orders_paid_once UNIQUE (till, reference)
);
CREATE TRIGGER paid_orders_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paid_orders
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('an order stays paid');

-- Refunds: one that waits for its merchant's money does so until a day.
ALTER TABLE refunds ADD COLUMN waits_until timestamptz;   -- null where it never waited
UPDATE refunds SET waits_until = asked_at + interval '30 days' WHERE state = 'waiting';
ALTER TABLE refunds
    ADD CONSTRAINT refunds_waiting_has_an_end CHECK (state <> 'waiting' OR waits_until IS NOT NULL);
CREATE TRIGGER refunds_day_is_fixed BEFORE UPDATE OF waits_until ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_change('a refund keeps the day until which it waits');

-- Lists: one that nobody confirmed may be forgotten, whole; of one that was, nothing is deleted, and it
-- stays confirmed. What is forgotten goes with the list itself, in one statement: its row is what a
-- confirmation locks, so that a list that is confirmed meanwhile keeps all it has.
DROP TRIGGER bulk_rows_stay ON bulk_rows;
CREATE TRIGGER bulk_rows_stay BEFORE UPDATE OR TRUNCATE ON bulk_rows
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('rows are append-only');
DROP TRIGGER bulk_batches_never_deleted ON bulk_batches;
CREATE TRIGGER bulk_batches_never_emptied BEFORE TRUNCATE ON bulk_batches
    FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a batch is never deleted', 'bulk_batches_append_only');
CREATE TRIGGER bulk_batches_terms_are_fixed
    BEFORE UPDATE OF bulk_id, first_row, row_count, lane, amount_minor, fee_minor ON bulk_batches
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a batch keeps what it was checked as');
CREATE TRIGGER bulks_confirmed_once
    BEFORE UPDATE OF posting_id, source_account_id, account_ids, confirmed_at ON bulks
    FOR EACH ROW WHEN (OLD.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a list is confirmed once');

CREATE FUNCTION check_forgotten_list() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM bulks WHERE id IN (SELECT bulk_id FROM forgotten)) THEN
        RAISE EXCEPTION 'of a list, confirmed or not, nothing is deleted but with the list itself'
            USING ERRCODE = 'integrity_constraint_violation',
                  CONSTRAINT = 'bulks_are_forgotten_whole';
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION check_forgotten_list() FROM PUBLIC;
CREATE TRIGGER bulk_rows_go_with_their_list AFTER DELETE ON bulk_rows
    REFERENCING OLD TABLE AS forgotten
    FOR EACH STATEMENT EXECUTE FUNCTION check_forgotten_list();
CREATE TRIGGER bulk_batches_go_with_their_list AFTER DELETE ON bulk_batches
    REFERENCING OLD TABLE AS forgotten
    FOR EACH STATEMENT EXECUTE FUNCTION check_forgotten_list();
CREATE TRIGGER bulks_confirmed_stay BEFORE DELETE ON bulks FOR EACH ROW
    WHEN (OLD.confirmed_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('a list that was confirmed is never deleted');
CREATE TRIGGER bulks_never_emptied BEFORE TRUNCATE ON bulks FOR EACH STATEMENT
    EXECUTE FUNCTION refuse_change('a list that was confirmed is never deleted');
CREATE INDEX bulks_unconfirmed ON bulks (uploaded_at) WHERE confirmed_at IS NULL;   -- the worker

-- Delivery reports of no text.
CREATE INDEX text_reports_lapsed ON text_reports (received_at);   -- the worker
