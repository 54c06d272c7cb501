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
