"""Disputes: a frozen part of a contract, and whose turn it is to speak.

Whoever stays silent past `due_at` concedes; when both have spoken they have until the end of the
period to agree; then an operator decides, or, after a last period, the market's default. What one
side proposes is told as what the payee shall have of all that is open; a proposal falls with any
move of the disputed part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final

import orjson

from wallet.errors import Code, Refused
from wallet.ledger.rows import Json, ReadRow, WrittenRow, inserted, record, updated
from wallet.money import Money

if TYPE_CHECKING:
    from wallet.ledger.facts import Facts
    from wallet.markets import DisputeTerms

REASONS: Final = (
    "not_received",
    "not_as_described",
    "damaged",
    "wrong_amount",
    "duplicate",
    "other",
)
"""Why something is disputed. Published: append before `other`, never rename."""

LONGEST_TEXT: Final = 500
MOST_DISPUTES: Final = 20
"""Of one contract, over or not: each sends its payee a text and asks for an answer."""
MOST_ATTACHMENTS: Final = 10

RAISED, ANSWERED, NEGOTIATING, ESCALATED, CLOSED = STATES = (
    "raised",
    "answered",
    "negotiating",
    "escalated",
    "closed",
)

# (state, who, act) -> the state that follows. What is not here is not for them to do now. Release
# and return are always allowed, and change nothing but the amounts.
NEXT: Final[Mapping[tuple[str, str, str], str]] = {
    (RAISED, "payee", "concede"): ANSWERED,  # closed, where nothing is left
    (RAISED, "payee", "contest"): ANSWERED,
    (RAISED, "payee", "propose"): ANSWERED,
    (RAISED, "nobody", "silence"): CLOSED,
    (ANSWERED, "payer", "accept"): CLOSED,
    (ANSWERED, "payer", "contest"): NEGOTIATING,
    (ANSWERED, "payer", "propose"): NEGOTIATING,
    (ANSWERED, "nobody", "silence"): CLOSED,
    (NEGOTIATING, "payer", "propose"): NEGOTIATING,
    (NEGOTIATING, "payee", "propose"): NEGOTIATING,
    (NEGOTIATING, "payer", "accept"): CLOSED,
    (NEGOTIATING, "payee", "accept"): CLOSED,
    (NEGOTIATING, "nobody", "silence"): ESCALATED,
    (ESCALATED, "operator", "decide"): CLOSED,
    (ESCALATED, "nobody", "silence"): CLOSED,
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that is kept elsewhere, and the hash that proves it is the one meant."""

    reference: str
    sha256: str

    @property
    def json(self) -> dict[str, str]:
        return {"reference": self.reference, "sha256": self.sha256}


