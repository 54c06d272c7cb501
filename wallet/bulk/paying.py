"""What a batch of a list's rows comes to: paid, held for a number to register, or refused.

Pure: rows and facts in, payments, postings and texts out. A refused row costs nothing: its amount
and its fee stay in the list's account, and come back to the payer at the list's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from wallet.bulk.outcomes import BatchPosted, BulkDone, Outcome, Tally
from wallet.bulk.records import Bulk
from wallet.clock import reference
from wallet.contracts.holding import hold
from wallet.contracts.periods import DAY_S, deadline
from wallet.contracts.texts import market_of, text_to_number, texts_to
from wallet.errors import Code, Refused
from wallet.ledger.accounts import Account, Kind
from wallet.ledger.bulk import Payments
from wallet.ledger.facts import Facts, Holder
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Leg, Moment, Posting, Row, Text
from wallet.money import Money
from wallet.people.limits import check_in
from wallet.people.parties import check_receiver, phone_of, wallet_of

PAYMENT: Final = "bulk_payment"


class DueRow(NamedTuple):
    """A row whose turn it is."""

    row_no: int
    msisdn: str
    amount_minor: int
    fee_minor: int


class DueBatch(NamedTuple):
    """A batch whose turn it is, and the account its lane is paid from."""

    bulk: Bulk
    first_row: int
    row_count: int
    account_id: int


@dataclass(frozen=True, slots=True)
class Paid:
    """A batch as it shall be written: the payments first, then `postings` and `rows`."""

    payments: Payments
    postings: tuple[Posting, ...]
    rows: tuple[Row, ...]
    texts: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a list as it shall be written."""

    postings: tuple[Posting, ...]
    rows: tuple[Row, ...]
    texts: tuple[Text, ...]


def pay_rows(
    batch: DueBatch, payer: Holder, due: Sequence[DueRow], first_id: int, facts: Facts
) -> Paid:
    """Return what `due`, the batch's rows, come to; their ids count from `first_id`."""
    bulk = batch.bulk
    assert bulk.posting_id is not None, bulk
    assert (due[0].row_no, len(due)) == (batch.first_row, batch.row_count), batch
    own = facts.accounts[batch.account_id]
    payments = Payments(own, PAYMENT, WORKER, payer.id, bulk.posting_id)
    paying = _Paying(bulk, payer, facts, payments)
    for id_, row in enumerate(due, start=first_id):
        paying.pay(row, id_)
    fee = Money(bulk.currency, paying.tally.fee_minor)
    postings: tuple[Posting, ...] = ()
    if fee.is_positive:  # one for the batch: of the rows that were not refused
        legs = (Leg(own, -fee), Leg(facts.operator(Kind.FEES, bulk.currency), fee))
        postings = (Posting("bulk_fee", legs, payer.id, None, bulk.posting_id),)
    posted = BatchPosted(bulk.id, batch.first_row, first_id, facts.now, paying.tally)
    return Paid(payments, postings, (*paying.rows, posted), tuple(paying.texts))


def finish(bulk: Bulk, payer: Holder, tally: Tally, facts: Facts) -> Finished:
    """Return the end of a list, all of whose batches are posted: what is left goes back."""
    assert bulk.account_ids is not None, bulk
    assert bulk.source_account_id is not None, bulk
    left = [facts.accounts[id_] for id_ in bulk.account_ids]
    returned = Money(bulk.currency, sum(account.balance_minor for account in left))
    assert returned.minor == (
        bulk.amount_minor + bulk.fee_minor - tally.paid_minor - tally.held_minor - tally.fee_minor
    ), (bulk, tally)
    postings: tuple[Posting, ...] = ()
    if returned.is_positive:
        legs = [Leg(account, -account.balance) for account in left if account.balance_minor]
        legs.append(Leg(facts.accounts[bulk.source_account_id], returned))
        postings = (Posting("bulk_return", tuple(legs), None, payer.id, bulk.posting_id),)
    values = {
        "reference": reference(bulk.id),
        "amount": Money(bulk.currency, tally.paid_minor).shown,
        "paid": str(tally.paid_rows),
        "held": Money(bulk.currency, tally.held_minor).shown,
        "returned": returned.shown,
    }
    rows = (BulkDone(bulk.id, returned.minor, facts.now),)
    return Finished(postings, rows, texts_to((payer, "bulk_done", values)))


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
            self.rows.append(Outcome(self.bulk.id, row.row_no, "refused", refusal.code.value))
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
        self.texts.append(text_to_number(row.msisdn, facts, "claim_received", values))

    def _source(self) -> Account:
        """Where an unclaimed payment returns to: who pays, not the list."""
        bulk = self.bulk
        assert bulk.source_account_id is not None, bulk
        return Account(bulk.source_account_id, bulk.holder_id, bulk.source_kind, bulk.currency)
