"""Reading the ledger: each holder sees what concerns them, and nothing else."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from wallet.errors import Code, Refused
from wallet.ledger.entries import (
    STATEMENT,
    account_of,
    balances,
    statement,
    transaction,
    transaction_by_key,
)
from wallet.money import Money


def wallet(town, person):
    found = balances(town.service.engine, person.id)
    return next(each for each in found if each.kind == "wallet")


def seen(town, person, id_):
    found = transaction(town.service.engine, person.id, id_)
    assert found is not None
    return found


def test_balances_are_those_of_the_holders_own_accounts(town):
    agent, anna = town.agent("Wanjiku", float_minor=90_00), town.person("Anna", balance=50_00)
    assert [(each.kind, each.amount) for each in balances(town.service.engine, agent.id)] == [
        ("float", Money("KES", 90_00)),
        ("wallet", Money("KES", 0)),
    ]
    assert wallet(town, anna).amount == Money("KES", 50_00)


def test_an_account_is_shown_to_its_holder_alone(town):
    anna, brian = town.person(balance=50_00), town.person()
    account_id = wallet(town, anna).id
    assert account_of(town.service.engine, anna.id, account_id) == wallet(town, anna)
    assert account_of(town.service.engine, brian.id, account_id) is None


def test_a_statement_is_newest_first_with_the_balance_after_and_the_other_ones_name(town):
    anna, brian = town.person("Anna", balance=500_00), town.person("Brian")
    sent = town.send(anna, brian, 200_00)
    page = statement(town.service.engine, wallet(town, anna).id)
    newest, oldest = page.lines
    assert (newest.kind, newest.counterpart) == ("send", "Brian")
    assert (newest.posting_id, newest.posted_at) == (town.id_in(sent), town.now)
    assert newest.amount == Money("KES", -207_00)  # the fee of 7.00 is the sender's
    assert newest.balance_after == Money("KES", 293_00)
    assert (oldest.kind, oldest.counterpart) == ("cash_in", "Agent Cashier")
    assert page.next_cursor is None


def test_a_shop_goes_by_the_name_on_the_door(town):
    anna, shop = town.person("Anna", balance=500_00), town.merchant("Mary", period_s=0)
    town.pay(anna, shop, 100_00)
    (line,) = statement(town.service.engine, wallet(town, anna).id, limit=1).lines
    assert (line.kind, line.counterpart) == ("pay", "Duka Mary")


def test_the_pages_of_a_statement_hold_every_entry_once(town):
    anna, brian = town.person(balance=500_00), town.person()
    for _ in range(5):
        town.send(anna, brian, 1_00)
    account_id, seen, cursor = wallet(town, anna).id, [], None
    while True:
        page = statement(town.service.engine, account_id, cursor, limit=2)
        seen += [line.balance_after.minor for line in page.lines]
        if (cursor := page.next_cursor) is None:
            break
    assert seen == [495_00, 496_00, 497_00, 498_00, 499_00, 500_00]


def test_a_page_does_not_shift_while_money_moves(town):
    anna, brian = town.person(balance=500_00), town.person()
    town.send(anna, brian, 1_00)
    first = statement(town.service.engine, wallet(town, anna).id, limit=1)
    town.send(anna, brian, 1_00)
    (line,) = statement(town.service.engine, wallet(town, anna).id, first.next_cursor).lines
    assert line.kind == "cash_in"


@pytest.mark.parametrize("cursor", ["", "1", "U" * 12, "0" * 13, "../../etc", "０" * 12])
def test_a_cursor_that_is_none_of_ours_is_refused(town, cursor):
    anna = town.person()
    with pytest.raises(Refused) as refusal:
        statement(town.service.engine, wallet(town, anna).id, cursor)
    assert refusal.value.code is Code.FORMAT_ERROR


def test_a_statement_reads_a_range_of_the_primary_key(town):
    named = {"account": 1, "before": 10**6, "limit": 50}
    with town.service.engine.connect() as connection:
        for cheap_on_few_rows in ("seqscan", "bitmapscan", "sort"):
            connection.execute(text(f"SET enable_{cheap_on_few_rows} = off"))
        plan = connection.execute(text(f"EXPLAIN {STATEMENT}"), named).scalars().all()
    scan = next(line for line in plan if "entries" in line)
    assert "Index Scan Backward using entries_pkey" in scan
    assert not any("Sort" in line for line in plan)


def test_a_transaction_shows_each_party_their_own_entries_only(town):
    anna, brian = town.person("Anna", balance=500_00), town.person("Brian")
    id_ = town.id_in(town.send(anna, brian, 200_00))
    sent = seen(town, anna, id_)
    received = seen(town, brian, id_)
    assert [(each.amount.minor, each.balance_after.minor) for each in sent.entries] == [
        (-207_00, 293_00)
    ]
    assert [each.amount.minor for each in received.entries] == [200_00]
    assert (sent.counterpart, received.counterpart) == ("Brian", "Anna")


def test_only_the_one_who_gave_the_command_sees_its_answer(town):
    anna, brian = town.person(balance=500_00), town.person()
    receipt = town.send(anna, brian, 200_00)
    id_ = town.id_in(receipt)
    assert seen(town, anna, id_).answer == receipt.answer
    assert seen(town, brian, id_).answer is None


def test_a_strangers_transaction_does_not_exist(town):
    anna, brian, eve = town.person(balance=500_00), town.person(), town.person()
    id_ = town.id_in(town.send(anna, brian, 200_00))
    assert transaction(town.service.engine, eve.id, id_) is None
    assert transaction(town.service.engine, anna.id, id_ + 1) is None


def test_did_it_go_through_is_answered_by_key_to_its_actor(town):
    anna, brian, key = town.person(balance=500_00), town.person(), uuid4()
    assert transaction_by_key(town.service.engine, anna.id, key) is None
    receipt = town.send(anna, brian, 200_00, key=key)
    found = transaction_by_key(town.service.engine, anna.id, key)
    assert found is not None
    assert (found.id, found.answer) == (town.id_in(receipt), receipt.answer)
    assert transaction_by_key(town.service.engine, brian.id, key) is None


def test_a_refused_command_did_not_go_through(town):
    anna, brian, key = town.person(), town.person(), uuid4()
    with pytest.raises(Refused):
        town.send(anna, brian, 200_00, key=key)
    assert transaction_by_key(town.service.engine, anna.id, key) is None
