"""Visit codes in the books: from keys, tries counted also at once; and what visits cost."""

from uuid import UUID, uuid4

import pytest

from tests.town import PIN
from tests.wallet.ledger.batches import codes, together
from wallet.clock import id_of
from wallet.disputes import dispute
from wallet.errors import Code, Refused
from wallet.escrow import extend
from wallet.merchants import set_pricing
from wallet.money import Money
from wallet.people.pin import Pin
from wallet.plans import plan, visit
from wallet.plans.reading import contract_of_code
from wallet.plans.visit_codes import CODE_TRIES, code_mac, visit_code

SECRET = b"s" * 32


@pytest.fixture
def shop(town):
    return town.merchant("Mary")


@pytest.fixture
def anna(town):
    return town.person("Anna", balance=2_000_00)


def buy(town, anna, shop, steps=3, minor=1_000_00):
    """Offer a plan and buy it; return the contract's id."""
    terms = plan.Offer(shop.id, uuid4(), Pin(PIN), "Washes", steps, Money("KES", minor), 30)
    offered = town.service.poster.post(plan.decide_offer, terms)
    plan_id = id_of(offered.answer["plan"])
    assert plan_id is not None
    bought = town.service.poster.post(
        plan.decide_buy, plan.Buy(anna.id, uuid4(), Pin(PIN), plan_id)
    )
    contract_id = id_of(bought.answer["contract"])
    assert contract_id is not None
    return contract_id


def ask(town, anna, contract_id):
    """Ask for a code; return it."""
    key = uuid4()
    code = visit_code(SECRET, anna.id, key)
    mac = code_mac(SECRET, contract_id, code)
    asked = visit.AskCode(anna.id, key, Pin(PIN), contract_id, mac)
    town.service.poster.post(visit.decide_ask_code, asked)
    return code


def redeeming(shop, contract_id, code):
    mac = code_mac(SECRET, contract_id, code)
    return visit.decide_redeem, visit.Redeem(shop.id, uuid4(), contract_id, mac)


def other_than(code):
    return f"{(int(code) + 1) % 10**6:06d}"


def test_a_code_follows_from_who_asks_under_which_key_and_from_our_secret():
    key = UUID(int=7)
    code = visit_code(SECRET, 1, key)
    assert (len(code), code.isdecimal(), code == visit_code(SECRET, 1, key)) == (6, True, True)
    others = [visit_code(SECRET, 2, key), visit_code(b"t" * 32, 1, key)]
    others += [visit_code(SECRET, 1, UUID(int=n)) for n in range(8, 108)]
    assert len({code, *others}) > 100  # by chance alike once in ten thousand, hardly twice


def test_the_same_code_of_two_contracts_is_stored_differently():
    assert code_mac(SECRET, 1, "482913") != code_mac(SECRET, 2, "482913")


def test_tries_of_one_batch_are_counted_one_by_one(town, anna, shop):
    contract_id = buy(town, anna, shop)
    code = ask(town, anna, contract_id)
    wrong = [redeeming(shop, contract_id, other_than(code)) for _ in range(CODE_TRIES)]
    outcomes = together(town.service.poster, [*wrong, redeeming(shop, contract_id, code)])
    assert codes(outcomes) == ["visit_code_wrong"] * CODE_TRIES + ["visit_code_expired"]
    assert town.held(contract_id) == 1_000_00


def test_one_batch_redeems_a_code_once(town, anna, shop):
    contract_id = buy(town, anna, shop)
    code = ask(town, anna, contract_id)
    tries = [redeeming(shop, contract_id, code) for _ in range(4)]
    outcomes = together(town.service.poster, tries)
    assert codes(outcomes) == ["done", *["visit_code_expired"] * 3]
    assert town.held(contract_id) == 666_67


def test_a_batch_of_visits_stops_at_the_last_step(town, anna, shop):
    contract_id = buy(town, anna, shop)
    visits = [
        (visit.decide, visit.Command(anna.id, uuid4(), Pin(PIN), contract_id)) for _ in range(5)
    ]
    outcomes = together(town.service.poster, visits)
    assert codes(outcomes) == [*["done"] * 3, *["contract_closed"] * 2]
    assert town.balance(shop, "settlement") == 1_000_00


def test_commission_is_taken_visit_by_visit_and_is_exact_in_the_sum(town, anna, shop):
    terms = set_pricing.Command(town.operator().id, uuid4(), shop.id, "KES", 333)
    town.service.poster.post(set_pricing.decide, terms)
    contract_id = buy(town, anna, shop, steps=7, minor=1_000_01)
    for _ in range(7):
        command = visit.Command(anna.id, uuid4(), Pin(PIN), contract_id)
        town.service.poster.post(visit.decide, command)
    assert town.balance(None, "commissions") == 33_30
    assert town.balance(shop, "settlement") == 1_000_01 - 33_30


