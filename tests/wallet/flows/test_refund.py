"""Refund: never more than was released, by whichever way; what is not covered waits its turn."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from tests.facts import (
    KEY,
    PIN,
    Fault,
    a_holder,
    an_account,
    code_of,
    in_code_order,
    moves,
    pin_faults,
    refusal,
    some_facts,
    wordings,
)
from tests.pricings import price
from tests.town import Town, started
from wallet.clock import reference
from wallet.errors import Code, Refused
from wallet.escrow.covering import cover_refunds
from wallet.escrow.payouts import Terms
from wallet.escrow.refund_reading import refund_of, refunds_of
from wallet.escrow.refunds import NewRefund, Payment, RefundsWaiting
from wallet.flows import change, reverse
from wallet.flows.approvals import Ask, approve, decide_approve, decide_ask
from wallet.flows.refund import Command, Covered, Decline, decide, decide_covered, decide_decline
from wallet.ledger.entries import statement, transaction
from wallet.money import Money
from wallet.people.approvals import approval_of

SHOP, PAYER, STRANGER, PAYMENT, SETTLED, WALLET = 1, 2, 3, 77, 11, 12


def the_facts(*, merchant=None, payer=None, payment=None, settled=100_00, waits=False, terms=True):
    """100.00 was released to the shop; `payment` None: nothing is known of it."""
    values = {"id": PAYMENT, "merchant_id": SHOP, "payer_id": PAYER, "currency": "KES",
              "released_minor": 100_00, "merchant": "Duka"}  # fmt: skip
    records = [] if payment == "unknown" else [Payment(**values | (payment or {}))]
    records.append(RefundsWaiting(SHOP, (("KES", 5),) if waits else ()))
    if terms:
        records.append(Terms(SHOP, None))
    holders = [a_holder(SHOP, **merchant or {}), a_holder(PAYER, **payer or {})]
    accounts = [an_account(SETTLED, SHOP, settled, "settlement"), an_account(WALLET, PAYER, 1_00)]
    return some_facts(holders, accounts, records=records)


def a_command(amount=None, pin=PIN, when_covered=False, currency="KES"):
    part = None if amount is None else Money(currency, amount)
    return Command(SHOP, KEY, pin, PAYMENT, part, when_covered)


FAULTS: list[Fault] = [
    (Code.FORBIDDEN, {"terms": False}),
    (Code.PAYMENT_UNKNOWN, {"payment": "unknown"}),
    (Code.SENDER_CLOSED, {"merchant": {"status": "closed"}}),
    (Code.SENDER_FROZEN, {"merchant": {"status": "frozen"}}),
    (Code.RECEIVER_CLOSED, {"payer": {"status": "closed"}}),
    *pin_faults("merchant"),
    (Code.ALREADY_REVERSED, {"payment": {"is_reversed": True}}),
    (Code.MORE_THAN_RELEASED, {"amount": 100_01}),
    (Code.REFUND_WAITING, {"waits": True}),
    (Code.INSUFFICIENT_FUNDS, {"settled": 99_99}),
]


@pytest.mark.parametrize(("wrong", "code"), in_code_order(FAULTS))
def test_a_refund_is_refused_in_code_order(wrong, code):
    assert code_of(decide, a_command, the_facts, wrong) is code


def test_another_s_payment_does_not_exist():
    refused = refusal(decide, a_command(), the_facts(payment={"merchant_id": STRANGER}))
    assert refused.code == Code.PAYMENT_UNKNOWN


def test_a_refund_in_another_currency_is_refused():
    refused = refusal(decide, a_command(1, currency="USD"), the_facts())
    assert refused.code == Code.CURRENCY_NOT_SUPPORTED


def test_without_an_amount_all_that_is_left_goes_back():
    decision = decide(a_command(), the_facts(payment={"refunded_minor": 30_00}))
    assert moves(decision) == {SETTLED: -70_00, WALLET: 70_00}
    assert decision.posting.original_id == PAYMENT
    assert decision.answer["left"]["amount"] == "0.00"


def test_one_cent_more_than_is_left_is_refused_and_exactly_that_is_not():
    facts = the_facts(payment={"refunded_minor": 30_00})
    refused = refusal(decide, a_command(70_01), facts)
    assert refused.facts == {"released": "100.00", "refunded": "30.00", "left": "70.00"}
    assert moves(decide(a_command(70_00), facts))[WALLET] == 70_00


def test_what_was_refunded_whole_is_refunded_no_more():
    refused = refusal(decide, a_command(), the_facts(payment={"refunded_minor": 100_00}))
    assert refused.code == Code.MORE_THAN_RELEASED


def test_the_receipt_says_that_the_commission_is_kept():
    answer = decide(a_command(), the_facts()).answer
    assert answer["commission_returned"] == {"amount": "0.00", "currency": "KES"}


def test_a_later_command_of_the_batch_sees_what_was_refunded():
    facts = the_facts()
    (row,) = (row for row in decide(a_command(60_00), facts).rows if isinstance(row, NewRefund))
    row.apply(facts)
    assert refusal(decide, a_command(40_01), facts).code == Code.MORE_THAN_RELEASED


@pytest.mark.parametrize(
    ("settled", "waits", "state"),
    [(100_00, False, "paid"), (99_99, False, "waiting"), (100_00, True, "waiting")],
)
def test_it_waits_where_it_is_not_covered_or_an_older_one_waits(settled, waits, state):
    decision = decide(a_command(when_covered=True), the_facts(settled=settled, waits=waits))
    assert decision.answer["state"] == state
    assert bool(moves(decision)) == (state == "paid")
    stem = "refunded" if state == "paid" else "refund_waits"
    assert list(wordings(decision).values()) == [f"{stem}_payer", f"{stem}_merchant"]


# On the real thing ------------------------------------------------------------------------------


@pytest.fixture
def town(shared_town):
    """One town: every test has a merchant and a payer of its own."""
    return shared_town


def a_shop(town, **merchant):
    """Somebody who is paid at once, and can pay out to their own wallet, which costs nothing."""
    shop = town.merchant(period_s=0, bank=None, **merchant)
    town.destination(shop, "wallet", is_default=True)
    return shop


@pytest.fixture
def shop(town):
    return a_shop(town, name="Mary")


@pytest.fixture
def payer(town):
    return town.person("Anna", balance=500_00)


def give(town, merchant, payment_id, minor=None, *, when_covered=False, key=None, poster=None):
    amount = None if minor is None else Money("KES", minor)
    command = Command(merchant.id, key or uuid4(), PIN, payment_id, amount, when_covered)
    return (poster or town.service.poster).post(decide, command)


def refused(act, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return caught.value


def spend(town, merchant, minor):
    """Take something out of what is settled."""
    town.payout(merchant, minor)


def another(town, servers):
    """A second process on the same database."""
    url = town.service.engine.url.render_as_string(hide_password=False)
    return started(url, servers.redis_url)


def cover(town):
    return cover_refunds(town.service.engine, town.service.poster)


def state_of(town, receipt):
    rows = town.sql("SELECT state FROM refunds WHERE id = :id", id=town.id_in(receipt))
    return rows[0][0]


def test_a_direct_payment_is_refunded_in_parts_up_to_all_of_it(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment, 30_00)
    give(town, shop, payment)
    assert (town.balance(payer), town.balance(shop, "settlement")) == (500_00, 0)
    assert refused(give, town, shop, payment, 1).code == Code.MORE_THAN_RELEASED


def test_of_a_held_payment_only_what_was_released_is_refunded(town, payer):
    shop = town.merchant("Mary")
    contract = town.hold(payer, shop, 100_00)
    assert refused(give, town, shop, contract).code == Code.MORE_THAN_RELEASED
    town.release(payer, contract, 40_00)
    assert refused(give, town, shop, contract, 40_01).facts["left"] == "40.00"
    give(town, shop, contract, 40_00)
    town.release(payer, contract)
    give(town, shop, contract)
    assert (town.balance(payer), town.held(contract)) == (500_00, 0)


def test_a_refund_is_linked_to_its_payment_in_both_statements(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    receipt = give(town, shop, payment, 30_00)
    engine = town.service.engine
    for holder, kind, name in ((payer, "wallet", "Duka Mary"), (shop, "settlement", "Anna")):
        ((account,),) = town.sql(
            "SELECT id FROM accounts WHERE holder_id = :id AND kind = :kind",
            id=holder.id, kind=kind,
        )  # fmt: skip
        line = statement(engine, account, limit=1).lines[0]
        assert (line.kind, line.original_id, line.counterpart) == ("refund", payment, name)
    seen = transaction(engine, payer.id, town.id_in(receipt))
    assert (seen.original_id, seen.answer) == (payment, None)


def test_both_sides_are_texted_what_and_of_which_payment(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment, 30_00)
    assert f"Duka Mary refunded you KSh 30.00 of {reference(payment)}" in town.texts(payer)[-1]
    assert "Commission is kept. Balance KSh 70.00" in town.texts(shop)[-1]


def test_the_commission_is_kept(town, shop, payer):
    price(town, shop, commission_bps=1_000)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    other = town.id_in(town.pay(payer, shop, 100_00))
    give(town, shop, payment)
    assert town.balance(shop, "settlement") == 80_00
    assert refused(give, town, shop, other).facts == {"needed": "100.00"}


def test_one_key_refunds_once(town, shop, payer):
    payment, key = town.id_in(town.pay(payer, shop, 100_00)), uuid4()
    first = give(town, shop, payment, 30_00, key=key)
    again = give(town, shop, payment, 30_00, key=key)
    assert (again.replayed, again.answer) == (True, first.answer)
    assert town.balance(payer) == 430_00


def test_a_wrong_reference_is_no_payment(town, shop, payer):
    other = town.merchant("Other", period_s=0)
    direct = town.id_in(town.pay(payer, other, 50_00))
    sent = town.id_in(town.send(payer, shop, 50_00))
    town.pay(payer, shop, 50_00)
    for wrong in (direct, sent, 12345):
        assert refused(give, town, shop, wrong).code == Code.PAYMENT_UNKNOWN


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
        command = approve(waiting, approver.id, uuid4())
        said = [
            pool.submit(outcome, lambda: give(town, shop, payment)),
            pool.submit(outcome, lambda: other.poster.post(decide_approve, command)),
        ]
        outcomes = {each.result() for each in said}
    assert outcomes in ({"refund", "payment_refunded"}, {"reverse", "already_reversed"})
    assert (town.balance(payer), town.balance(shop, "settlement")) == (400_00, 100_00)


def test_what_waits_is_paid_oldest_first_once_it_is_covered(town, shop, payer):
    first = town.id_in(town.pay(payer, shop, 100_00))
    second = town.id_in(town.pay(payer, shop, 50_00))
    spend(town, shop, 100_00)
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
    spend(town, shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    town.pay(town.person(balance=500_00), shop, 300_00)
    poster = town.service.poster
    done = [poster.post(decide_covered, Covered(id_, shop.id)) for _ in range(2)]
    assert [each.replayed for each in done] == [False, True]
    assert town.balance(payer) == 500_00


def test_none_is_covered_before_its_turn_or_its_money(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 50_00)
    old = town.id_in(give(town, shop, payment, 60_00, when_covered=True))
    young = town.id_in(give(town, shop, payment, 10_00, when_covered=True))
    poster = town.service.poster
    assert refused(poster.post, decide_covered, Covered(old, shop.id)).code == (
        Code.INSUFFICIENT_FUNDS
    )
    assert refused(poster.post, decide_covered, Covered(young, shop.id)).code == Code.REFUND_WAITING
    assert refused(poster.post, decide_covered, Covered(7, shop.id)).code == Code.NOT_FOUND


def test_while_a_refund_waits_nothing_is_paid_out(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 50_00)
    give(town, shop, payment, when_covered=True)
    assert refused(town.payout, shop, 10_00).code == Code.REFUND_WAITING
    assert refused(give, town, shop, payment, 1_00).code == Code.MORE_THAN_RELEASED
    town.pay(town.person(balance=900_00), shop, 300_00)
    cover(town)
    assert town.payout(shop, 10_00).answer["kind"] == "payout"


def test_a_refund_that_waits_counts_as_refunded(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 80_00)
    give(town, shop, payment, 70_00, when_covered=True)
    assert refused(give, town, shop, payment, 30_01, when_covered=True).facts["left"] == "30.00"


def test_staff_may_decline_what_waits_and_both_sides_are_told(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    staff, poster = town.operator(), town.service.poster
    poster.post(decide_decline, Decline(staff.id, uuid4(), id_, "paid in cash"))
    view = refund_of(town.service.engine, payer.id, id_)
    assert (view.refund.state, view.refund.decline_reason) == ("declined", "paid in cash")
    assert "declined the refund of KSh 100.00" in town.texts(payer)[-1]
    again = refused(poster.post, decide_decline, Decline(staff.id, uuid4(), id_, "again"))
    assert (again.code, again.facts) == (Code.INCORRECT_STATE, {"state": "declined"})
    assert town.payout(shop, 10_00).answer["kind"] == "payout"
    assert give(town, shop, payment, 20_00).answer["refunded"]["amount"] == "20.00"


def test_nobody_but_staff_declines_a_refund(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 50_00)
    id_ = town.id_in(give(town, shop, payment, when_covered=True))
    command = Decline(shop.id, uuid4(), id_, "I want to")
    assert refused(town.service.poster.post, decide_decline, command).code == Code.FORBIDDEN


def test_who_owes_a_refund_or_is_owed_one_is_not_closed(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    town.send(payer, town.person(), 400_00 - 20_00)  # the rest goes as fees
    spend(town, shop, 50_00)
    give(town, shop, payment, when_covered=True)
    for holder in (shop, payer):
        with pytest.raises(IntegrityError, match="party to a refund"):
            town.set_status(holder, "closed")


def test_who_is_owed_a_refund_is_told_so_when_asked_to_be_closed(town, shop):
    payer = town.person(balance=100_00)
    payment = town.id_in(town.pay(payer, shop, 100_00))
    spend(town, shop, 50_00)
    give(town, shop, payment, when_covered=True)
    command = change.ChangeHolder(0, uuid4(), payer.id, status="closed")
    no = refused(town.service.poster.post, change.decide_change_holder, command)
    assert (no.code, no.facts) == (Code.INCORRECT_STATE, {"state": "refund_waiting"})


def test_refunds_are_listed_newest_first_and_seen_by_their_two_parties(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    ids = [town.id_in(give(town, shop, payment, 10_00)) for _ in range(3)]
    engine = town.service.engine
    page = refunds_of(engine, shop.id, limit=2)
    rest = refunds_of(engine, shop.id, before=page.next_cursor)
    listed = [view.refund.id for view in (*page.items, *rest.items)]
    assert (listed, rest.next_cursor, page.items[0].payer) == (ids[::-1], None, "Anna")
    assert refunds_of(engine, shop.id, only_waiting=True).items == ()
    assert refund_of(engine, payer.id, ids[0]).refund.merchant == "Duka Mary"
    assert refund_of(engine, town.person().id, ids[0]) is None


INSERT = """
    INSERT INTO refunds (id, payment_id, merchant_id, payer_id, currency, amount_minor, state,
                         asked_at)
    VALUES (:id, :payment, :merchant, :payer, 'KES', :minor, 'waiting', :now)
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
        town.sql("UPDATE refunds SET amount_minor = 1 WHERE id = :id", id=id_)
    with pytest.raises(IntegrityError, match="waits"):
        town.sql("INSERT INTO payouts SELECT (p).* FROM (SELECT jsonb_populate_record("
                 "NULL::payouts, jsonb_build_object('merchant_id', :id, 'currency', 'KES')) AS p"
                 ") x", id=shop.id)  # fmt: skip


