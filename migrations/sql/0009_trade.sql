-- Trade documents: what was ordered, sent and received, beside what was paid.

CREATE TABLE trade_documents (      -- of a contract; a later version takes an earlier one's place
    contract_id bigint NOT NULL REFERENCES contracts (id),
    kind text NOT NULL,
    version smallint NOT NULL,
    posting_id bigint NOT NULL,     -- the act it came with, which the timeline shows
    author_id bigint NOT NULL REFERENCES holders (id),
    body jsonb NOT NULL,            -- as the code writes it, and alone reads it
    added_at timestamptz NOT NULL,
    PRIMARY KEY (contract_id, kind, version),
    CONSTRAINT trade_documents_kind_is_known CHECK (kind IN ('order', 'shipment', 'delivery')),
    CONSTRAINT trade_documents_delivered_once CHECK (kind <> 'delivery' OR version = 1),
    CONSTRAINT trade_documents_version_counts CHECK (version >= 1)
);
CREATE TRIGGER trade_documents_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON trade_documents
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('trade documents are append-only');
