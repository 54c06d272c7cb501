"""Never more is given back than was paid: two processes at once, any sequence, any writer."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from tests.roles import owner_sql
from tests.town import Town
from tests.wallet.refunds.shop import a_shop, another, ask_reversal, cover, give, refused
from wallet.errors import Code, Refused
from wallet.transfers.reverse import APPROVABLE


@pytest.fixture
def town(shared_town):
    """One town: every test has a merchant and a payer of its own."""
    return shared_town


@pytest.mark.rule("Two refunds at once give back no more than was paid.")
def test_two_processes_at_once_refund_no_more_than_was_paid(town, shop, payer, servers):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.pay(payer, shop, 200_00)

    def outcome(poster):
        try:
            return give(town, shop, payment, 40_00, poster=poster).answer["state"]
        except Refused as refusal:
            return refusal.code

    with another(town, servers) as other, ThreadPoolExecutor(8) as pool:
        said = [pool.submit(outcome, each) for each in (town.service.poster, other.poster) * 4]
        outcomes = sorted(each.result() for each in said)
    assert outcomes == ["more_than_released"] * 6 + ["paid"] * 2
    assert town.balance(payer) == 200_00 + 80_00


def test_a_refund_and_a_reversal_at_once_give_back_only_once(town, shop, payer, servers):
    asker, approver = town.operator(), town.operator()
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.pay(payer, shop, 100_00)
    waiting = ask_reversal(town, asker, payment, shop)

    def outcome(act):
        try:
            return act().answer["kind"]
        except Refused as refusal:
            return refusal.code

    with another(town, servers) as other, ThreadPoolExecutor(2) as pool:
        command = APPROVABLE.approve(waiting, approver.id, uuid4())
        said = [
            pool.submit(outcome, lambda: give(town, shop, payment)),
            pool.submit(outcome, lambda: other.poster.post(APPROVABLE.decide_approve, command)),
        ]
        outcomes = {each.result() for each in said}
    assert outcomes in ({"refund", "payment_refunded"}, {"reverse", "already_reversed"})
    assert (town.balance(payer), town.balance(shop, "settlement")) == (400_00, 100_00)


INSERT = """
    INSERT INTO refunds (id, payment_id, merchant_id, payer_id, currency, amount_minor, state,
                         asked_at, waits_until)
    VALUES (:id, :payment, :merchant, :payer, 'KES', :minor, 'waiting', :now, :now)
"""


def test_the_database_holds_the_sum_whoever_writes(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment, 60_00)
    row = {"payment": payment, "merchant": shop.id, "payer": payer.id, "now": town.now}
    with pytest.raises(IntegrityError, match="more of payment"):
        town.sql(INSERT, id=town.new_id(), minor=40_01, **row)
    with pytest.raises(IntegrityError, match="more of payment"):
        town.sql(INSERT, id=town.new_id(), minor=1, **row | {"payer": shop.id})
    id_ = town.new_id()
    town.sql(INSERT, id=id_, minor=40_00, **row)
    with pytest.raises(IntegrityError, match="keeps its parties"):
        owner_sql(town.service.engine, "UPDATE refunds SET amount_minor = 1 WHERE id = :id", id=id_)
    with pytest.raises(IntegrityError, match="waits"):
        town.sql("INSERT INTO payouts SELECT (p).* FROM (SELECT jsonb_populate_record("
                 "NULL::payouts, jsonb_build_object('merchant_id', :id, 'currency', 'KES')) AS p"
                 ") x", id=shop.id)  # fmt: skip


def test_the_database_refuses_a_refund_of_what_was_reversed(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    asker, approver = town.operator(), town.operator()
    waiting = ask_reversal(town, asker, payment, shop)
    town.service.poster.post(
        APPROVABLE.decide_approve, APPROVABLE.approve(waiting, approver.id, uuid4())
    )
    assert refused(give, town, shop, payment).code == Code.ALREADY_REVERSED
    row = {"payment": payment, "merchant": shop.id, "payer": payer.id, "now": town.now}
    with pytest.raises(IntegrityError, match="was reversed"):
        town.sql(INSERT, id=town.new_id(), minor=1, **row)


# Any sequence -------------------------------------------------------------------------------------

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("refund"), st.sampled_from([1, 30_00, 60_00, 100_00, None])),
        st.tuples(st.just("wait"), st.sampled_from([1, 30_00, 60_00, 100_00, None])),
        st.tuples(st.sampled_from(["reverse", "cover", "spend", "settle"]), st.none()),
    ),
    min_size=1,
    max_size=6,
)


def done(town, act, minor, shop, payment, staff):
    """Whether the act went through."""
    try:
        match act:
            case "refund" | "wait":
                give(town, shop, payment, minor, when_covered=act == "wait")
            case "reverse":
                waiting = ask_reversal(town, staff[0], payment, shop)
                town.service.poster.post(
                    APPROVABLE.decide_approve, APPROVABLE.approve(waiting, staff[1].id, uuid4())
                )
            case "cover":
                cover(town)
            case "spend":
                town.payout(shop, 50_00)
            case "settle":
                town.pay(staff[2], shop, 50_00)
    except Refused:
        return False
    return True


@pytest.fixture(scope="module")
def staff(shared_town: Town):
    rich = shared_town.person(balance=90_000_00)
    return shared_town.operator(), shared_town.operator(), rich


@pytest.mark.rule("No sequence of refunds and a reversal gives back more than was paid.")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_no_sequence_of_refunds_and_a_reversal_gives_back_more_than_was_paid(
    shared_town, staff, acts
):
    town = shared_town
    shop, payer = a_shop(town), town.person(balance=100_00)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    reversals = 0
    for act, minor in acts:
        went = done(town, act, minor, shop, payment, staff)
        reversals += went and act == "reverse"
        paid = town.sql("SELECT coalesce(sum(amount_minor), 0)::bigint FROM refunds"
                        " WHERE payment_id = :id AND state = 'paid'", id=payment)[0][0]  # fmt: skip
        assert town.balance(payer) == paid + reversals * 100_00 <= 100_00
        assert reversals <= 1
