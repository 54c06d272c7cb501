"""Scheduled payouts: what is settled goes to the default destination by itself.

At once: whenever there is the minimum. Daily, weekly: at the merchant's hour, once a period, as
the key follows from merchant, currency and period. What cannot be paid is skipped and says why. A
payout that fails pauses the schedule (wallet/payouts/payout.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import ClassVar, Final
from uuid import UUID, uuid5

from wallet.errors import Code, Refused
from wallet.ledger.facts import Facts, Holder, Needs
from wallet.ledger.poster import WORKER
from wallet.ledger.posting import Decision, Posting
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.payouts.payout import (
    TARIFF,
    default_place,
    needs_of,
    pay_out,
    settlement_of,
    text_to,
    usable,
)
from wallet.payouts.schedule_records import EVERY, Schedule, ScheduleMoved, Schedules, ScheduleSet
from wallet.people.one_time import OneTimeCode
from wallet.people.pin import Pin, proven

REST: Final = timedelta(minutes=10)
"""How long a schedule without hours rests after it could not pay."""
_SCHEDULED: Final = UUID("8c1d0a55-6b90-4a5c-93c4-9c2f31d1a5e7")


@dataclass(frozen=True, slots=True)
class SetSchedule:
    """`actor` is the merchant; the minimum names the currency. `weekday` 1 is Monday."""

    KIND: ClassVar[str] = "set_payout_schedule"

    actor: int
    key: UUID
    pin: Pin = field(compare=False)
    every: str
    minimum: Money
    weekday: int | None = None
    hour: int | None = None

    def needs(self) -> Needs:
        """The merchant, and what they have set before."""
        found = needs_of(self.actor, self.minimum.currency)
        return replace(found, records=(*found.records, (Schedules, self.actor)))


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A schedule is due. `entry_count` tells one balance from the next, where there is no hour."""

    KIND: ClassVar[str] = "scheduled_payout"

    merchant_id: int
    currency: str
    due_at: datetime
    entry_count: int
    code: OneTimeCode
    actor: int = WORKER

    @property
    def key(self) -> UUID:
        """One for each period, and each balance of a schedule without periods."""
        said = (self.merchant_id, self.currency, self.due_at.isoformat(), self.entry_count)
        return uuid5(_SCHEDULED, "|".join(map(str, said)))

    def needs(self) -> Needs:
        """What a payout needs, and the schedule."""
        found = needs_of(self.merchant_id, self.currency)
        return replace(found, records=(*found.records, (Schedules, self.merchant_id)))


def decide_set(command: SetSchedule, facts: Facts) -> Decision:
    """Return the new schedule, or raise the first refusal in `Code` order."""
    _check_form(command)
    merchant = facts.holders[command.actor]
    settlement_of(merchant, command.minimum.currency, facts)
    with proven(command.pin, merchant, facts) as pin_rows:
        if command.every != "on_demand" and default_place(merchant, facts) is None:
            raise Refused(Code.PAYOUT_DESTINATION_MISSING)
        market = facts.market(merchant)
        if command.minimum.minor < market.payouts.minimum_minor:
            least = Money(command.minimum.currency, market.payouts.minimum_minor)
            raise Refused(Code.LESS_THAN_TRANSACTION_MIN_VALUE, minimum=least.text)
        schedule = Schedule(
            merchant.id, command.minimum.currency, command.every, command.weekday, command.hour,
            command.minimum.minor, facts.now,
        )  # fmt: skip
        schedule = replace(schedule, next_at=schedule.due_after(facts.now, market.zone))
        return Decision(
            Posting(command.KIND, sender_id=merchant.id),
            answer={
                "reference": facts.reference,
                "kind": command.KIND,
                "every": schedule.every,
                "weekday": schedule.weekday,
                "hour": schedule.hour,
                "minimum": schedule.minimum.json,
                "next_at": None if schedule.runs_at is None else schedule.runs_at.isoformat(),
                "posted_at": facts.now.isoformat(),
            },
            texts=text_to(merchant, "payout_schedule_set", {}),
            rows=(ScheduleSet(schedule, facts.now), *pin_rows),
        )


def _check_form(command: SetSchedule) -> None:
    if command.every not in EVERY:
        raise Refused(Code.FORMAT_ERROR, field="every", one_of=list(EVERY))
    if (command.hour is not None) != (command.every in {"daily", "weekly"}):
        raise Refused(Code.FORMAT_ERROR, field="hour", expected="for daily and weekly, only")
    if (command.weekday is not None) != (command.every == "weekly"):
        raise Refused(Code.FORMAT_ERROR, field="weekday", expected="for weekly, only")
    if command.hour is not None and not 0 <= command.hour <= 23:
        raise Refused(Code.FORMAT_ERROR, field="hour", expected="0 to 23")
    if command.weekday is not None and not 1 <= command.weekday <= 7:
        raise Refused(Code.FORMAT_ERROR, field="weekday", expected="1 (Monday) to 7")


def decide_scheduled(command: Scheduled, facts: Facts) -> Decision:
    """Return the payout of all that is settled, or why there is none; either way it moves on."""
    merchant = facts.holders[command.merchant_id]
    found = facts.record(Schedules, merchant.id)
    schedule = None if found is None else found.of(command.currency)
    if schedule is None or not schedule.is_running or schedule.next_at != command.due_at:
        raise Refused(Code.INCORRECT_STATE, state="schedule_changed")
    if facts.now < command.due_at:
        raise Refused(Code.INCORRECT_STATE, state="not_due")
    next_at = schedule.due_after(facts.now, facts.market(merchant).zone)
    try:
        decision = _pay_all(schedule, merchant, command, facts)
    except Refused as refusal:
        rest = facts.now + REST if schedule.hour is None else next_at
        skipped = replace(
            schedule, next_at=rest, skipped_at=facts.now, skipped_why=str(refusal.code)
        )
        refusal.rows = (*refusal.rows, ScheduleMoved(skipped))
        raise
    # One without hours keeps its time: the next balance has another key.
    after = schedule if schedule.hour is None else replace(schedule, next_at=next_at)
    moved = ScheduleMoved(replace(after, skipped_at=None, skipped_why=None))
    return replace(decision, rows=(*decision.rows, moved))


def _pay_all(schedule: Schedule, merchant: Holder, command: Scheduled, facts: Facts) -> Decision:
    assert facts.record(MerchantLock, merchant.id) is not None, "who has a schedule is a merchant"
    settlement = settlement_of(merchant, schedule.currency, facts)
    place = usable(default_place(merchant, facts), facts)
    if settlement.balance_minor < schedule.minimum_minor:
        raise Refused(Code.LESS_THAN_TRANSACTION_MIN_VALUE, minimum=schedule.minimum.text)
    tariff = TARIFF[place.destination.kind]
    amount = facts.market(merchant).most_within(tariff, settlement.balance)
    return pay_out(merchant, settlement, place, amount, command.code, facts)
