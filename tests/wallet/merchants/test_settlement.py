"""What a merchant reads of settlement: what comes when, and days that add up to the ledger."""

from collections import defaultdict
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest

from tests.wallet.merchants.pricings import price
from wallet.clock import start_of_day, start_of_next_month
from wallet.errors import Code, Refused
from wallet.ledger.due import TimerLoop
from wallet.merchants.jobs import RESERVES
from wallet.merchants.pricing_reading import version_in_force, versions_of
from wallet.merchants.settlement import Line, settlements, statement
from wallet.money import Money

NAIROBI = ZoneInfo("Africa/Nairobi")
MONDAY = date(2026, 1, 5)
DAY_S = 86_400
CAIRO, HAVANA = ZoneInfo("Africa/Cairo"), ZoneInfo("America/Havana")


def kes(minor):
    return Money("KES", minor)


def entries_of(town, merchant):
    """Every entry of the merchant's two accounts, as the ledger has them."""
    return town.sql(
        "SELECT a.kind, e.posting_id, p.kind, e.amount_minor, e.balance_after_minor, p.posted_at"
        " FROM entries e JOIN accounts a ON a.id = e.account_id JOIN postings p"
        " ON p.id = e.posting_id WHERE a.holder_id = :id AND a.kind IN ('settlement', 'reserve')"
        " ORDER BY a.kind DESC, e.entry_no",
        id=merchant.id,
    )  # fmt: skip


def day_of(town, merchant, day, zone=NAIROBI):
    found = statement(town.service.engine, merchant.id, day, zone, town.now)
    for account in found.accounts:
        adds_up(account)
    return found


def adds_up(account):
    """Each line continues the one before; parts and totals say the same as the lines."""
    balance = account.opening
    for line in account.lines:
        balance += line.amount
        assert line.balance == balance, line
        assert line.gross + line.commission + line.reserve == line.amount, line
    assert account.closing == balance
    whole = sum((total.amount.minor for total in account.totals), account.opening.minor)
    assert whole == account.closing.minor
    assert sum(total.count for total in account.totals) == len(account.lines)


def lines_of(found):
    return [
        (account.kind, line.posting_id, line.kind, line.amount.minor, line.balance.minor)
        for account in found.accounts
        for line in account.lines
    ]


@pytest.fixture(scope="module")
def busy(shared_town):
    """A merchant after four busy days: payments at once and held, released, returned, paid out."""
    town, chance = shared_town, Random(7)
    payer = town.person("Payer", balance=90_000_00)
    merchant = town.merchant("Busy", period_s=2 * DAY_S)
    price(town, merchant, commission_bps=250, commission_min_minor=3_00,
          commission_max_minor=20_00, reserve_bps=1_000, reserve_days=1)  # fmt: skip
    contracts = []
    for _ in range(48):
        town.service.clock.advance(hours=2)
        contracts.append(town.hold(payer, merchant, chance.randrange(1_00, 2_000_00)))
        for act in chance.sample(("release", "part", "return", "payout", "free"), 2):
            contract = chance.choice(contracts)
            if act == "free":
                TimerLoop(town.service.engine, town.service.poster, RESERVES).step(town.now)
                continue
            with suppress(Refused):  # of more than is there: nothing of it is on the statement
                if act == "payout":
                    town.payout(merchant, chance.randrange(1_00, 500_00))
                elif act == "return":
                    town.give_back(merchant, contract, chance.randrange(1, 50_00))
                else:
                    part = chance.randrange(1, 90_00) if act == "part" else None
                    town.release(payer, contract, part)
    return merchant


def all_days(town, merchant, zone):
    first, last = MONDAY - timedelta(days=2), town.now.astimezone(zone).date()
    days = (last - first).days + 1
    return [day_of(town, merchant, first + timedelta(days=n), zone) for n in range(days)]


@pytest.mark.rule("The daily statements together are the ledger, line by line, in JSON and in CSV.")
@pytest.mark.parametrize("zone", [NAIROBI, ZoneInfo("Pacific/Kiritimati"), ZoneInfo("UTC")])
def test_the_days_together_are_the_ledger_line_by_line(shared_town, busy, zone):
    days = all_days(shared_town, busy, zone)
    found = sorted((line for day in days for line in lines_of(day)), key=lambda line: line[0])
    expected = sorted((tuple(row[:5]) for row in entries_of(shared_town, busy)),
                      key=lambda line: line[0])  # fmt: skip
    assert found == expected
    assert len(expected) > 150
    kinds = {line[2] for line in found}
    assert kinds >= {"release", "commission", "reserve", "free_reserve", "payout"}