def test_what_returns_costs_no_commission(town, anna, shop):
    terms = set_pricing.Command(town.operator().id, uuid4(), shop.id, "KES", 1_000)
    town.service.poster.post(set_pricing.decide, terms)
    contract_id = buy(town, anna, shop)
    town.give_back(shop, contract_id)
    assert town.balance(anna) == 2_000_00
    assert town.balance(None, "commissions") == 0


def test_of_two_plans_a_code_is_for_the_one_it_was_asked_for(town, anna, shop):
    first, second = buy(town, anna, shop), buy(town, anna, shop, minor=500_00)
    code_1, code_2 = ask(town, anna, first), ask(town, anna, second)

    def found(code):
        engine = town.service.engine
        now = town.service.clock.now()
        return contract_of_code(engine, SECRET, shop.id, uuid4(), anna.msisdn, code, now)

    assert (found(code_1), found(code_2)) == (first, second)
    assert found(other_than(code_2)) in {first, second}


@pytest.mark.parametrize("ended", ["used", "guessed"])
def test_a_guess_counts_on_a_code_that_is_still_good(town, clock, anna, shop, ended):
    """Else a merchant could guess at the older of two codes without end."""
    first, second = buy(town, anna, shop), buy(town, anna, shop, minor=500_00)
    code_1 = ask(town, anna, first)
    clock.advance(1)
    code_2 = ask(town, anna, second)
    wrong = next(each for each in ("111111", "222222", "333333") if each not in {code_1, code_2})
    if ended == "used":
        redeem_of(town, anna, shop, code_2)
    guesses = [redeem_of(town, anna, shop, wrong) for _ in range(5 if ended == "used" else 10)]
    assert set(guesses) == {"visit_code_wrong"}
    assert redeem_of(town, anna, shop, code_1) == "visit_code_expired"


def redeem_of(town, anna, shop, code):
    """Redeem a code as a merchant does who knows but the number; return what came of it."""
    key, now = uuid4(), town.service.clock.now()
    engine = town.service.engine
    found = contract_of_code(engine, SECRET, shop.id, key, anna.msisdn, code, now)
    assert found is not None
    command = visit.Redeem(shop.id, key, found, code_mac(SECRET, found, code))
    try:
        return town.service.poster.post(visit.decide_redeem, command).answer["kind"]
    except Refused as refusal:
        return refusal.code.value


@pytest.mark.rule("A plan is neither disputed nor extended.")
def test_a_plan_is_neither_disputed_nor_extended(town, anna, shop):
    """Only what is earned is paid out, and the rest is the payer's again at a date they know."""
    contract_id = buy(town, anna, shop)
    later = extend.Command(shop.id, uuid4(), Pin(PIN), contract_id, days=1)
    with pytest.raises(Refused) as caught:
        town.service.poster.post(extend.decide, later)
    assert caught.value.code is Code.INCORRECT_STATE
    disputed = dispute.Command(anna.id, uuid4(), Pin(PIN), contract_id, "not_received")
    with pytest.raises(Refused) as caught:
        town.service.poster.post(dispute.decide, disputed)
    assert caught.value.code is Code.INCORRECT_STATE


def test_both_sides_are_texted_at_each_step(town, anna, shop):
    contract_id = buy(town, anna, shop)
    town.service.poster.post(visit.decide, visit.Command(anna.id, uuid4(), Pin(PIN), contract_id))
    assert "Bought Washes, Duka Mary: 3 visits, KSh 1,000.00." in town.texts(anna)[-2]
    assert "Visit 1 of 3 at Duka Mary confirmed: KSh 333.33" in town.texts(anna)[-1]
    assert "bought Washes: 3 visits, KSh 1,000.00" in town.texts(shop)[-2]
    assert "Visit 1 of 3 of Anna" in town.texts(shop)[-1]


@pytest.mark.rule("A plan is not released by amount: nothing is paid out before it is earned.")
@pytest.mark.parametrize("change", ["steps_done = 2", "released_minor = 33334", "steps_done = 0"])
def test_the_database_pays_out_no_more_and_no_less_than_the_steps_earn(town, anna, shop, change):
    contract_id = buy(town, anna, shop)
    command = visit.Command(anna.id, uuid4(), Pin(PIN), contract_id)
    town.service.poster.post(visit.decide, command)
    with pytest.raises(Exception, match="contracts_steps_are_earned"):
        town.sql(f"UPDATE contracts SET {change} WHERE id = :id", id=contract_id)
