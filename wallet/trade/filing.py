"""Trade: either party files the order, the payee the shipment, then the proof of delivery.

A document may be replaced until the next one builds on it: an order, by who filed it, until it is
shipped; a shipment until it is delivered; a proof of delivery never. Every version is kept. None
of it moves money, but a proof of delivery may bring a deadline nearer, where the merchant's terms
say so: the payer then has that long, from the moment they are told, to dispute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from uuid import UUID

from wallet.clock import reference
from wallet.contracts.moves import party_to
from wallet.contracts.records import Contract
from wallet.contracts.texts import Values, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Moment, Posting, Row, Text
from wallet.people.parties import check_sender, phone_of
from wallet.people.pin import Pin, PinState, proven
from wallet.trade.documents import (
    Delivery,
    Order,
    Shipment,
    check_delivery,
    check_order,
    check_shipment,
)
from wallet.trade.records import Filed, NewDocument, TradeFile

MOST_VERSIONS: Final = 20


@dataclass(frozen=True, slots=True)
class _Act:
    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    contract_id: int

    def needs(self) -> Needs:
        """The actor's PIN is guarded; the contract brings the rest."""
        records = ((Contract, self.contract_id), (TradeFile, self.contract_id))
        return Needs(holders=(self.actor,), records=((PinState, self.actor), *records))


@dataclass(frozen=True, slots=True)
class FileOrder(_Act):
    """`actor` is the payer or the payee."""

    KIND: ClassVar[str] = "order"

    order: Order


@dataclass(frozen=True, slots=True)
class Ship(_Act):
    """`actor` is the payee."""

    KIND: ClassVar[str] = "ship"

    shipment: Shipment


@dataclass(frozen=True, slots=True)
class Deliver(_Act):
    """`actor` is the payee."""

    KIND: ClassVar[str] = "deliver"

    delivery: Delivery


def decide_order(command: FileOrder, facts: Facts) -> Decision:
    """Return the order, or raise the first refusal in `Code` order."""
    order = check_order(command.order)
    contract = facts.record(Contract, command.contract_id)
    is_payer = contract is not None and contract.payer_id == command.actor
    side = "payer" if is_payer else "payee"
    contract, author = party_to(command.contract_id, command.actor, side, facts)
    check_sender(author)
    with proven(command.pin, author, facts) as pin_rows:
        file = _file(contract, facts)
        if file.shipment is not None:
            raise Refused(Code.TRADE_DOCUMENT_FIXED, because="shipped")
        if file.order is not None and file.order.author_id != author.id:
            raise Refused(Code.TRADE_DOCUMENT_FIXED, because="of the other party")
        filed = Filed(_version(file.order), author.id, facts.now, order)
        told = {"total": order.total.json, "lines": len(order.lines)}
        return _filed(command.KIND, contract, author, filed, facts, pin_rows, told)


def decide_ship(command: Ship, facts: Facts) -> Decision:
    """Return the shipment, or raise the first refusal in `Code` order."""
    shipment = check_shipment(command.shipment, facts.now)
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    check_sender(payee)
    with proven(command.pin, payee, facts) as pin_rows:
        file = _file(contract, facts)
        if file.order is None:
            raise Refused(Code.TRADE_DOCUMENT_MISSING, missing="order")
        if file.delivery is not None:
            raise Refused(Code.TRADE_DOCUMENT_FIXED, because="delivered")
        filed = Filed(_version(file.shipment), payee.id, facts.now, shipment)
        told = {"carrier": shipment.carrier, "tracking_number": shipment.tracking_number}
        payer = facts.holders[contract.payer_id]
        values: Values = {
            "reference": facts.reference,
            "name": contract.merchant or payee.name,
            "carrier": shipment.carrier,
            "tracking": shipment.tracking_number,
        }
        texts = texts_to((payer, "shipped", values))
        return _filed(command.KIND, contract, payee, filed, facts, pin_rows, told, texts)


