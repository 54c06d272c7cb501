"""Deadlines: what each act says just before, at and just after one, also across changed clocks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.facts import (
    KEY,
    PIN,
    a_holder,
    a_till,
    an_account,
    moves,
    msisdn_of,
    refusal,
    some_facts,
)
from tests.wallet.contracts.facts import DEADLINE, OWN, PAYEE, PAYEE_ACCOUNT, PAYER, contract_facts
from wallet.contracts.records import Contract, NewContract
from wallet.disputes import dispute
from wallet.errors import Code
from wallet.escrow import (
    claim,
    decline,
    deliver_claim,
    extend,
    give_back,
    offer,
    pay,
    release,  # fmt: skip
)
from wallet.ledger.facts import Facts
from wallet.ledger.posting import Decision
from wallet.markets import MARKETS
from wallet.money import Money

ONE = timedelta(microseconds=1)
BEFORE, AT, AFTER = DEADLINE - ONE, DEADLINE, DEADLINE + ONE
NUMBER = "+254722000001"
BERLIN = ZoneInfo("Europe/Berlin")  # on 29 March 2026 02:00 is 03:00; on 25 October 03:00 is 02:00
Act = tuple[Callable[[Any, Facts], Decision], Any]

BY_THE_PAYEE: dict[str, Act] = {
    "return": (give_back.decide, give_back.Command(PAYEE, KEY, PIN, OWN)),
    "decline": (decline.decide, decline.Command(PAYEE, KEY, PIN, OWN)),
    "extend": (extend.decide, extend.Command(PAYEE, KEY, PIN, OWN, days=1)),
}
by_the_payee = pytest.mark.parametrize("act", BY_THE_PAYEE.values(), ids=BY_THE_PAYEE)


def the_facts(now, **changes):
    found = contract_facts(now=now)
    kept = found.record(Contract, OWN)
    assert kept is not None
    found.records[(Contract, OWN)] = replace(kept, origin="offer", **changes)
    return found


@pytest.mark.fault("The clock just before a deadline", "not due yet; the payee may still act")
@by_the_payee
def test_the_payee_acts_until_just_before_the_deadline(act):
    decide, command = act
    assert decide(command, the_facts(BEFORE)).rows


@pytest.mark.rule(
    "From the deadline on, the payee returns, declines and extends nothing: the rest is theirs."
)
@pytest.mark.fault("The clock at a deadline, and just after it", "it has passed")
@by_the_payee
@pytest.mark.parametrize("now", [AT, AFTER])
def test_from_the_deadline_on_the_payee_acts_no_more(act, now):
    decide, command = act
    assert refusal(decide, command, the_facts(now)).code is Code.CONTRACT_PAST_DEADLINE


@pytest.mark.rule("Until the deadline the payer may dispute a part, and from it on nothing.")
@pytest.mark.fault("A dispute at or after the deadline", "`contract_past_deadline`")
def test_until_just_before_the_deadline_the_payer_disputes_and_from_it_on_not():
    command = dispute.Command(PAYER, KEY, PIN, OWN, "damaged")
    assert dispute.decide(command, the_facts(BEFORE)).rows
    for now in (AT, AFTER):
        refused = refusal(dispute.decide, command, the_facts(now))
        assert refused.code is Code.CONTRACT_PAST_DEADLINE


@pytest.mark.parametrize("now", [BEFORE, AT, AFTER])
def test_the_payer_may_release_at_any_time(now):
    command = release.Command(PAYER, KEY, PIN, OWN)
    assert moves(release.decide(command, the_facts(now)))[PAYEE_ACCOUNT] == 10_000


@pytest.mark.rule("At exactly the deadline the undisputed rest goes to the payee by itself.")
@pytest.mark.fault("The clock just before a deadline", "not due yet; the payee may still act")
@pytest.mark.parametrize("end", ["release", "return"])
def test_by_itself_it_ends_at_the_deadline_and_not_before(end):
    due = release.Due(OWN)
    early = refusal(release.decide_due, due, the_facts(BEFORE, at_deadline=end))
    assert early.code is Code.CONTRACT_NOT_DUE
    for now in (AT, AFTER):
        assert moves(release.decide_due(due, the_facts(now, at_deadline=end)))[OWN] == -10_000


def a_claim(now):
    found = the_facts(
        now, at_deadline="return", payee_id=None, payee_account_id=None, payee_msisdn=NUMBER
    )
    found.add_holder(a_holder(9, msisdn=NUMBER))
    found.add_account(an_account(99, 9))
    return found


def test_a_number_registered_just_before_the_deadline_has_the_money():
    command = deliver_claim.Command(OWN, NUMBER)
    assert moves(deliver_claim.decide(command, a_claim(BEFORE)))[99] == 10_000


@pytest.mark.fault("The clock at a deadline, and just after it", "it has passed")
@pytest.mark.parametrize("now", [AT, AFTER])
@pytest.mark.parametrize(
    "act",
    [
        (deliver_claim.decide, deliver_claim.Command(OWN, NUMBER)),
        (deliver_claim.decide_waits, deliver_claim.Waits(OWN, NUMBER)),
    ],
)
def test_a_number_registered_from_the_deadline_on_does_not(act, now):
    decide, command = act
    assert refusal(decide, command, a_claim(now)).code is Code.CONTRACT_PAST_DEADLINE


# Where the clocks are changed ----------------------------------------------------------------

SPRING = datetime(2026, 3, 28, 11, tzinfo=UTC)  # noon in Berlin, the day before
AUTUMN = datetime(2026, 10, 24, 10, tzinfo=UTC)


def in_berlin(now):
    """Kenya with the clocks of Berlin."""
    accounts = [an_account(11, PAYER, 100_000), an_account(12, PAYEE)]
    accounts.append(an_account(13, PAYEE, 0, "settlement"))
    tills = [a_till(86_400, PAYEE)]
    found = some_facts([a_holder(PAYER), a_holder(PAYEE)], accounts, tills=tills, now=now)
    market = replace(MARKETS["KE"], zone=BERLIN, claim_days=1)
    return replace(found, markets={**MARKETS, "KE": market})


OPENING: dict[str, Act] = {
    "pay": (pay.decide, pay.Command(PAYER, KEY, PIN, "50001", Money("KES", 100))),
    "offer": (
        offer.decide,
        offer.Command(PAYER, KEY, PIN, msisdn_of(PAYEE), Money("KES", 100), 1, "A goat"),
    ),
    "claim": (claim.decide, claim.Command(PAYER, KEY, PIN, NUMBER, Money("KES", 100))),
}


@pytest.mark.rule(
    "Days are days of the calendar where the payee lives, so that a day from noon ends at noon."
)
@pytest.mark.fault("A period across a change of the clocks", "the same time of the clock")
@pytest.mark.parametrize("act", OPENING.values(), ids=OPENING)
@pytest.mark.parametrize(("now", "hours"), [(SPRING, 23), (AUTUMN, 25)])
def test_a_day_from_noon_ends_at_noon_though_the_clocks_were_changed(act, now, hours):
    decide, command = act
    decision = decide(command, in_berlin(now))
    (contract,) = (row.contract for row in decision.rows if isinstance(row, NewContract))
    assert contract.deadline_at - now == timedelta(hours=hours)
    assert contract.deadline_at.astimezone(BERLIN).hour == 12


def test_a_day_more_ends_at_the_same_time_of_the_clock():
    found = the_facts(SPRING, opened_at=SPRING, deadline_at=SPRING + timedelta(hours=1))
    market = replace(MARKETS["KE"], zone=BERLIN)
    found = replace(found, markets={**MARKETS, "KE": market})
    answer = extend.decide(extend.Command(PAYEE, KEY, PIN, OWN, days=1), found).answer
    assert answer["deadline_at"] == "2026-03-29T11:00:00+00:00"  # 13:00 again, 23 hours later
