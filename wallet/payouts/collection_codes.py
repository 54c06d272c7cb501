"""Which payout a merchant means who stands before an agent: found by their phone and their code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from wallet.database import read
from wallet.payouts.records import CASH_CODE
from wallet.people.one_time import CodeMac, OneTimeCode

# Collected ones too: the same request, sent again, is to find the payout that it was about.
READ_COLLECTIBLE: Final = """
    SELECT p.id, p.currency, p.state = 'collectible' AND p.expires_at > :now AS waits,
           p.code_kid, p.code_mac
      FROM payouts p
      JOIN holders h ON h.id = p.merchant_id
     WHERE h.msisdn = :msisdn AND p.kind = 'cash'
     ORDER BY waits DESC, p.id DESC
     LIMIT :limit
"""

MOST: Final = 200
"""So many of a merchant's payouts in cash are looked at, those that wait before the others."""


@dataclass(frozen=True, slots=True)
class Collectible:
    """Which payout a phone and a code mean, before anything is locked."""

    payout_id: int
    currency: str


def payout_of_code(
    engine: Engine,
    msisdn: str,
    code: OneTimeCode,
    keys: Mapping[str, bytes],
    home: str,
    now: datetime,
) -> Collectible:
    """Return the payout whose code it is; else the newest that still waits: the guess counts there.

    One whose code has expired, or was guessed at too often, would count no more guesses, while
    each is a guess at the others.
    """
    rows = read(engine, READ_COLLECTIBLE, msisdn=msisdn, now=now, limit=MOST)
    for id_, currency, _, kid, mac in rows:
        if code.fits(CASH_CODE, id_, CodeMac(kid, mac), keys):
            return Collectible(id_, currency)
    for id_, currency, waits, _, _ in rows:
        if waits:
            return Collectible(id_, currency)
    return Collectible(0, home)
