"""The poster: batches, refusals and failures of one command alone, replay of what was done."""

import asyncio
from dataclasses import replace
from threading import Event
from uuid import uuid4

import psycopg
import pytest

from tests.town import PIN, WRONG_PIN
from tests.wallet.ledger.batches import Anything, a_send, codes, nothing, outcome, together
from wallet.errors import Unavailable
from wallet.escrow import pay
from wallet.ledger.accounts import Account
from wallet.ledger.facts import Needs
from wallet.ledger.poster import MAX_BATCH
from wallet.ledger.posting import Decision, Leg, NewAccount, Posting
from wallet.money import Money
from wallet.onboarding import register
from wallet.people.pin import Pin
from wallet.transfers import send


def test_a_server_that_stops_while_acts_wait_does_not_stop_the_poster(
    service, town, amina, juma, monkeypatch
):
    """Its event loop may close at any moment, also between a look at it and the waking."""

    def closed(*_):
        raise RuntimeError("Event loop is closed")

    async def wait_in_vain():
        monkeypatch.setattr(asyncio.get_running_loop(), "call_soon_threadsafe", closed)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(service.poster.posted(*a_send(amina, juma)), 0.1)

    asyncio.run(wait_in_vain())
    assert not service.poster.post(*a_send(amina, juma), timeout_s=5).replayed
    assert town.balance(juma) == 200


# Batches -----------------------------------------------------------------------------------------


def test_what_arrives_during_a_batch_is_one_transaction(service, town, amina, juma):
    outcomes = together(service.poster, [a_send(amina, juma) for _ in range(20)])
    assert codes(outcomes) == ["done"] * 20
    transactions = town.sql("SELECT count(*) FROM postings WHERE kind = 'send' GROUP BY xmin::text")
    assert transactions == [(20,)]


def test_a_refusal_refuses_its_own_command_only(service, town, amina, juma):
    stranger = replace(juma, msisdn="+254711999999")
    outcomes = together(
        service.poster,
        [a_send(amina, juma), a_send(amina, stranger), a_send(amina, amina), a_send(amina, juma)],
    )
    assert codes(outcomes) == ["done", "receiver_unknown", "same_parties", "done"]
    assert town.balance(juma) == 200


def test_a_command_of_somebody_who_is_not_here_is_refused_alone(service, town, amina, juma):
    ghost = replace(amina, id=7)
    outcomes = together(service.poster, [a_send(ghost, juma), a_send(amina, juma)])
    assert codes(outcomes) == ["sender_unknown", "done"]
    assert town.balance(juma) == 100


def test_each_command_sees_what_the_ones_before_it_in_the_batch_left(service, town, amina, juma):
    outcomes = together(service.poster, [a_send(amina, juma, 4_000) for _ in range(3)])
    assert codes(outcomes) == ["done", "done", "insufficient_funds"]
    assert (town.balance(amina), town.balance(juma)) == (2_000, 8_000)


def test_money_received_in_a_batch_can_be_spent_in_it(service, town, amina, juma):
    outcomes = together(service.poster, [a_send(amina, juma, 10_000), a_send(juma, amina, 10_000)])
    assert codes(outcomes) == ["done", "done"]
    assert town.balance(amina) == 10_000


def test_wrong_pins_within_one_batch_are_counted_one_by_one(service, amina, juma):
    wrong = [a_send(amina, juma, pin=WRONG_PIN) for _ in range(5)]
    assert codes(together(service.poster, wrong)) == ["pin_wrong"] * 2 + ["pin_locked"] * 3


def test_a_right_pin_between_wrong_ones_of_a_batch_starts_the_count_again(service, amina, juma):
    pins = [WRONG_PIN, WRONG_PIN, PIN, WRONG_PIN, WRONG_PIN]
    outcomes = together(service.poster, [a_send(amina, juma, pin=pin) for pin in pins])
    assert codes(outcomes) == ["pin_wrong", "pin_wrong", "done", "pin_wrong", "pin_wrong"]


def test_someone_registered_in_a_batch_can_be_paid_in_it(service, amina):
    number = "+254711888888"
    joining = register.Command(0, uuid4(), Pin(PIN), number, "New", "en", "KE")
    sending = send.Command(amina.id, uuid4(), Pin(PIN), number, Money("KES", 100))
    outcomes = together(service.poster, [(register.decide, joining), (send.decide, sending)])
    assert codes(outcomes) == ["done", "done"]


def test_a_refused_command_leaves_nothing(town, amina, juma):
    before = [
        town.sql(f"SELECT count(*) FROM {table}") for table in ("postings", "entries", "texts")
    ]
    assert codes([outcome(town.send, amina, juma, 10_001)]) == ["insufficient_funds"]
    after = [
        town.sql(f"SELECT count(*) FROM {table}") for table in ("postings", "entries", "texts")
    ]
    assert after == before


def test_closing_posts_what_is_waiting(service, town, amina, juma):
    waiting = [service.poster.submit(*a_send(amina, juma)) for _ in range(50)]
    service.poster.close()
    assert codes([outcome(each.wait) for each in waiting]) == ["done"] * 50


def test_commands_that_are_handed_over_together_are_one_batch(service):
    batches = []
    service.poster.observe = lambda count, _: batches.append(count)
    together = [(nothing, Anything()) for _ in range(MAX_BATCH + 1)]
    for each in service.poster.submit_all(together):
        each.wait()
    service.poster.close()
    assert batches == [MAX_BATCH + 1]