def test_each_line_is_in_the_local_day_it_was_posted_in(shared_town, busy):
    for day in all_days(shared_town, busy, NAIROBI):
        for account in day.accounts:
            dates = {line.posted_at.astimezone(NAIROBI).date() for line in account.lines}
            assert dates <= {day.day}


def test_each_day_begins_with_what_the_day_before_left(shared_town, busy):
    days = all_days(shared_town, busy, NAIROBI)
    for before, after in pairwise(days):
        closing = {each.account_id: each.closing for each in before.accounts}
        assert closing == {each.account_id: each.opening for each in after.accounts}
    balances = defaultdict(int) | {each.kind: each.closing.minor for each in days[-1].accounts}
    for kind in ("settlement", "reserve"):
        assert balances[kind] == shared_town.balance(busy, kind)


def test_a_payer_is_named_and_one_s_own_accounts_are_not(shared_town, busy):
    lines = [line for day in all_days(shared_town, busy, NAIROBI)
             for each in day.accounts for line in each.lines]  # fmt: skip
    assert {line.counterpart for line in lines if line.kind == "release"} == {"Payer"}
    assert {line.counterpart for line in lines if line.kind in {"reserve", "commission"}} == {None}


def test_a_day_without_entries_closes_as_it_opened(shared_town):
    merchant = shared_town.merchant(period_s=0)
    payer = shared_town.person(balance=1_000_00)
    shared_town.pay(payer, merchant, 70_00)
    shared_town.service.clock.advance(DAY_S)
    (account,) = day_of(shared_town, merchant, shared_town.now.astimezone(NAIROBI).date()).accounts
    assert (account.lines, account.opening, account.closing) == ((), kes(70_00), kes(70_00))


def test_a_day_before_the_first_entry_is_empty(shared_town, busy):
    for account in day_of(shared_town, busy, date(2025, 6, 1)).accounts:
        assert (account.opening, account.lines, account.closing) == (kes(0), (), kes(0))


def test_a_day_that_has_not_begun_has_no_statement(shared_town, busy):
    tomorrow = shared_town.now.astimezone(NAIROBI).date() + timedelta(days=1)
    for day, zone in ((tomorrow, NAIROBI), (date.max, NAIROBI), (date.min, ZoneInfo("UTC"))):
        with pytest.raises(Refused) as caught:
            day_of(shared_town, busy, day, zone)
        assert caught.value.code is Code.NOT_FOUND


def test_a_day_is_complete_only_once_it_is_over(shared_town, busy):
    today = shared_town.now.astimezone(NAIROBI).date()
    assert not day_of(shared_town, busy, today).is_complete
    assert day_of(shared_town, busy, today - timedelta(days=2)).is_complete


def test_an_entry_that_tells_an_earlier_time_than_one_before_it_stays_in_its_place(shared_town):
    """Two machines' clocks at midnight: the day is cut once, at the first entry of the new one."""
    merchant = shared_town.merchant(period_s=0)
    payer, clock = shared_town.person(balance=1_000_00), shared_town.service.clock
    midnight = start_of_day(clock.now().astimezone(NAIROBI).date() + timedelta(days=1), NAIROBI)
    for seconds, amount in ((-50, 1_00), (-2, 2_00), (1, 4_00), (-1, 8_00), (2, 16_00)):
        clock.set(midnight + timedelta(seconds=seconds))
        shared_town.pay(payer, merchant, amount)
    clock.set(midnight + timedelta(hours=1))
    day = midnight.astimezone(NAIROBI).date()
    (before,) = day_of(shared_town, merchant, day - timedelta(days=1)).accounts
    (after,) = day_of(shared_town, merchant, day).accounts
    assert [line.amount.minor for line in before.lines] == [1_00, 2_00]
    assert [line.amount.minor for line in after.lines] == [4_00, 8_00, 16_00]


def test_only_a_merchants_own_settlement_and_reserve_accounts_are_on_it(shared_town, busy):
    other = shared_town.merchant()
    kinds = {each.kind for each in day_of(shared_town, busy, MONDAY).accounts}
    assert kinds == {"settlement", "reserve"}
    assert all(not each.lines for each in day_of(shared_town, other, MONDAY).accounts)


