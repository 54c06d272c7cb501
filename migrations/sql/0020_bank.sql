-- What banks send: a line is known by its place in its statement, a statement by what it says.
-- Banks use ids and references again, and balances alone tell what moved.

ALTER TABLE bank_statements DROP CONSTRAINT bank_statements_come_once;
-- For "has this statement come before?"
CREATE INDEX bank_statements_named ON bank_statements (account, currency, name);

ALTER TABLE bank_lines DROP CONSTRAINT bank_lines_come_once;
ALTER TABLE bank_lines RENAME COLUMN key TO bank_reference;   -- as the bank writes it, if it does
ALTER TABLE bank_lines ALTER COLUMN bank_reference DROP NOT NULL;
ALTER TABLE bank_lines ADD COLUMN line_no int;
UPDATE bank_lines l SET line_no = n.line_no
  FROM (SELECT id, row_number() OVER (PARTITION BY statement_id ORDER BY id) AS line_no
          FROM bank_lines) AS n
 WHERE n.id = l.id;
ALTER TABLE bank_lines ALTER COLUMN line_no SET NOT NULL;
ALTER TABLE bank_lines ADD CONSTRAINT bank_lines_stand_once UNIQUE (statement_id, line_no);

-- Statements that lack a line, since its reference had come before: their files may come again.
UPDATE bank_files SET digest = digest || 'again'::bytea
 WHERE id IN (SELECT s.file_id
                FROM bank_statements s
                LEFT JOIN bank_lines l ON l.statement_id = s.id
               GROUP BY s.id
              HAVING s.closing_minor - s.opening_minor <> coalesce(sum(l.amount_minor), 0));

ALTER TABLE bank_exceptions ADD COLUMN told text;   -- what there is to say of no line or answer

CREATE TABLE bank_uploads (         -- files that one of the staff uploaded, until they are taken
    id bigint PRIMARY KEY,          -- the file's, once it is taken
    digest bytea NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    received_at timestamptz NOT NULL,
    received_from bigint NOT NULL REFERENCES holders (id),
    approval_id bigint REFERENCES approvals (id),   -- null: nobody has been asked
    CONSTRAINT bank_uploads_wait_once UNIQUE (digest)
);
