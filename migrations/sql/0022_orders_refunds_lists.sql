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
