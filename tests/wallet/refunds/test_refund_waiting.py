"""What a settlement balance does not cover waits its turn, and comes before any payout."""

from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.wallet.refunds.shop import cover, give, refused
from wallet.clock import reference
from wallet.errors import Code
from wallet.people import change_holder
from wallet.refunds.reading import refund_of
from wallet.refunds.refund import Decline, Due, decide_decline, decide_due


@pytest.fixture
def town(shared_town):
    """One town: every test has a merchant and a payer of its own."""
    return shared_town


def state_of(town, receipt):
    rows = town.sql("SELECT state FROM refunds WHERE id = :id", id=town.id_in(receipt))
    return rows[0][0]


@pytest.mark.rule(
    "What the settlement balance does not cover waits, and is paid oldest first from what is "
    "settled next."
)
def test_what_waits_is_paid_oldest_first_once_it_is_covered(town, shop, payer):
    first = town.id_in(town.pay(payer, shop, 100_00))
    second = town.id_in(town.pay(payer, shop, 50_00))
    town.payout(shop, 100_00)
    old = give(town, shop, first, when_covered=True)
    young = give(town, shop, second, 10_00, when_covered=True)
    assert (old.answer["state"], young.answer["state"]) == ("waiting", "waiting")
    assert cover(town) == 0  # the young one would be covered, but comes second
    town.pay(town.person(balance=200_00), shop, 100_00)
    assert (cover(town), state_of(town, old), state_of(town, young)) == (1, "paid", "waiting")
    assert (cover(town), state_of(town, young), cover(town)) == (1, "paid", 0)
    assert town.balance(payer) == 460_00
    assert f"refunded you KSh 10.00 of {reference(second)}" in town.texts(payer)[-1]


def test_a_refund_is_covered_once_by_any_number_of_workers(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    town.pay(town.person(balance=500_00), shop, 300_00)
    poster = town.service.poster
    done = [poster.post(decide_due, Due(id_, shop.id)) for _ in range(2)]
    assert [each.replayed for each in done] == [False, True]
    assert town.balance(payer) == 500_00


def test_none_is_covered_before_its_turn_or_its_money(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    old = town.id_in(give(town, shop, payment, 60_00, when_covered=True))
    young = town.id_in(give(town, shop, payment, 10_00, when_covered=True))
    poster = town.service.poster
    assert refused(poster.post, decide_due, Due(old, shop.id)).code == (Code.INSUFFICIENT_FUNDS)
    assert refused(poster.post, decide_due, Due(young, shop.id)).code == Code.REFUND_WAITING
    assert refused(poster.post, decide_due, Due(7, shop.id)).code == Code.NOT_FOUND


@pytest.mark.rule("While a refund waits, nothing is paid out.")
def test_while_a_refund_waits_nothing_is_paid_out(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    give(town, shop, payment, when_covered=True)
    assert refused(town.payout, shop, 10_00).code == Code.REFUND_WAITING
    assert refused(give, town, shop, payment, 1_00).code == Code.MORE_THAN_RELEASED
    town.pay(town.person(balance=900_00), shop, 300_00)
    cover(town)
    assert town.payout(shop, 10_00).answer["kind"] == "payout"


def test_a_refund_that_waits_counts_as_refunded(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 80_00)
    give(town, shop, payment, 70_00, when_covered=True)
    assert refused(give, town, shop, payment, 30_01, when_covered=True).facts["left"] == "30.00"


def test_staff_may_decline_what_waits_and_both_sides_are_told(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    staff, poster = town.operator(), town.service.poster
    poster.post(decide_decline, Decline(staff.id, uuid4(), id_, "paid in cash"))
    view = refund_of(town.service.engine, payer.id, id_)
    assert view is not None
    assert (view.refund.state, view.refund.decline_reason) == ("declined", "paid in cash")
    assert "declined the refund of KSh 100.00" in town.texts(payer)[-1]
    again = refused(poster.post, decide_decline, Decline(staff.id, uuid4(), id_, "again"))
    assert (again.code, again.facts) == (Code.INCORRECT_STATE, {"state": "declined"})
    assert town.payout(shop, 10_00).answer["kind"] == "payout"
    assert give(town, shop, payment, 20_00).answer["refunded"]["amount"] == "20.00"


def test_nobody_but_staff_declines_a_refund(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    command = Decline(shop.id, uuid4(), id_, "I want to")
    assert refused(town.service.poster.post, decide_decline, command).code == Code.FORBIDDEN


def test_staff_do_not_decline_what_is_about_their_own_money(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    for party in (shop, payer):
        town.owner_sql("INSERT INTO operators (holder_id) VALUES (:id)", id=party.id)
        command = Decline(party.id, uuid4(), id_, "mine")
        no = refused(town.service.poster.post, decide_decline, command)
        assert no.code == Code.OWN_TRANSACTION


def test_who_owes_a_refund_or_is_owed_one_is_not_closed(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.send(payer, town.person(), 400_00 - 20_00)  # the rest goes as fees
    town.payout(shop, 50_00)
    give(town, shop, payment, when_covered=True)
    for holder in (shop, payer):
        with pytest.raises(IntegrityError, match="party to a refund"):
            town.set_status(holder, "closed")


def test_who_is_owed_a_refund_is_told_so_when_asked_to_be_closed(town, shop):
    payer = town.person(balance=100_00)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.payout(shop, 50_00)
    give(town, shop, payment, when_covered=True)
    command = change_holder.Command(0, uuid4(), payer.id, status="closed")
    no = refused(town.service.poster.post, change_holder.decide, command)
    assert (no.code, no.facts) == (Code.INCORRECT_STATE, {"state": "refund_waiting"})
