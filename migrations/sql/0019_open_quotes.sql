-- A quote keeps what it promises of its maker's inventory until it is accepted or freed: open quotes.

ALTER TABLE quotes
    ADD COLUMN freed_at timestamptz;   -- since when others may have it: expired, or cancelled

UPDATE quotes SET freed_at = expires_at WHERE accepted_at IS NULL AND expires_at <= now();

ALTER TABLE quotes
    ADD CONSTRAINT quotes_are_accepted_or_freed CHECK (accepted_at IS NULL OR freed_at IS NULL);

-- What is promised of a currency, by maker, and which of it has expired: few rows are open at a time.
CREATE INDEX quotes_open ON quotes (target_currency, expires_at) INCLUDE (maker_id, target_minor)
    WHERE accepted_at IS NULL AND freed_at IS NULL;
