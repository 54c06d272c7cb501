"""Contracts in the database: released + returned + held is the amount, and each end is final."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from tests.town import WRONG_PIN
from wallet.clock import id_of
from wallet.errors import Code, Refused
from wallet.people import change_holder


@pytest.fixture
def payer(town):
    return town.person("Payer", balance=100_000)


@pytest.fixture
def merchant(town):
    return town.merchant(period_s=3600)


def row_of(town, contract_id):
    (row,) = town.sql("SELECT * FROM contracts WHERE id = :id", id=contract_id)
    return row


def code_of(act, *args, **named):
    with pytest.raises(Refused) as caught:
        act(*args, **named)
    return caught.value.code


def test_a_payment_is_known_by_one_reference(town, payer, merchant):
    receipt = town.pay(payer, merchant, 10_000)
    contract_id = id_of(receipt.answer["contract"])
    assert receipt.answer["reference"] == receipt.answer["contract"]
    assert town.held(contract_id) == 10_000
    assert town.sql("SELECT kind FROM postings WHERE id = :id", id=contract_id) == [("pay",)]


@pytest.mark.rule("Released, returned and held are always the amount.")
def test_parts_go_both_ways_and_always_add_up(town, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.release(payer, contract_id, 1_000)
    town.give_back(merchant, contract_id, 2_000)
    town.release(payer, contract_id, 3_000)
    row = row_of(town, contract_id)
    assert (row.released_minor, row.returned_minor, town.held(contract_id)) == (4_000, 2_000, 4_000)
    assert (town.balance(payer), town.balance(merchant, "settlement")) == (92_000, 4_000)
    assert row.closed_at is None


@pytest.mark.rule("An empty contract is closed to everybody.")
@pytest.mark.fault("An act after the contract closed", "`contract_closed`")
def test_an_empty_contract_is_closed_to_everybody(town, clock, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.give_back(merchant, contract_id)
    assert row_of(town, contract_id).closed_at == clock.now()
    assert code_of(town.release, payer, contract_id) is Code.CONTRACT_CLOSED
    assert code_of(town.give_back, merchant, contract_id, 1) is Code.CONTRACT_CLOSED
    clock.advance(3600)
    assert code_of(town.release_due, contract_id) is Code.CONTRACT_CLOSED


def test_at_the_deadline_the_rest_goes_to_the_payee_once(town, clock, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.give_back(merchant, contract_id, 4_000)
    clock.advance(3599)
    assert code_of(town.release_due, contract_id) is Code.CONTRACT_NOT_DUE
    clock.advance(1)
    receipts = [town.release_due(contract_id) for _ in range(3)]
    assert [each.replayed for each in receipts] == [False, True, True]
    assert town.balance(merchant, "settlement") == 6_000


@pytest.mark.rule(
    "One key acts once and is told the same again, also when the contract has closed since."
)
def test_who_replays_a_release_is_told_the_same_even_when_the_contract_is_closed(
    town, payer, merchant
):
    contract_id, key = town.hold(payer, merchant, 10_000), town.new_key()
    first = town.release(payer, contract_id, key=key)
    again = town.release(payer, contract_id, key=key)
    assert (again.answer, again.replayed) == (first.answer, True)


@pytest.mark.rule("Nobody's own act moves money to themselves.")
@pytest.mark.fault("An act by the wrong party", "`not_a_party`")
def test_nobodys_own_act_moves_money_to_themselves(town, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    assert code_of(town.release, merchant, contract_id) is Code.NOT_A_PARTY
    assert code_of(town.give_back, payer, contract_id) is Code.NOT_A_PARTY


@pytest.mark.rule("To a stranger a contract does not exist.")
@pytest.mark.fault("An act by a stranger", "`contract_unknown`")
def test_to_a_stranger_a_contract_does_not_exist(town, payer, merchant):
    contract_id, stranger = town.hold(payer, merchant, 10_000), town.person()
    assert code_of(town.release, stranger, contract_id) is Code.CONTRACT_UNKNOWN
    assert code_of(town.give_back, stranger, contract_id) is Code.CONTRACT_UNKNOWN
    assert code_of(town.release, payer, contract_id + 1) is Code.CONTRACT_UNKNOWN


@pytest.mark.rule("Every act needs its actor's PIN.")
def test_a_wrong_pin_releases_nothing(town, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    assert code_of(town.release, payer, contract_id, pin=WRONG_PIN) is Code.PIN_WRONG
    assert town.held(contract_id) == 10_000


@pytest.mark.rule("What is held is not the payer's to spend.")
def test_what_is_held_is_not_the_payers_to_spend(town, payer, merchant):
    town.hold(payer, merchant, 100_000)
    assert code_of(town.pay, payer, merchant, 100) is Code.INSUFFICIENT_FUNDS


@pytest.mark.rule("A contract keeps the period of the day it was paid.")
def test_the_period_of_the_day_of_payment_stands(town, clock, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.sql("UPDATE merchants SET escrow_period_s = 0")
    assert row_of(town, contract_id).deadline_at == clock.now() + timedelta(hours=1)


@pytest.mark.rule("A party that is frozen acts no more, and the deadline still comes.")
def test_a_frozen_payer_cannot_release_but_the_deadline_still_comes(town, clock, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.set_status(payer, "frozen")
    assert code_of(town.release, payer, contract_id) is Code.SENDER_FROZEN
    clock.advance(3600)
    assert town.release_due(contract_id).answer["amount"]["amount"] == "100.00"


@pytest.mark.rule("Nobody is closed while a contract of theirs is open.")
@pytest.mark.parametrize("who", ["payer", "payee"])
def test_nobody_is_closed_while_a_contract_of_theirs_is_open(town, merchant, who):
    """What came back or was released to them would be locked for ever."""
    payer = town.person(balance=10_000)
    contract_id = town.hold(payer, merchant, 10_000)
    party = payer if who == "payer" else merchant
    assert code_of(close, town, party) is Code.INCORRECT_STATE
    with pytest.raises(IntegrityError, match="is still party to a contract"):
        town.set_status(party, "closed")
    town.give_back(merchant, contract_id, 4_000)
    town.send(payer, town.person(), 4_000)
    assert code_of(close, town, party) is Code.INCORRECT_STATE
    town.release(payer, contract_id)
    if who == "payee":
        payout_id = town.id_in(town.payout(merchant, 1_000))
        assert code_of(close, town, party) is Code.INCORRECT_STATE
        town.payout_sent(payout_id)
        town.settle(payout_id, paid=True)
    assert close(town, party)["status"] == "closed"


def close(town, holder):
    command = change_holder.Command(0, town.new_key(), holder.id, status="closed")
    return town.service.poster.post(change_holder.decide, command).answer


@pytest.mark.rule("Both sides are texted at every act.")
def test_both_are_texted_of_every_act(town, clock, payer, merchant):
    contract_id = town.hold(payer, merchant, 10_000)
    town.release(payer, contract_id, 1_000)
    town.give_back(merchant, contract_id, 2_000)
    clock.advance(3600)
    town.release_due(contract_id)
    assert len(town.texts(payer)) == 2 + 4
    assert len(town.texts(merchant)) == 1 + 4
