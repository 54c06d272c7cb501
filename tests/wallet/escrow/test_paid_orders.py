"""A code for one order is paid once: whoever pays, under whatever key, also both at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from tests.town import PIN, started
from tests.village import kes
from tests.wallet.ledger.batches import codes, outcome, together
from wallet.clock import id_of
from wallet.escrow import pay
from wallet.money import Money
from wallet.people.pin import Pin

HELD, AT_ONCE = 86_400, 0


@pytest.fixture(params=[HELD, AT_ONCE], ids=["held", "at once"])
def shop(village, request):
    return village.merchant("Mary", period_s=request.param)


def code(village, shop, **terms):
    made = village.as_(shop).post("/v1/qr-codes", {"till": shop.till, **terms})
    assert made.status_code == 201, made.json
    return made.json["payload"]


def scan(village, payer, payload, key=None, **amount):
    body = {"qr": payload, "pin": PIN, **amount}
    return village.as_(payer).post("/v1/payments", body, key=key or uuid4())


def an_order(payer, shop, order="INV-17"):
    return pay.Command(payer.id, uuid4(), Pin(PIN), shop.till, Money("KES", 99_00), order)


@pytest.mark.parametrize(
    "terms",
    [
        {"amount": kes("99.00"), "order": "INV-17", "lifetime_s": 900},
        {"amount": kes("99.00")},
        {"order": "INV-17"},
        {"lifetime_s": 900},
    ],
)
def test_a_code_for_one_order_is_paid_once_whoever_pays(village, shop, terms):
    anna, brian = village.person(balance=500_00), village.person(balance=500_00)
    payload = code(village, shop, **terms)
    amount = {} if "amount" in terms else {"amount": kes("99.00")}
    assert scan(village, anna, payload, **amount).status_code == 201
    with village.unchanged():
        for payer in (anna, brian):
            again = scan(village, payer, payload, **amount)
            assert (again.status_code, again.json["code"]) == (409, "already_paid")
        seen = village.as_(brian).post("/v1/qr-codes/decode", {"payload": payload})
    assert (seen.status_code, seen.json["code"]) == (409, "already_paid")
    assert "order" in seen.json


def test_asking_again_with_the_key_that_paid_answers_the_same(village, shop):
    anna, key = village.person(balance=500_00), uuid4()
    payload = code(village, shop, amount=kes("99.00"))
    first = scan(village, anna, payload, key)
    again = scan(village, anna, payload, key)
    assert (again.status_code, again.data) == (201, first.data)


def test_a_tills_own_code_is_paid_as_often_as_people_come(village, shop):
    payload = code(village, shop)
    for _ in range(2):
        anna = village.person(balance=500_00)
        assert scan(village, anna, payload, amount=kes("99.00")).status_code == 201


def test_each_code_without_an_order_is_for_one_of_its_own(village, shop):
    """Two customers buy the same for the same in the same second."""
    anna, brian = village.person(balance=500_00), village.person(balance=500_00)
    for payer in (anna, brian):
        payload = code(village, shop, amount=kes("99.00"), lifetime_s=60)
        assert scan(village, payer, payload).status_code == 201


def test_no_second_code_is_made_for_an_order_that_was_paid(village, shop):
    anna = village.person(balance=500_00)
    first, second = (code(village, shop, order="INV-17", lifetime_s=n) for n in (60, 900))
    assert scan(village, anna, first, amount=kes("99.00")).status_code == 201
    other = scan(village, anna, second, amount=kes("99.00"))
    made = village.as_(shop).post("/v1/qr-codes", {"till": shop.till, "order": "INV-17"})
    for answer in (other, made):
        assert (answer.status_code, answer.json["code"]) == (409, "already_paid")
    assert village.as_(shop).post("/v1/qr-codes", {"till": shop.till}).status_code == 201


def test_a_payment_that_was_refused_leaves_the_order_to_be_paid(village, shop):
    poor, rich = village.person(balance=5_00), village.person(balance=500_00)
    payload = code(village, shop, amount=kes("99.00"))
    assert scan(village, poor, payload).json["code"] == "insufficient_funds"
    assert scan(village, rich, payload).status_code == 201


def test_an_order_stays_paid_once_its_payment_was_given_back(village):
    anna, shop = village.person(balance=500_00), village.merchant(period_s=HELD)
    payload = code(village, shop, amount=kes("99.00"))
    held = id_of(scan(village, anna, payload).json["contract"])
    assert held is not None
    village.give_back(shop, held)
    with village.unchanged():
        assert scan(village, anna, payload).json["code"] == "already_paid"


def test_of_two_payments_in_one_batch_the_second_is_refused(town):
    shop = town.merchant(period_s=AT_ONCE)
    payers = [town.person(balance=500_00) for _ in range(2)]
    done = together(town.service.poster, [(pay.decide, an_order(each, shop)) for each in payers])
    assert codes(done) == ["done", "already_paid"]
    assert town.balance(shop, "settlement") == 99_00


@pytest.mark.parametrize("period_s", [HELD, AT_ONCE])
def test_of_payments_at_once_in_two_processes_one_is_taken(
    town, database_url, redis_url, clock, period_s
):
    shop, barrier = town.merchant(period_s=period_s), Barrier(8)
    payers = [town.person(balance=500_00) for _ in range(8)]

    def race(payer, poster):
        barrier.wait()
        return outcome(poster.post, pay.decide, an_order(payer, shop))

    with started(database_url, redis_url, clock) as other, ThreadPoolExecutor(8) as pool:
        done = list(pool.map(race, payers, [town.service.poster, other.poster] * 4))
    assert sorted(codes(done)) == ["already_paid"] * 7 + ["done"]
    assert sum(town.balance(each) for each in payers) == 8 * 500_00 - 99_00


def test_the_database_takes_an_order_once_whoever_writes_it(town):
    anna, shop = town.person(balance=500_00), town.merchant()
    town.service.poster.post(pay.decide, an_order(anna, shop))
    town.pay(anna, shop, 1_00)
    copy = (
        "INSERT INTO paid_orders SELECT order_id + :n, (SELECT max(id) FROM postings), till,"
        " reference FROM paid_orders"
    )
    for n, rule in ((0, "paid_orders_pkey"), (1, "paid_orders_paid_once")):
        with pytest.raises(IntegrityError, match=rule):
            town.sql(copy, n=n)
