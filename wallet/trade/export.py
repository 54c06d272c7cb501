"""The customs export: order, payment and logistics of one contract in one JSON document.

It is made of recorded facts alone, so the same facts give the same document, byte for byte, with a
SHA-256 that whoever receives it can reckon again: over the document without `sha256`, in the
canonical form of RFC 8785 (names in order, no spaces, UTF-8; all numbers in it are whole).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import orjson
from sqlalchemy import Engine

from wallet.clock import reference
from wallet.contracts.reading import ContractView
from wallet.contracts.records import Contract
from wallet.database import read
from wallet.errors import Code, Refused
from wallet.money import Money
from wallet.trade.matching import Finding, Payment, matching
from wallet.trade.records import Filed, TradeFile

FORMAT: Final = "kibubu.customs"
VERSION: Final = 1

# The payment itself, then every act that names it. What moved is what its entries say; the money
# that came in counts as paid, not as returned to where it came from.
READ_ACTS: Final = """
    WITH acts AS (
        SELECT id FROM postings WHERE id = :contract
         UNION ALL
        SELECT id FROM postings WHERE original_id = :contract   -- index postings_linked
    )
    SELECT p.id, p.kind, p.posted_at,
           CASE p.actor_id WHEN 0 THEN 'nobody' WHEN c.payer_id THEN 'payer'
                           WHEN c.payee_id THEN 'payee' ELSE 'operator' END,
           coalesce(sum(e.amount_minor) FILTER (
               WHERE e.account_id = c.id AND e.amount_minor > 0), 0)::bigint,
           coalesce(sum(e.amount_minor) FILTER (
               WHERE e.account_id = c.payee_account_id AND p.id <> c.id), 0)::bigint,
           coalesce(sum(e.amount_minor) FILTER (
               WHERE e.account_id = c.payer_account_id AND p.id <> c.id), 0)::bigint
      FROM acts
      JOIN postings p ON p.id = acts.id
      JOIN contracts c ON c.id = :contract
      LEFT JOIN entries e ON e.posting_id = p.id   -- index entries_of_posting
           AND e.account_id IN (c.id, c.payee_account_id, c.payer_account_id)
     GROUP BY p.id, c.id
     ORDER BY p.posted_at, p.id
"""

READ_COUNTRIES: Final = """
    SELECT payer.market, payee.market
      FROM contracts c
      JOIN holders payer ON payer.id = c.payer_id
      LEFT JOIN holders payee ON payee.id = c.payee_id
     WHERE c.id = :contract
"""


@dataclass(frozen=True, slots=True)
class Act:
    """Something done with a contract, by whom, and what moved: minor units."""

    id: int
    kind: str
    posted_at: datetime
    who: str  # payer, payee, operator, or nobody, where time did it
    paid_minor: int
    released_minor: int
    returned_minor: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """All that an export is made of."""

    view: ContractView
    payer_country: str
    payee_country: str | None
    file: TradeFile
    acts: Sequence[Act]


def recorded(engine: Engine, view: ContractView, file: TradeFile) -> Recorded:
    """Return what is on record of a contract that the reader may see."""
    contract_id = view.contract.id
    acts = [Act(*row) for row in read(engine, READ_ACTS, contract=contract_id)]
    ((payer_country, payee_country),) = read(engine, READ_COUNTRIES, contract=contract_id)
    return Recorded(view, payer_country, payee_country, file, acts)


def findings(contract: Contract, file: TradeFile) -> tuple[Finding, ...]:
    """Return where a contract's documents and its payment differ."""
    return matching(
        None if file.order is None else file.order.document,
        Payment(contract.amount, contract.opened_at),
        None if file.shipment is None else file.shipment.document,
        None if file.delivery is None else file.delivery.document,
    )


def customs(facts: Recorded) -> dict[str, Any]:
    """Return the export. Raises `Refused` where there is no order or no shipment yet."""
    file = facts.file
    for name, filed in (("order", file.order), ("shipment", file.shipment)):
        if filed is None:
            raise Refused(Code.TRADE_DOCUMENT_MISSING, missing=name)
    contract = facts.view.contract
    document = {
        "format": FORMAT,
        "version": VERSION,
        "reference": reference(contract.id),
        "payer": {"name": facts.view.payer_name, "country": facts.payer_country},
        "payee": {"name": facts.view.payee_name, "country": facts.payee_country},
        "order": filed_json(file.order, contract),
        "payment": _payment(contract, facts.acts),
        "logistics": {
            "shipment": filed_json(file.shipment, contract),
            "delivery": filed_json(file.delivery, contract),
        },
        "mismatches": [each.json for each in findings(contract, file)],
    }
    return {**document, "sha256": digest(document)}


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical form; its own `sha256` is no part of it."""
    plain = {name: value for name, value in document.items() if name != "sha256"}
    return sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def filed_json(filed: Filed[Any] | None, contract: Contract) -> dict[str, Any] | None:
    """Return a document as it is shown: what it says, which version it is, whose and when."""
    if filed is None:
        return None
    return {
        **filed.document.json,
        "version": filed.version,
        "filed_by": "payer" if filed.author_id == contract.payer_id else "payee",
        "filed_at": filed.added_at.isoformat(),
    }


def _payment(contract: Contract, acts: Sequence[Act]) -> dict[str, Any]:
    return {
        "description": contract.description,
        "amount": contract.amount.json,
        "released": contract.released_amount.json,
        "returned": contract.returned_amount.json,
        "held": contract.held.json,
        "disputed": contract.disputed.json,
        "state": "open" if contract.closed_at is None else "closed",
        "paid_at": contract.opened_at.isoformat(),
        "deadline_at": contract.deadline_at.isoformat(),
        "closed_at": None if contract.closed_at is None else contract.closed_at.isoformat(),
        "postings": [_act(act, contract.currency) for act in acts],
    }


def _act(act: Act, currency: str) -> dict[str, Any]:
    return {
        "reference": reference(act.id),
        "kind": act.kind,
        "posted_at": act.posted_at.isoformat(),
        "by": act.who,
        "paid": Money(currency, act.paid_minor).json,
        "released": Money(currency, act.released_minor).json,
        "returned": Money(currency, act.returned_minor).json,
    }