def decide_deliver(command: Deliver, facts: Facts) -> Decision:
    """Return the proof and perhaps a nearer deadline, or the first refusal in `Code` order."""
    delivery = check_delivery(command.delivery, facts.now)
    contract, payee = party_to(command.contract_id, command.actor, "payee", facts)
    check_sender(payee)
    with proven(command.pin, payee, facts) as pin_rows:
        file = _file(contract, facts)
        if file.shipment is None:
            raise Refused(Code.TRADE_DOCUMENT_MISSING, missing="shipment")
        if file.delivery is not None:
            raise Refused(Code.TRADE_DOCUMENT_FIXED, because="delivered")
        deadline_at = sooner(contract, facts.now)
        rows: tuple[Row, ...] = pin_rows
        if deadline_at < contract.deadline_at:
            rows = (contract.moved(facts.now, deadline_at=deadline_at), *pin_rows)
        filed = Filed(1, payee.id, facts.now, delivery)
        told = {
            "delivered_at": delivery.delivered_at.isoformat(),
            "deadline_before": contract.deadline_at.isoformat(),
            "deadline_at": deadline_at.isoformat(),
        }
        texts = _delivered(contract, payee, deadline_at, facts)
        return _filed(command.KIND, contract, payee, filed, facts, rows, told, texts)


def sooner(contract: Contract, now: datetime) -> datetime:
    """Return the deadline of a contract whose goods have arrived: never a later one.

    What returns to its payer at the deadline keeps it: that time is the payer's.
    """
    terms = contract.pricing
    if terms is None or terms.after_delivery_s is None or not _is_waiting(contract, now):
        return contract.deadline_at
    nearer = now + timedelta(seconds=terms.after_delivery_s)
    is_later = nearer > contract.opened_at  # or the contract would have no time at all
    return min(contract.deadline_at, nearer) if is_later else contract.deadline_at


def _is_waiting(contract: Contract, now: datetime) -> bool:
    return (
        contract.at_deadline == "release"
        and contract.closed_at is None
        and contract.rest.is_positive
        and now < contract.deadline_at
    )


def _file(contract: Contract, facts: Facts) -> TradeFile:
    file = facts.record(TradeFile, contract.id)
    assert file is not None, contract
    return file


def _version(before: Filed[Any] | None) -> int:
    if before is None:
        return 1
    if before.version == MOST_VERSIONS:
        raise Refused(Code.TRADE_DOCUMENT_FIXED, because=f"changed {MOST_VERSIONS} times")
    return before.version + 1


def _filed(
    kind: str,
    contract: Contract,
    author: Holder,
    filed: Filed[Any],
    facts: Facts,
    rows: tuple[Row | PinState, ...],
    told: dict[str, Any],
    texts: tuple[Text, ...] = (),
) -> Decision:
    other_id = contract.payee_id if author.id == contract.payer_id else contract.payer_id
    return Decision(
        Posting(kind, (), author.id, other_id, contract.id),
        answer={
            "reference": facts.reference,
            "kind": kind,
            "contract": reference(contract.id),
            "version": filed.version,
            **told,
            "posted_at": facts.now.isoformat(),
        },
        texts=texts,
        rows=(NewDocument(contract.id, facts.id, filed), *rows),
    )


def _delivered(
    contract: Contract, payee: Holder, deadline_at: datetime, facts: Facts
) -> tuple[Text, ...]:
    """Tell both until when the payer may dispute, where they still may."""
    if not _is_waiting(contract, facts.now):
        return ()
    payer = facts.holders[contract.payer_id]
    to_payer: Values = {
        "reference": facts.reference,
        "name": contract.merchant or payee.name,
        "deadline": Moment(deadline_at, facts.market(payer).zone),
        "service_code": facts.market(payer).service_code,
    }
    to_payee: Values = {
        "reference": facts.reference,
        "name": payer.name,
        "phone": phone_of(payer),
        "deadline": Moment(deadline_at, facts.market(payee).zone),
    }
    return texts_to((payer, "delivered_payer", to_payer), (payee, "delivered_payee", to_payee))
