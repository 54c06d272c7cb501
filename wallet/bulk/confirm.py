"""Confirming a list: its total and all its fees leave the source at once, into the list's accounts.

So a list never stops in the middle for lack of money. What cannot be paid of it comes back at
its end, with its fees. A person pays from their wallet, with their PIN; a partner from its
prefund. The total counts towards a person's limits of the day and the month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from wallet.bulk.records import BulkConfirmed, ToConfirm
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.posting import Decision, Leg, NewAccount, Posting, Row
from wallet.money import Money
from wallet.people.limits import Usage, check_total
from wallet.people.parties import check_funds, check_sender
from wallet.people.pin import Pin, PinState, proven


@dataclass(frozen=True, slots=True)
class Command:
    """`actor` is who pays. A partner has no PIN: its secret has proved it already."""

    KIND: ClassVar[str] = "bulk"

    actor: int
    key: UUID
    pin: Pin | None = field(compare=False)
    bulk_id: int

    def needs(self) -> Needs:
        """The list, and the payer's PIN and accounts."""
        records = ((PinState, self.actor), (ToConfirm, self.bulk_id))
        return Needs(holders=(self.actor,), records=records, of_holders=(Usage,))


def decide(command: Command, facts: Facts) -> Decision:
    """Return the posting, or raise the first refusal in `Code` order."""
    listed = facts.record(ToConfirm, command.bulk_id)
    if listed is None or listed.bulk.holder_id != command.actor:
        raise Refused(Code.NOT_FOUND)
    bulk = listed.bulk
    payer = facts.holders[command.actor]
    check_sender(payer)
    source = facts.account(payer.id, bulk.source_kind, bulk.currency)
    if source is None and bulk.state == "checked":
        raise Refused(Code.NO_WALLET_IN_CURRENCY, currency=bulk.currency)
    if bulk.source_kind != Kind.WALLET:
        return _confirmed(listed, payer, source, facts, ())
    if command.pin is None:
        raise Refused(Code.FORMAT_ERROR, field="pin")
    with proven(command.pin, payer, facts) as pin_rows:
        return _confirmed(listed, payer, source, facts, pin_rows)


def _confirmed(
    listed: ToConfirm,
    payer: Holder,
    source: Account | None,
    facts: Facts,
    pin_rows: tuple[Row, ...],
) -> Decision:
    bulk = listed.bulk
    if bulk.state != "checked":
        raise Refused(Code.INCORRECT_STATE, state=bulk.state)
    assert source is not None
    rows = list(pin_rows)
    if bulk.source_kind == Kind.WALLET:
        rows.append(check_total(facts, payer, bulk.amount))
    total = bulk.amount + bulk.fee
    check_funds(source, total)

    own = [Account(facts.new_id(), None, Kind.BULK, bulk.currency) for _ in listed.lanes_minor]
    rows.extend(NewAccount(account, facts.now) for account in own)
    ids = tuple(account.id for account in own)
    rows.append(BulkConfirmed(listed, facts.id, source.id, ids, facts.now))
    parts = [Money(bulk.currency, minor) for minor in listed.lanes_minor]
    legs = (Leg(source, -total), *map(Leg, own, parts))
    return Decision(
        Posting("bulk", legs, sender_id=payer.id),
        answer={
            "reference": facts.reference,
            "kind": "bulk",
            "bulk": reference(bulk.id),
            "rows": bulk.row_count,
            "amount": bulk.amount.json,
            "fee": bulk.fee.json,
            "balance": (source.balance - total).json,
            "posted_at": facts.now.isoformat(),
        },
        rows=tuple(rows),
    )
