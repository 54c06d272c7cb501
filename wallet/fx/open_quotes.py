"""Open quotes: each keeps what it promises of its maker's inventory, till it is accepted or freed.

A maker's inventory is balance less what open quotes promise of it, so what was quoted can always be
delivered. Quotes of one target currency are made one after the other, so that no two promise the
same money.

An expired quote is freed by whoever next asks for a price in that currency; no job has to run. From
then on it cannot be accepted, also not by a batch that began before it expired: another may have
been promised the money. One that is being accepted at that moment is left alone.

A partner's open quotes cost at most what its prefund holds, so nobody keeps a maker's money from
others without having the money for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, text

from wallet.errors import Code, Refused
from wallet.money import Money

# Held to the end of the transaction. The poster takes neither: no payment waits for a quote.
TAKE_TURN: Final = """
    SELECT set_config('lock_timeout', '10s', true),   -- whoever has its turn so long has died
           pg_advisory_xact_lock(7214, hashtext(:currency)), pg_advisory_xact_lock(:partner)
"""

FREE_EXPIRED: Final = """
    UPDATE quotes SET freed_at = :now
     WHERE id IN (SELECT id FROM quotes   -- index quotes_open
                   WHERE target_currency = :currency AND expires_at <= :now
                     AND accepted_at IS NULL AND freed_at IS NULL
                     FOR UPDATE SKIP LOCKED)   -- one that is being accepted keeps its money
"""

READ_PREFUND: Final = """
    SELECT a.balance_minor,
           (SELECT coalesce(sum(q.source_minor + q.fee_minor), 0)::bigint FROM quotes q
             WHERE q.partner_id = :partner AND q.source_currency = :currency
               AND q.expires_at > :now AND q.accepted_at IS NULL AND q.freed_at IS NULL)
      FROM accounts a
     WHERE a.holder_id = :partner AND a.kind = 'prefund' AND a.currency = :currency
"""

CANCEL_QUOTE: Final = """
    UPDATE quotes SET expires_at = :now, freed_at = :now
     WHERE id = :quote AND partner_id = :partner AND expires_at > :now
       AND accepted_at IS NULL AND freed_at IS NULL
"""

FIND_QUOTE: Final = """
    SELECT accepted_at IS NOT NULL FROM quotes WHERE id = :quote AND partner_id = :partner
"""


def take_turn(connection: Connection, partner_id: int, currency: str, now: datetime) -> None:
    """Wait for other quotes of a target currency, then free those that have expired."""
    named = {"partner": partner_id, "currency": currency, "now": now}
    connection.execute(text(TAKE_TURN), named)
    connection.execute(text(FREE_EXPIRED), named)


def check_prefund(connection: Connection, partner_id: int, cost: Money, now: datetime) -> None:
    """Raise `Refused` where a partner could not accept a quote beside its open ones."""
    named = {"partner": partner_id, "currency": cost.currency, "now": now}
    row = connection.execute(text(READ_PREFUND), named).one_or_none()
    balance, quoted = (Money(cost.currency, minor) for minor in row or (0, 0))
    if cost > balance:
        raise Refused(Code.INSUFFICIENT_FUNDS, needed=cost.text)
    if cost + quoted > balance:
        raise Refused(Code.OPEN_QUOTES_EXCEED_PREFUND, needed=cost.text, quoted=quoted.text)


def cancel_quote(engine: Engine, partner_id: int, quote_id: int, now: datetime) -> None:
    """Let a quote expire now; one that has expired stays as it is. Raises `Refused`."""
    named = {"partner": partner_id, "quote": quote_id, "now": now}
    with engine.begin() as connection:
        connection.execute(text(CANCEL_QUOTE), named)
        found = connection.execute(text(FIND_QUOTE), named).one_or_none()
        if found is None:
            raise Refused(Code.QUOTE_UNKNOWN)
        if found[0]:
            raise Refused(Code.QUOTE_USED)
