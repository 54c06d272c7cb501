"""Scheduled payouts: set by the merchant, paid once a period, skipped for a reason."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    TRANSIT,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)
from wallet.destinations.records import Destination, Destinations, Place
from wallet.errors import Code
from wallet.merchants.records import MerchantLock
from wallet.money import Money
from wallet.payouts.records import NewPayout
from wallet.payouts.schedule import REST, Scheduled, SetSchedule, decide_scheduled, decide_set
from wallet.payouts.schedule_records import Schedule, ScheduleMoved, Schedules, ScheduleSet
from wallet.people.one_time import OneTimeCode
from wallet.refunds.records import RefundsWaiting

MERCHANT, HOME = 1, 55
DAY = timedelta(days=1)
BANK = Destination("01", "001234567", "Duka Ltd")
DAILY = Schedule(MERCHANT, "KES", "daily", None, 12, 1_000, NOW)
AT_ONCE = Schedule(MERCHANT, "KES", "at_once", None, None, 1_000, NOW - DAY)


def the_facts(
    *, settled=15_000, schedule=None, bank=BANK, place=None, merchant=None, refund=None,
    is_merchant=True, has_account=True, now=NOW,
):  # fmt: skip
    accounts = [an_account(11, MERCHANT, settled, "settlement")] if has_account else []
    accounts.append(an_account(12, MERCHANT))
    records: list[object] = [MerchantLock(MERCHANT, HOME if bank else None)] if is_merchant else []
    if bank is not None:
        there = Place(HOME, MERCHANT, bank, "confirmed", NOW, NOW, NOW)
        records.append(Destinations(MERCHANT, (replace(there, **place or {}),)))
    if schedule is not None:
        records.append(Schedules(MERCHANT, (schedule,)))
    if refund is not None:
        records.append(RefundsWaiting(MERCHANT, (("KES", refund),)))
    return some_facts([a_holder(MERCHANT, **merchant or {})], accounts, records=records, now=now)


# Set -----------------------------------------------------------------------------------------


def a_set(pin=PIN, every="daily", weekday=None, hour=17, minimum=1_000):
    return SetSchedule(MERCHANT, KEY, pin, every, Money("KES", minimum), weekday, hour)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"is_merchant": False}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.NO_WALLET_IN_CURRENCY, {"has_account": False}),
    *pin_faults("merchant"),
    (Code.PAYOUT_DESTINATION_MISSING, {"bank": None}),
    (Code.LESS_THAN_TRANSACTION_MIN_VALUE, {"minimum": 99}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_setting_is_refused_in_code_order(wrong, code):
    assert code_of(decide_set, a_set, the_facts, wrong) is code


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"every": "hourly"}, "every"),
        ({"hour": None}, "hour"),
        ({"hour": -1}, "hour"),
        ({"hour": 24}, "hour"),
        ({"weekday": 1}, "weekday"),
        ({"every": "weekly"}, "weekday"),
        ({"every": "weekly", "weekday": 0}, "weekday"),
        ({"every": "weekly", "weekday": 8}, "weekday"),
        ({"every": "at_once"}, "hour"),
        ({"every": "on_demand"}, "hour"),
    ],
)
def test_a_schedule_has_the_times_that_fit_it(wrong, field):
    refused = refusal(decide_set, a_set(**wrong), the_facts())
    assert (refused.code, refused.facts["field"]) == (Code.FORMAT_ERROR, field)


def test_a_daily_schedule_begins_at_its_next_hour_of_the_merchants_clock():
    decision = decide_set(a_set(), the_facts())
    (row,) = (row for row in decision.rows if isinstance(row, ScheduleSet))
    assert row.schedule.next_at == NOW + timedelta(hours=5)  # 17:00 in Nairobi is 14:00 UTC
    assert decision.answer["next_at"] == row.schedule.next_at.isoformat()
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_schedule_set"}


def test_ending_a_schedule_needs_no_destination():
    command = a_set(every="on_demand", hour=None)
    assert decide_set(command, the_facts(bank=None)).answer["next_at"] is None


# Due -----------------------------------------------------------------------------------------


def due(schedule=DAILY, entry_count=0):
    code = OneTimeCode("48291307")
    return Scheduled(MERCHANT, schedule.currency, schedule.next_at, entry_count, code)


def moved(rows):
    (row,) = (row.schedule for row in rows if isinstance(row, ScheduleMoved))
    return row


def test_all_that_is_settled_is_paid_out_with_the_fee_inside():
    decision = decide_scheduled(due(), the_facts(schedule=DAILY))
    assert moves(decision) == {11: -15_000, TRANSIT: 15_000}
    (row,) = (row.payout for row in decision.rows if isinstance(row, NewPayout))
    assert (row.amount_minor, row.fee_minor, row.destination) == (10_000, 5_000, BANK)
    assert moved(decision.rows).next_at == NOW + DAY


def test_a_period_has_one_key_whoever_looks_and_the_next_has_another():
    again = replace(due(), code=OneTimeCode("11111111"))
    tomorrow = due(replace(DAILY, next_at=NOW + DAY))
    assert due().key == again.key != tomorrow.key
    assert due(AT_ONCE, 3).key != due(AT_ONCE, 4).key


SKIPS = [
    ({"settled": 999}, Code.LESS_THAN_TRANSACTION_MIN_VALUE),
    ({"settled": 5_050}, Code.LESS_THAN_TRANSACTION_MIN_VALUE),  # the fee leaves too little
    ({"bank": None}, Code.PAYOUT_DESTINATION_MISSING),
    ({"place": {"usable_from": NOW + DAY}}, Code.DESTINATION_COOLING_OFF),
    ({"merchant": {"status": "frozen"}}, Code.SENDER_FROZEN),
    ({"refund": 99}, Code.REFUND_WAITING),
]


@pytest.mark.parametrize(("changes", "code"), SKIPS)
def test_what_cannot_be_paid_is_skipped_until_the_next_period_and_says_why(changes, code):
    refused = refusal(decide_scheduled, due(), the_facts(schedule=DAILY, **changes))
    assert refused.code is code
    after = moved(refused.rows)
    assert (after.next_at, after.skipped_at, after.skipped_why) == (NOW + DAY, NOW, code.value)


def test_what_cannot_be_paid_at_once_is_tried_again_a_little_later():
    refused = refusal(decide_scheduled, due(AT_ONCE), the_facts(schedule=AT_ONCE, refund=99))
    assert moved(refused.rows).next_at == NOW + REST


def test_the_minimum_itself_is_paid():
    least = replace(DAILY, minimum_minor=15_000)
    assert decide_scheduled(due(least), the_facts(schedule=least)).posting.legs
    more = replace(DAILY, minimum_minor=15_001)
    assert refusal(decide_scheduled, due(more), the_facts(schedule=more)).rows


def test_cash_by_schedule_comes_with_a_code():
    decision = decide_scheduled(due(), the_facts(schedule=DAILY, bank=Destination(kind="cash")))
    assert wordings(decision) == {msisdn_of(MERCHANT): "payout_collectible"}


@pytest.mark.parametrize(
    "schedule",
    [
        None,
        replace(DAILY, paused_at=NOW),
        replace(DAILY, every="on_demand"),
        replace(DAILY, next_at=NOW + DAY),
    ],
)
def test_a_schedule_that_has_changed_meanwhile_pays_nothing(schedule):
    refused = refusal(decide_scheduled, due(), the_facts(schedule=schedule))
    assert (refused.facts, refused.rows) == ({"state": "schedule_changed"}, ())


def test_a_clock_behind_pays_nothing_early():
    early = the_facts(schedule=DAILY, now=NOW - timedelta(seconds=1))
    assert refusal(decide_scheduled, due(), early).facts == {"state": "not_due"}