def test_nothing_handed_over_is_no_batch(service):
    assert service.poster.submit_all([]) == []
    service.poster.post(nothing, Anything())


def test_who_cannot_wait_any_longer_is_told_so_and_finds_it_done_later(service, town, amina, juma):
    is_free = Event()

    def hold(command, facts):
        is_free.wait()
        return nothing(command, facts)

    gate, (decide, command) = service.poster.submit(hold, Anything()), a_send(amina, juma)
    with pytest.raises(Unavailable):
        service.poster.post(decide, command, timeout_s=0.05)
    is_free.set()
    gate.wait()
    assert service.poster.post(decide, command).replayed


def test_each_that_an_outage_fails_has_an_error_of_its_own(service, monkeypatch):
    """Whoever raises one adds to its traceback: of 256 that share one, the last tells all 256."""

    def away(_):
        raise psycopg.OperationalError

    monkeypatch.setattr(service.poster, "_transact", away)
    waiting = [service.poster.submit(nothing, Anything()) for _ in range(5)]
    errors = [outcome(each.wait) for each in waiting]
    assert {type(error) for error in errors} == {Unavailable}
    assert len({id(error) for error in errors}) == 5


# Failures of one command -------------------------------------------------------------------------


def defective(command, facts):
    raise ZeroDivisionError


def test_a_defect_in_one_decide_fails_that_command_alone(service, amina, juma):
    outcomes = together(
        service.poster, [a_send(amina, juma), (defective, Anything()), a_send(amina, juma)]
    )
    assert codes(outcomes) == ["done", "ZeroDivisionError", "done"]


class WithoutNeeds(Anything):
    def needs(self):
        raise ZeroDivisionError


def test_a_defect_in_what_a_command_needs_fails_it_alone(service, amina, juma):
    outcomes = together(
        service.poster, [a_send(amina, juma), (nothing, WithoutNeeds()), a_send(amina, juma)]
    )
    assert codes(outcomes) == ["done", "ZeroDivisionError", "done"]


def a_second_wallet(holder):
    def decide(command, facts):
        account = Account(facts.new_id(), holder.id, "wallet", "KES")
        rows = (NewAccount(account, facts.now),)
        return Decision(Posting("sign_in"), answer={}, rows=rows)

    return decide, Anything()


def test_a_command_that_the_database_refuses_fails_alone(service, town, amina, juma):
    outcomes = together(
        service.poster, [a_send(amina, juma), a_second_wallet(juma), a_send(amina, juma)]
    )
    assert codes(outcomes) == ["done", "UniqueViolation", "done"]
    assert town.balance(juma) == 200


@pytest.mark.rule("Contract money sent elsewhere by our own code moves nothing.")
def test_contract_money_sent_past_the_wall_by_our_own_code_moves_nothing(
    service, town, amina, juma
):
    merchant = town.merchant()
    contract_id = town.hold(amina, merchant, 4_000)

    def steal(command, facts):
        own, target = facts.accounts[contract_id], facts.account(juma.id, "wallet", "KES")
        part = Money("KES", 100)
        return Decision(Posting("release", (Leg(own, -part), Leg(target, part))), answer={})

    command = Anything(wants=Needs(holders=(juma.id,), accounts=(contract_id,)))
    outcomes = together(service.poster, [a_send(amina, juma), (steal, command)])
    assert isinstance(outcomes[1], psycopg.IntegrityError)
    assert (codes(outcomes[:1]), town.held(contract_id), town.balance(juma)) == (
        ["done"],
        4_000,
        100,
    )


def test_our_own_overdraft_is_stopped_before_the_database_is_asked(service, amina, juma):
    def overdraw(command, facts):
        source = facts.account(amina.id, "wallet", "KES")
        target = facts.account(juma.id, "wallet", "KES")
        part = Money("KES", 10_001)
        return Decision(Posting("send", (Leg(source, -part), Leg(target, part))), answer={})

    command = Anything(wants=Needs(holders=(amina.id, juma.id)))
    outcomes = together(service.poster, [a_send(amina, juma), (overdraw, command)])
    assert codes(outcomes) == ["done", "AssertionError"]


@pytest.mark.parametrize("text", ["50001\x00", "\ud800", "\u0660" * 5, "'; --", '"}{', "\\", "🙂"])
def test_no_text_harms_the_neighbours_or_looks_like_an_outage(service, amina, juma, text):
    paying = pay.Command(amina.id, uuid4(), Pin(PIN), text, Money("KES", 100))
    outcomes = together(service.poster, [a_send(amina, juma), (pay.decide, paying)])
    assert codes(outcomes[:1]) == ["done"]
    assert not isinstance(outcomes[1], Unavailable)
    assert isinstance(outcomes[1], Exception)


def test_linked_postings_name_the_one_they_belong_to(service, town, amina, juma):
    def with_commission(command, facts):
        source = facts.account(amina.id, "wallet", "KES")
        target = facts.account(juma.id, "wallet", "KES")
        part = Money("KES", 100)
        legs = (Leg(source, -part), Leg(target, part))
        return Decision(Posting("send", legs), answer={}, then=(Posting("send", legs),))

    command = Anything(wants=Needs(holders=(amina.id, juma.id)))
    service.poster.post(with_commission, command)
    linked = town.sql(
        "SELECT o.kind, p.key FROM postings p JOIN postings o ON o.id = p.original_id"
        " WHERE p.kind = 'send'"
    )
    assert linked == [("send", None)]
    assert town.balance(juma) == 200