# Days across a change of the clocks -------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (ZoneInfo("Europe/London"), date(2026, 3, 29), 23),
        (ZoneInfo("Europe/London"), date(2026, 10, 25), 25),
        (CAIRO, date(2026, 4, 24), 23),  # midnight itself is skipped
        (HAVANA, date(2026, 11, 1), 25),  # midnight comes twice
        (NAIROBI, MONDAY, 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone, day, hours):
    begins, ends = (start_of_day(each, zone) for each in (day, day + timedelta(days=1)))
    assert ends - begins == timedelta(hours=hours)
    assert begins.astimezone(zone).date() == day
    assert (begins - timedelta(microseconds=1)).astimezone(zone).date() < day
    assert (ends - timedelta(microseconds=1)).astimezone(zone).date() == day


def test_a_payment_in_the_hour_that_comes_twice_is_on_its_day_once(shared_town):
    london, clock = ZoneInfo("Europe/London"), shared_town.service.clock
    merchant, payer = shared_town.merchant(period_s=0), shared_town.person(balance=1_000_00)
    for hour, minute in ((22, 59), (23, 0), (0, 30), (1, 30), (23, 59)):
        day = 24 if (hour in {22, 23} and minute != 59) or hour == 22 else 25
        clock.set(datetime(2026, 10, day, hour, minute, tzinfo=UTC))
        shared_town.pay(payer, merchant, 1_00)
    clock.set(datetime(2026, 10, 27, tzinfo=UTC))
    counts = [
        len(day_of(shared_town, merchant, date(2026, 10, day), london).accounts[0].lines)
        for day in (24, 25, 26)
    ]
    assert counts == [1, 4, 0]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 1, 31, 20, 59, tzinfo=UTC), datetime(2026, 1, 31, 21, tzinfo=UTC)),
        (datetime(2026, 1, 31, 21, tzinfo=UTC), datetime(2026, 2, 28, 21, tzinfo=UTC)),
        (datetime(2026, 12, 31, 12, tzinfo=UTC), datetime(2026, 12, 31, 21, tzinfo=UTC)),
    ],
)
def test_the_next_month_is_the_local_one(now, expected):
    assert start_of_next_month(now, NAIROBI) == expected


# Balance and terms --------------------------------------------------------------------------------


def test_the_balance_tells_what_comes_when(shared_town):
    town, payer = shared_town, shared_town.person(balance=5_000_00)
    merchant = town.merchant(period_s=3 * DAY_S, currencies=("KES", "USD"))
    price(town, merchant, reserve_bps=1_000, reserve_days=10)
    today = town.now.astimezone(NAIROBI).date()
    contract = town.hold(payer, merchant, 1_000_00)
    town.release(payer, contract, 400_00)
    town.hold(payer, merchant, 50_00)
    kes_, usd = settlements(town.service.engine, merchant.id, NAIROBI)
    assert (kes_.available, kes_.reserved, kes_.held) == (kes(360_00), kes(40_00), kes(650_00))
    assert [(each.day, each.amount, each.count) for each in kes_.reserved_until] == [
        (today + timedelta(days=10), kes(40_00), 1)
    ]
    assert [(each.day, each.amount, each.count) for each in kes_.held_until] == [
        (today + timedelta(days=3), kes(650_00), 2)
    ]
    assert (usd.available, usd.held_until) == (Money("USD", 0), ())


def test_terms_are_read_with_every_version_before_them(shared_town):
    merchant, engine = shared_town.merchant(), shared_town.service.engine
    assert (version_in_force(engine, merchant.id), versions_of(engine, merchant.id)) == (None, ())
    ids = [price(shared_town, merchant, commission_bps=bps) for bps in (100, 200)]
    found = version_in_force(engine, merchant.id)
    assert found is not None
    assert (found.pricing.id, found.pricing.commission_bps) == (ids[1], 200)
    assert [each.pricing.id for each in versions_of(engine, merchant.id)] == ids[::-1]


@pytest.mark.parametrize(
    ("kind", "column"),
    [("release", "gross"), ("payout", "gross"), ("refund", "gross"), ("commission", "commission"),
     ("monthly_fee", "commission"), ("reserve", "reserve"), ("free_reserve", "reserve")],
)  # fmt: skip
def test_an_entry_is_gross_commission_or_reserve_by_its_kind(kind, column):
    line = Line(1, kind, None, datetime(2026, 1, 5, tzinfo=UTC), None, kes(-5), kes(0))
    amounts = {name: getattr(line, name).minor for name in ("gross", "commission", "reserve")}
    assert amounts == {"gross": 0, "commission": 0, "reserve": 0, column: -5}
