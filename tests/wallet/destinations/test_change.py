"""Destinations: added by PIN, confirmed by a code, used after a while; each step is texted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import (
    KEY,
    NOW,
    PIN,
    PIN_KEYS,
    Fault,
    a_holder,
    code_of,
    in_code_order,
    msisdn_of,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)
from wallet.destinations.change import (
    CODE_LIFETIME,
    Add,
    Confirm,
    MakeDefault,
    Remove,
    decide_add,
    decide_confirm,
    decide_make_default,
    decide_remove,
)
from wallet.destinations.records import (
    DefaultChanged,
    Destination,
    Destinations,
    NewPlace,
    Place,
    PlaceChanged,
)
from wallet.errors import Code
from wallet.merchants.records import MerchantLock
from wallet.people.one_time import OneTimeCode
from wallet.service import text_body

MERCHANT, AGENT, HOME, OTHER = 1, 2, 55, 56
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
CODE, WRONG_CODE = OneTimeCode("482913"), OneTimeCode("000000")
BANK = Destination("01", "001234567", "Duka Ltd")
OTHER_BANK = Destination("02", "009999999", "Duka Ltd")


def a_place(id_=HOME, destination=BANK, **changes):
    """A confirmed destination."""
    return replace(Place(id_, MERCHANT, destination, "confirmed", NOW - DAY, NOW, NOW), **changes)


def waiting(id_=HOME, destination=BANK, **changes):
    """One whose code was just texted."""
    kept = CODE.made("payout destination", id_, PIN_KEYS)
    place = Place(
        id_, MERCHANT, destination, "unconfirmed", NOW, code=kept,
        code_expires_at=NOW + CODE_LIFETIME,
    )  # fmt: skip
    return replace(place, **changes)


def the_facts(*, places=(), default=None, is_merchant=True, merchant=None, now=NOW):
    records: list[object] = [MerchantLock(MERCHANT, default)] if is_merchant else []
    records.append(Destinations(MERCHANT, tuple(places)))
    agent = a_holder(AGENT, agent_number="20417", agent_name="Kiosk")
    return some_facts([a_holder(MERCHANT, **merchant or {}), agent], records=records, now=now)


def rows(decision, kind):
    return [row for row in decision.rows if isinstance(row, kind)]


# Added ---------------------------------------------------------------------------------------


def an_add(pin=PIN, destination=BANK):
    return Add(MERCHANT, KEY, pin, destination, CODE)


FIVE_CODES = [waiting(100 + n, added_at=NOW - n * SECOND) for n in range(5)]
TEN = [a_place(200 + n, Destination("01", f"123456{n}", "D")) for n in range(10)]
ADD_FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"is_merchant": False}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.NOT_AN_AGENT, {"destination": Destination("", "99999", "", "cash")}),
    *pin_faults("merchant"),
    (Code.INCORRECT_STATE, {"places": TEN}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(ADD_FAULTS))
def test_adding_is_refused_in_code_order(wrong, code):
    assert code_of(decide_add, an_add, the_facts, wrong) is code


def test_one_added_is_unconfirmed_and_only_its_merchant_is_texted_the_code():
    decision = decide_add(an_add(), the_facts())
    (row,) = rows(decision, NewPlace)
    assert (row.place.state, row.place.usable_from) == ("unconfirmed", None)
    assert wordings(decision) == {msisdn_of(MERCHANT): "destination_code"}
    (body,) = map(text_body, decision.texts)
    assert body.startswith("482913")
    assert "If this was not you" in body
    assert "482913" not in f"{decision.answer} {row} {an_add()}"


def test_the_same_place_is_confirmed_once():
    refused = refusal(decide_add, an_add(), the_facts(places=[a_place()]))
    assert refused.facts == {"state": "destination_exists"}


def test_one_that_was_never_confirmed_may_be_added_again():
    lapsed = waiting(code_expires_at=NOW)
    assert decide_add(an_add(), the_facts(places=[lapsed])).rows


def test_codes_are_texted_five_times_an_hour_at_most():
    refused = refusal(decide_add, an_add(), the_facts(places=FIVE_CODES))
    assert (refused.code, refused.facts) == (Code.RATE_LIMIT_ERROR, {"retry_after_s": 3597})
    later = NOW + timedelta(hours=1) - 4 * SECOND
    assert decide_add(an_add(), the_facts(places=FIVE_CODES, now=later)).rows


@pytest.mark.parametrize("agent", ["", "20417"])
def test_cash_is_paid_by_any_agent_or_by_one_that_there_is(agent):
    cash = Destination("", agent, "", "cash")
    assert decide_add(an_add(destination=cash), the_facts()).rows


# Confirmed -----------------------------------------------------------------------------------


def a_confirm(code=CODE, destination=HOME):
    return Confirm(MERCHANT, KEY, destination, code)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"is_merchant": False}, Code.FORBIDDEN),
        ({"merchant": {"status": "frozen"}}, Code.SENDER_FROZEN),
        ({"places": []}, Code.DESTINATION_UNKNOWN),
        ({"places": [a_place()]}, Code.INCORRECT_STATE),
        ({"places": [waiting(code_expires_at=NOW)]}, Code.DESTINATION_CODE_EXPIRED),
        ({"places": [waiting(code_attempts=5)]}, Code.DESTINATION_CODE_EXPIRED),
    ],
)
def test_what_cannot_be_confirmed_is_refused(changes, code):
    assert refusal(decide_confirm, a_confirm(), the_facts(**changes)).code is code


def test_a_wrong_code_counts_until_none_is_good():
    facts = the_facts(places=[waiting()])
    for left in (4, 3, 2, 1, 0):
        refused = refusal(decide_confirm, a_confirm(WRONG_CODE), facts)
        assert (refused.code, refused.facts) == (
            Code.DESTINATION_CODE_WRONG,
            {"attempts_left": left},
        )
        for row in refused.rows:
            assert isinstance(row, PlaceChanged)
            row.apply(facts)
    assert refusal(decide_confirm, a_confirm(), facts).code is Code.DESTINATION_CODE_EXPIRED


def test_a_code_is_good_for_its_own_destination_only():
    two = [waiting(), waiting(OTHER, OTHER_BANK, code=OneTimeCode("111111").made("x", 1, PIN_KEYS))]
    refused = refusal(decide_confirm, a_confirm(destination=OTHER), the_facts(places=two))
    assert refused.code is Code.DESTINATION_CODE_WRONG


def test_a_confirmed_destination_cools_off_and_its_merchant_is_warned():
    decision = decide_confirm(a_confirm(), the_facts(places=[waiting()], default=OTHER))
    (row,) = rows(decision, PlaceChanged)
    assert (row.place.state, row.place.usable_from) == ("confirmed", NOW + DAY)
    (body,) = map(text_body, decision.texts)
    assert "from 6 Jan 12:00" in body
    assert "If this was not you" in body


def test_the_own_wallet_cools_off_for_no_time():
    wallet = waiting(destination=Destination(kind="wallet"))
    decision = decide_confirm(a_confirm(), the_facts(places=[wallet]))
    assert rows(decision, PlaceChanged)[0].place.usable_from == NOW


@pytest.mark.parametrize(("default", "changes"), [(None, [HOME]), (OTHER, [])])
def test_the_first_one_confirmed_is_the_default(default, changes):
    decision = decide_confirm(a_confirm(), the_facts(places=[waiting()], default=default))
    assert [row.destination_id for row in rows(decision, DefaultChanged)] == changes


# Removed, made the default -------------------------------------------------------------------


def a_remove(pin=PIN, destination=HOME):
    return Remove(MERCHANT, KEY, pin, destination)


def a_default(pin=PIN, destination=HOME):
    return MakeDefault(MERCHANT, KEY, pin, destination)


ACT_FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"is_merchant": False}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    *pin_faults("merchant"),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(ACT_FAULTS))
@pytest.mark.parametrize(
    ("decide", "command"), [(decide_remove, a_remove), (decide_make_default, a_default)]
)
def test_removing_and_choosing_are_refused_in_code_order(decide, command, wrong, code):
    def facts(**changes):
        return the_facts(places=[a_place()], **changes)

    assert code_of(decide, command, facts, wrong) is code


@pytest.mark.parametrize(
    ("decide", "command"), [(decide_remove, a_remove), (decide_make_default, a_default)]
)
def test_what_is_not_theirs_does_not_exist(decide, command):
    assert refusal(decide, command(), the_facts()).code is Code.DESTINATION_UNKNOWN


@pytest.mark.parametrize(("default", "changes"), [(HOME, [None]), (OTHER, [])])
def test_a_removed_default_leaves_none(default, changes):
    decision = decide_remove(a_remove(), the_facts(places=[a_place()], default=default))
    assert [row.place.state for row in rows(decision, PlaceChanged)] == ["removed"]
    assert [row.destination_id for row in rows(decision, DefaultChanged)] == changes
    assert wordings(decision) == {msisdn_of(MERCHANT): "destination_removed"}


def test_only_a_confirmed_one_becomes_the_default():
    refused = refusal(decide_make_default, a_default(), the_facts(places=[waiting()]))
    assert refused.code is Code.DESTINATION_UNCONFIRMED
    decision = decide_make_default(a_default(), the_facts(places=[a_place()], default=OTHER))
    assert rows(decision, DefaultChanged) == [DefaultChanged(MERCHANT, HOME)]
    assert wordings(decision) == {msisdn_of(MERCHANT): "destination_default"}
