"""What a batch of a list's rows comes to: paid, held for a number to register, or refused.

Pure: rows and facts in, payments, postings and texts out. A refused row costs nothing: its amount
and its fee stay in the list's account, and come back to the payer with the list's last batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from wallet.bulk.outcomes import Batch, BulkMoved, Outcome
from wallet.bulk.records import Bulk
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.escrow.periods import DAY_S, deadline
from wallet.flows.holding import hold
from wallet.flows.limits import check_in
from wallet.flows.parties import check_receiver, phone_of, wallet_of
from wallet.flows.telling import market_of, tell, tell_number
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.bulk import Payments
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Leg, Moment, Posting, Row, Text
from wallet.money import Money

PAYMENT: Final = "bulk_payment"


class DueRow(NamedTuple):
    """A row whose turn it is."""

    row_no: int
    msisdn: str
    amount_minor: int
    fee_minor: int


@dataclass(slots=True)
class Tally:
    """What became of a batch's rows."""

    paid_rows: int = 0
    paid_minor: int = 0
    held_rows: int = 0
    held_minor: int = 0
    refused_rows: int = 0
    refused_minor: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Paid:
    """A batch as it shall be written: the payments first, then `postings` and `rows`."""

    payments: Payments
    postings: tuple[Posting, ...]
    rows: tuple[Row, ...]
    texts: tuple[Text, ...]


def pay_rows(bulk: Bulk, payer: Holder, due: Sequence[DueRow], first_id: int, facts: Facts) -> Paid:
    """Return what `due`, the list's next rows, come to; their ids count from `first_id`."""
    assert bulk.posting_id is not None, bulk
    assert due[0].row_no == bulk.done_rows + 1, (bulk.done_rows, due[0])
    own = facts.accounts[bulk.id]
    payments = Payments(own, PAYMENT, WORKER, payer.id, bulk.posting_id)
    paying = _Paying(bulk, payer, facts, payments)
    for id_, row in enumerate(due, start=first_id):
        paying.pay(row, id_)
    after = _moved(bulk, paying.tally, len(due), facts.now)
    postings = [*_fee(bulk, own, paying.tally, facts)]
    if after.state == "done":
        postings.extend(_return(bulk, own, after, facts))
        paying.texts.extend(_summary(payer, after, facts))
    batch = Batch(bulk.id, bulk.done_rows + 1, len(due), first_id, facts.now)
    moved = BulkMoved(after, None if after.state == "done" else facts.now)
    return Paid(payments, tuple(postings), (*paying.rows, batch, moved), tuple(paying.texts))


def _moved(bulk: Bulk, tally: Tally, count: int, now: datetime) -> Bulk:
    is_done = bulk.done_rows + count == bulk.row_count
    return replace(
        bulk,
        state="done" if is_done else "posting",
        done_rows=bulk.done_rows + count,
        paid_rows=bulk.paid_rows + tally.paid_rows,
        paid_minor=bulk.paid_minor + tally.paid_minor,
        held_rows=bulk.held_rows + tally.held_rows,
        held_minor=bulk.held_minor + tally.held_minor,
        refused_rows=bulk.refused_rows + tally.refused_rows,
        refused_minor=bulk.refused_minor + tally.refused_minor,
        fee_taken_minor=bulk.fee_taken_minor + tally.fee_minor,
        done_at=now if is_done else None,
    )


def _fee(bulk: Bulk, own: Account, tally: Tally, facts: Facts) -> Iterator[Posting]:
    """Take the fees of the rows that were not refused, in one posting for the batch."""
    fee = Money(bulk.currency, tally.fee_minor)
    if fee.is_positive:
        legs = (Leg(own, -fee), Leg(facts.operator(Kind.FEES, bulk.currency), fee))
        yield Posting("bulk_fee", legs, bulk.holder_id, None, bulk.posting_id)