@record("disputes d", join="JOIN contracts c ON c.id = d.contract_id", currency="c.currency")
@dataclass(frozen=True, slots=True)
class Dispute(ReadRow):
    """A dispute as one batch sees it, and its row as it shall be written."""

    id: int
    contract_id: int
    currency: str
    amount_minor: int
    open_minor: int
    released_minor: int
    reason_code: str
    state: str
    due_at: datetime | None  # None once closed
    period_ends_at: datetime
    payer_offer_minor: int | None
    payee_offer_minor: int | None
    outcome: str | None
    opened_at: datetime
    closed_at: datetime | None

    RANK: ClassVar[int] = 20

    @property
    def amount(self) -> Money:
        return Money(self.currency, self.amount_minor)

    @property
    def open(self) -> Money:
        return Money(self.currency, self.open_minor)

    @property
    def released(self) -> Money:
        return Money(self.currency, self.released_minor)

    @property
    def returned(self) -> Money:
        return self.amount - self.open - self.released

    def offer(self, side: str) -> Money | None:
        """Return what the payee would have of what is open, as `side` proposes."""
        minor = self.payer_offer_minor if side == "payer" else self.payee_offer_minor
        return None if minor is None else Money(self.currency, minor)

    def check_open(self, now: datetime) -> None:
        """Raise `Refused` where it is over, or silence has decided and is about to be posted."""
        if self.due_at is None:
            raise Refused(Code.DISPUTE_CLOSED, outcome=self.outcome)
        if now >= self.due_at:
            raise Refused(Code.DISPUTE_PAST_DUE, due_at=self.due_at.isoformat())

    def next(self, who: str, act: str) -> str:
        """Return the state that `act` leads to. Raises `Refused` where it is not theirs to do."""
        following = NEXT.get((self.state, who, act))
        if following is None:
            raise Refused(Code.NOT_YOUR_TURN, state=self.state)
        return following

    def part(self, amount: Money | None) -> Money:
        """Return what an act moves: `amount`, or all that is open where none is named."""
        if amount is None:
            return self.open
        if amount > self.open:
            raise Refused(Code.MORE_THAN_DISPUTED, disputed=self.open.text)
        return amount

    def check_split(self, to_payee: Money, to_payer: Money) -> None:
        """Raise `Refused` where a split does not give out exactly what is open."""
        if to_payee + to_payer != self.open:
            raise Refused(Code.SPLIT_NOT_WHOLE, disputed=self.open.text)

    def due_in(self, state: str, terms: DisputeTerms, at: datetime) -> datetime | None:
        """Return when silence ends `state`, entered `at`."""
        answer = at + timedelta(seconds=terms.answer_s)
        return {
            RAISED: answer,
            ANSWERED: answer,
            NEGOTIATING: max(self.period_ends_at, answer),  # time enough, however late they spoke
            ESCALATED: at + timedelta(seconds=terms.final_s),
        }.get(state)

    def moved(
        self,
        now: datetime,
        outcome: str,
        *,
        to_payee: int = 0,
        to_payer: int = 0,
        **changed: object,
    ) -> DisputeMoved:
        """Return the row after parts have moved: closed with `outcome` once nothing is open.

        A move voids what either side had proposed for the part as it was.
        """
        after = replace(
            self,
            open_minor=self.open_minor - to_payee - to_payer,
            released_minor=self.released_minor + to_payee,
            **changed,  # type: ignore[arg-type]  # named by their own callers
        )
        assert after.open_minor >= 0, after
        if after.open_minor != self.open_minor:
            after = replace(after, payer_offer_minor=None, payee_offer_minor=None)
        if after.open_minor == 0:
            after = replace(after, state=CLOSED, due_at=None, outcome=outcome, closed_at=now)
        return DisputeMoved(after)


@dataclass(frozen=True, slots=True)
class Disputed(ReadRow):
    """How often a contract has been disputed."""

    id: int  # the contract's
    count: int

    # Read once the contract is locked; a dispute is written under that lock.
    LOCK: ClassVar[str] = """
        SELECT c.id, (SELECT count(*) FROM disputes d WHERE d.contract_id = c.id)
          FROM contracts c
         WHERE c.id = ANY(%(ids)s)
         ORDER BY c.id
    """
    RANK: ClassVar[int] = 240

    def check(self) -> None:
        """Raise `Refused` where there have been as many as there may be."""
        if self.count >= MOST_DISPUTES:
            raise Refused(Code.TOO_MANY_DISPUTES, most=MOST_DISPUTES)


@inserted(
    "disputes",
    "id, contract_id, amount_minor, open_minor, reason_code, text, state, due_at, period_ends_at,"
    " opened_at",
    attachments="written_attachments",
)
@dataclass(frozen=True, slots=True)
class NewDispute(WrittenRow):
    """A dispute that the payer raises."""

    RANK: ClassVar[int] = 6  # after its contract

    dispute: Dispute
    text: str | None
    attachments: tuple[Attachment, ...]

    @property
    def written_attachments(self) -> Json:
        return Json(orjson.dumps([each.json for each in self.attachments]).decode())

    def apply(self, facts: Facts) -> None:
        contract_id = self.dispute.contract_id
        before = facts.record(Disputed, contract_id)
        assert before is not None, self
        facts.add_record(replace(before, count=before.count + 1))
        facts.add_record(self.dispute)


@updated(
    "disputes",
    "open_minor, released_minor, state, due_at, payer_offer_minor, payee_offer_minor, outcome,"
    " closed_at",
)
@dataclass(frozen=True, slots=True)
class DisputeMoved(WrittenRow):
    """What an act, or silence, changes of a dispute; the rest of it is fixed."""

    RANK: ClassVar[int] = 7

    dispute: Dispute

    def apply(self, facts: Facts) -> None:
        facts.add_record(self.dispute)