def test_the_database_refuses_a_refund_of_what_was_reversed(town, shop, payer):
    payment = town.id_in(town.pay(payer, shop, 100_00))
    asker, approver = town.operator(), town.operator()
    waiting = ask_reversal(town, asker, payment, shop)
    town.service.poster.post(decide_approve, approve(waiting, approver.id, uuid4()))
    assert refused(give, town, shop, payment).code == Code.ALREADY_REVERSED
    row = {"payment": payment, "merchant": shop.id, "payer": payer.id, "now": town.now}
    with pytest.raises(IntegrityError, match="was reversed"):
        town.sql(INSERT, id=town.new_id(), minor=1, **row)


def ask_reversal(town, asker, payment_id, shop):
    key = uuid4()
    inner = reverse.Command(asker.id, key, payment_id, shop.id, "fraud")
    receipt = town.service.poster.post(decide_ask, Ask(asker.id, key, inner, "fraud"))
    return approval_of(town.service.engine, town.id_in(receipt), town.now).approval


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
                town.service.poster.post(decide_approve, approve(waiting, staff[1].id, uuid4()))
            case "cover":
                cover(town)
            case "spend":
                spend(town, shop, 50_00)
            case "settle":
                town.pay(staff[2], shop, 50_00)
    except Refused:
        return False
    return True


@pytest.fixture(scope="module")
def staff(shared_town: Town):
    rich = shared_town.person(balance=90_000_00)
    return shared_town.operator(), shared_town.operator(), rich


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
