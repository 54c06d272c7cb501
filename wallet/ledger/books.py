"""The books check: proves the ledger from its entries alone."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Engine, text

_CHECKS: Final = {
    "posting {0} does not net to zero in {1}: {2} minor units": """
        SELECT e.posting_id, a.currency, sum(e.amount_minor)
          FROM entries e JOIN accounts a ON a.id = e.account_id
         GROUP BY e.posting_id, a.currency HAVING sum(e.amount_minor) <> 0
    """,
    "account {0} says {1}, its entries say {2}": """
        SELECT a.id, a.balance_minor, coalesce(sum(e.amount_minor), 0)
          FROM accounts a LEFT JOIN entries e ON e.account_id = a.id
         GROUP BY a.id HAVING a.balance_minor <> coalesce(sum(e.amount_minor), 0)
             OR a.entry_count <> count(e.account_id)
    """,
    "entry {1} of account {0} does not continue the one before": """
        SELECT account_id, entry_no
          FROM (SELECT account_id, entry_no, amount_minor, balance_after_minor,
                       lag(balance_after_minor, 1, 0::bigint) OVER account AS before_minor,
                       row_number() OVER account AS expected_no
                  FROM entries WINDOW account AS (PARTITION BY account_id ORDER BY entry_no)) e
         WHERE balance_after_minor <> before_minor + amount_minor OR entry_no <> expected_no
    """,
    "entry {1} of account {0} belongs to no account or posting": """
        SELECT e.account_id, e.entry_no FROM entries e
         WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.id = e.account_id)
            OR NOT EXISTS (SELECT FROM postings p WHERE p.id = e.posting_id)
    """,
    "posting {0} ({1}) told of an amount and has no entries": """
        SELECT p.id, p.kind FROM postings p
         WHERE coalesce(p.answer -> 'amount', p.answer -> 'target') IS NOT NULL
           AND NOT EXISTS (SELECT FROM entries e WHERE e.posting_id = p.id)
    """,
    "account {0} ({1}) is overdrawn: {2}": """
        SELECT id, kind, balance_minor FROM accounts WHERE kind <> 'trust' AND balance_minor < 0
    """,
    "{0}: issued e-money {1} is not what the trust account holds, {2}": """
        SELECT currency, sum(balance_minor) FILTER (WHERE kind <> 'trust'),
               -sum(balance_minor) FILTER (WHERE kind = 'trust')
          FROM accounts GROUP BY currency HAVING sum(balance_minor) <> 0
    """,
    "contract {0}: released {1} + returned {2} + held {3} is not its amount {4}": """
        SELECT c.id, c.released_minor, c.returned_minor, a.balance_minor, c.amount_minor
          FROM contracts c
          LEFT JOIN accounts a ON a.id = c.id AND a.kind = 'escrow' AND a.currency = c.currency
         WHERE c.released_minor + c.returned_minor + a.balance_minor
               IS DISTINCT FROM c.amount_minor
    """,
    "contract {0}: disputed {1} is not what its disputes hold, {2}": """
        SELECT c.id, c.disputed_minor, coalesce(d.open_minor, 0)
          FROM contracts c
          LEFT JOIN (SELECT contract_id, sum(open_minor) AS open_minor FROM disputes
                      GROUP BY contract_id) d ON d.contract_id = c.id
         WHERE c.disputed_minor <> coalesce(d.open_minor, 0)
    """,
    "escrow account {0} has no contract": """
        SELECT a.id FROM accounts a
         WHERE a.kind = 'escrow' AND NOT EXISTS (SELECT FROM contracts c WHERE c.id = a.id)
    """,
    "list {0}: what is still to be paid is {1}, its accounts hold {2}": """
        SELECT b.id, b.left_minor, coalesce(a.balance_minor, 0)
          FROM (SELECT b.id, b.account_ids,
                       coalesce(sum(r.amount_minor + r.fee_minor), 0) AS left_minor
                  FROM bulks b
                  LEFT JOIN bulk_batches t ON t.bulk_id = b.id AND b.state = 'posting'
                  LEFT JOIN bulk_rows r ON r.bulk_id = b.id AND r.row_no >= t.first_row
                                       AND r.row_no < t.first_row + t.row_count
                  LEFT JOIN bulk_outcomes o ON o.bulk_id = b.id AND o.row_no = r.row_no
                 WHERE t.posted_at IS NULL OR o.outcome = 'refused'
                 GROUP BY b.id) b
          LEFT JOIN LATERAL (SELECT sum(balance_minor) AS balance_minor FROM accounts
                              WHERE id = ANY(b.account_ids)) a ON true
         WHERE coalesce(a.balance_minor, 0) <> b.left_minor
    """,
    "account {0} is no list's": """
        SELECT a.id FROM accounts a
         WHERE a.kind = 'bulk' AND NOT EXISTS (SELECT FROM bulks b WHERE a.id = ANY(b.account_ids))
    """,
    "list {0}: its batches say {1} was paid, its postings say {2}": """
        SELECT b.id, sum(t.paid_minor + t.held_minor), coalesce(-p.amount_minor, 0)
          FROM bulks b
          JOIN bulk_batches t ON t.bulk_id = b.id
          LEFT JOIN (SELECT p.original_id, sum(e.amount_minor) AS amount_minor
                       FROM accounts a
                       JOIN entries e ON e.account_id = a.id
                       JOIN postings p ON p.id = e.posting_id AND p.kind = 'bulk_payment'
                      WHERE a.kind = 'bulk'
                      GROUP BY p.original_id) p ON p.original_id = b.posting_id
         GROUP BY b.id, p.amount_minor
        HAVING sum(t.paid_minor + t.held_minor) <> coalesce(-p.amount_minor, 0)
    """,
    "{0}: payouts under way are {1}, the transit account holds {2}": """
        SELECT currency, coalesce(p.amount_minor, 0), coalesce(a.balance_minor, 0)
          FROM (SELECT currency, balance_minor FROM accounts WHERE kind = 'in_transit') a
          FULL JOIN (SELECT currency, sum(amount_minor + fee_minor) AS amount_minor FROM payouts
                      WHERE state NOT IN ('paid', 'failed') GROUP BY currency) p USING (currency)
         WHERE coalesce(a.balance_minor, 0) <> coalesce(p.amount_minor, 0)
    """,
    "merchant {0}: reserves not yet freed are {1} {2}, the reserve account holds {3}": """
        SELECT merchant_id, currency, coalesce(r.amount_minor, 0), coalesce(a.balance_minor, 0)
          FROM (SELECT holder_id AS merchant_id, currency, balance_minor FROM accounts
                 WHERE kind = 'reserve') a
          FULL JOIN (SELECT merchant_id, currency, sum(amount_minor) AS amount_minor FROM reserves
                      WHERE freed_at IS NULL GROUP BY merchant_id, currency) r
               USING (merchant_id, currency)
         WHERE coalesce(a.balance_minor, 0) <> coalesce(r.amount_minor, 0)
    """,
    "payment {0}: {1} was refunded, {2} released": """
        SELECT payment_id, sum(amount_minor),
               released_of(payment_id, min(merchant_id), min(payer_id), min(currency))
          FROM refunds WHERE state <> 'declined' GROUP BY payment_id
        HAVING sum(amount_minor)
               > released_of(payment_id, min(merchant_id), min(payer_id), min(currency))
            OR EXISTS (SELECT FROM reversals r WHERE r.original_id = payment_id)
    """,
    "refund {0} of {1} is not what its posting moved": """
        SELECT f.id, f.amount_minor FROM refunds f
         WHERE f.state = 'paid' AND NOT EXISTS (
               SELECT FROM entries e
                 JOIN accounts a ON a.id = e.account_id AND a.holder_id = f.payer_id
                 JOIN postings p ON p.id = e.posting_id AND p.original_id = f.payment_id
                WHERE e.posting_id = f.posting_id AND e.amount_minor = f.amount_minor)
    """,
    "inventory {0} holds {1}, its open quotes promise {2}": """
        SELECT a.id, a.balance_minor, q.promised_minor
          FROM (SELECT maker_id, target_currency, sum(target_minor) AS promised_minor FROM quotes
                 WHERE accepted_at IS NULL AND freed_at IS NULL
                 GROUP BY maker_id, target_currency) q
          JOIN accounts a ON a.holder_id = q.maker_id AND a.kind = 'maker'
                         AND a.currency = q.target_currency
         WHERE q.promised_minor > a.balance_minor
    """,
    "posting {0} is reversed by {1}, which is not its opposite": """
        SELECT r.original_id, r.id FROM reversals r
         WHERE EXISTS (
               SELECT FROM entries e
                WHERE e.posting_id IN (r.id, r.original_id)
                   OR e.posting_id IN (SELECT c.id FROM postings c
                                        WHERE c.original_id = r.original_id
                                          AND c.kind = 'commission')
                GROUP BY e.account_id HAVING sum(e.amount_minor) <> 0)
            OR NOT EXISTS (SELECT FROM postings p WHERE p.id = r.id AND p.kind = 'reverse'
                              AND p.original_id = r.original_id)
    """,
}

_QUERIES: Final = {sentence: text(query) for sentence, query in _CHECKS.items()}

_TOTALS: Final = """
    SELECT currency, kind, sum(balance_minor), count(*) FROM accounts
     GROUP BY currency, kind ORDER BY currency, kind
"""


def check_books(engine: Engine) -> list[str]:
    """Return what is wrong with the books, a sentence each; nothing for clean books.

    All of it is read from one snapshot, so it can run beside live traffic.
    """
    findings = []
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for sentence, query in _QUERIES.items():
            for row in connection.execute(query):
                findings.append(sentence.format(*row))  # noqa: PERF401 -- rows come one by one
    return findings


def totals(engine: Engine) -> list[tuple[str, str, int, int]]:
    """Return (currency, account kind, balance in minor units, accounts) for each kind."""
    with engine.connect() as connection:
        rows = connection.execute(text(_TOTALS)).all()
    return [(row[0], row[1], int(row[2]), int(row[3])) for row in rows]
