"""Plans as buyers and merchants read them, and which contract a customer's visit code is for."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine

from wallet.database import read
from wallet.plans.records import Plan
from wallet.plans.visit_codes import CODE_TRIES, code_mac

READ_PLAN: Final = f"""
    SELECT {Plan.COLUMNS}
      FROM plans l JOIN merchants m ON m.holder_id = l.merchant_id
     WHERE l.id = :plan
"""

MOST_PLANS: Final = 200

READ_PLANS: Final = f"""
    SELECT {Plan.COLUMNS}
      FROM tills t
      JOIN plans l ON l.merchant_id = t.merchant_id   -- index plans_of_merchant
      JOIN merchants m ON m.holder_id = l.merchant_id
     WHERE t.number = :till AND l.withdrawn_at IS NULL
     ORDER BY l.id DESC
     LIMIT :limit
"""

# By the payer's contracts, which are few, not by a busy merchant's.
READ_CODES: Final = """
    SELECT c.id, v.code_mac
      FROM holders h
      JOIN contracts c ON c.payer_id = h.id   -- index contracts_of_payer
      JOIN visit_codes v ON v.contract_id = c.id
     WHERE h.msisdn = :msisdn AND c.payee_id = :merchant
     ORDER BY v.used_at IS NULL AND v.expires_at > :now AND v.wrong_tries < :tries DESC,
              v.asked_at DESC
"""

READ_REDEEMED: Final = "SELECT original_id FROM postings WHERE key = :key AND actor_id = :merchant"


def plan_of(engine: Engine, plan_id: int) -> Plan | None:
    """Return a plan, also one that is sold no longer: its buyers may look."""
    rows = read(engine, READ_PLAN, plan=plan_id)
    return Plan(*rows[0]) if rows else None


def plans_at(engine: Engine, till: str) -> tuple[Plan, ...]:
    """Return what the merchant of a till sells, newest first."""
    return tuple(Plan(*row) for row in read(engine, READ_PLANS, till=till, limit=MOST_PLANS))


def contract_of_code(
    engine: Engine,
    secret: bytes,
    merchant_id: int,
    key: UUID,
    msisdn: str,
    code: str,
    now: datetime,
) -> int | None:
    """Return which contract of a customer with this merchant a code was asked for.

    A wrong code is taken to be for the one asked for last of those that are still good, where the
    try is counted: it is a try at all of them. What was redeemed under this key before is that
    again, whatever was asked for since.
    """
    before = read(engine, READ_REDEEMED, key=key, merchant=merchant_id)
    if before and before[0][0] is not None:
        return int(before[0][0])
    asked = {"msisdn": msisdn, "merchant": merchant_id, "now": now, "tries": CODE_TRIES}
    rows = read(engine, READ_CODES, **asked)
    found = [
        id_ for id_, mac in rows if hmac.compare_digest(bytes(mac), code_mac(secret, id_, code))
    ]
    ids = found or [row[0] for row in rows]
    return int(ids[0]) if ids else None