def _return(bulk: Bulk, own: Account, after: Bulk, facts: Facts) -> Iterator[Posting]:
    """Give back what could not be paid, with its fees."""
    assert bulk.source_account_id is not None, bulk
    left = Money(bulk.currency, after.returned_minor)
    if left.is_positive:
        legs = (Leg(own, -left), Leg(facts.accounts[bulk.source_account_id], left))
        yield Posting("bulk_return", legs, None, bulk.holder_id, bulk.posting_id)


def _summary(payer: Holder, after: Bulk, facts: Facts) -> tuple[Text, ...]:
    values = {
        "reference": reference(after.id),
        "amount": Money(after.currency, after.paid_minor).shown,
        "paid": str(after.paid_rows),
        "held": Money(after.currency, after.held_minor).shown,
        "returned": Money(after.currency, after.returned_minor).shown,
    }
    return tell((payer, "bulk_done", values))


@dataclass(slots=True)
class _Paying:
    """A batch on its way."""

    bulk: Bulk
    payer: Holder
    facts: Facts
    payments: Payments
    tally: Tally = field(default_factory=Tally)
    rows: list[Row] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)

    def pay(self, row: DueRow, id_: int) -> None:
        """Pay one row, or note why not."""
        receiver = self.facts.by_msisdn.get(row.msisdn)
        amount = Money(self.bulk.currency, row.amount_minor)
        try:
            if receiver is None:
                self._hold(row, id_, amount)
            else:
                self._pay(receiver, id_, amount)
        except Refused as refusal:
            self.rows.append(Outcome(self.bulk.id, row.row_no, "refused", refusal.code))
            self.tally.refused_rows += 1
            self.tally.refused_minor += row.amount_minor
        else:
            self.tally.fee_minor += row.fee_minor

    def _pay(self, receiver: Holder, id_: int, amount: Money) -> None:
        check_receiver(receiver)
        wallet = wallet_of(self.facts, receiver, amount.currency)
        for used in check_in(self.facts, receiver, wallet, amount):
            self.rows.append(used)
            used.apply(self.facts)
        self.payments.add(id_, receiver.id, wallet, amount.minor)
        self.tally.paid_rows += 1
        self.tally.paid_minor += amount.minor
        assert receiver.msisdn is not None
        values = {
            "reference": reference(id_),
            "amount": amount.shown,
            "name": self.payer.name,
            "balance": wallet.balance.shown,
        }
        self.texts.append(Text(receiver.msisdn, receiver.language, "bulk_received", values))

    def _hold(self, row: DueRow, id_: int, amount: Money) -> None:
        """Hold the money for whoever registers the number, as a claim does."""
        facts = self.facts
        market = market_of(row.msisdn, facts)
        if amount.currency != market.currency:  # of the wallet that registering opens
            raise Refused(Code.NO_WALLET_IN_CURRENCY)
        facts.turn_to(id_)
        contract, own, opened = hold(
            facts, "claim", self._source(), amount,
            deadline(facts.now, market.claim_days * DAY_S, market.zone),
            payee_msisdn=row.msisdn, at_deadline="return",
        )  # fmt: skip
        self.rows.extend((*opened, Outcome(self.bulk.id, row.row_no, "held")))
        self.payments.add(id_, None, own, amount.minor)
        self.tally.held_rows += 1
        self.tally.held_minor += amount.minor
        values: dict[str, str | Moment] = {
            "reference": facts.reference,
            "amount": amount.shown,
            "name": self.payer.name,
            "phone": phone_of(self.payer),
            "service_code": market.service_code,
            "deadline": Moment(contract.deadline_at, market.zone),
        }
        self.texts.append(tell_number(row.msisdn, facts, "claim_received", values))

    def _source(self) -> Account:
        """Where an unclaimed payment returns to: who pays, not the list."""
        bulk = self.bulk
        assert bulk.source_account_id is not None, bulk
        return Account(bulk.source_account_id, bulk.holder_id, bulk.source_kind, bulk.currency)
