"""The statements of an account are a chain: none is lost, and none slips in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import IntegrityError

from tests.wallet.banking.bank import a_line, a_statement, in_one_file
from tests.wallet.banking.reconciling import Bank, shown
from wallet.banking.iso20022 import camt053
from wallet.banking.iso20022.camt053 import StatementGap
from wallet.banking.statements import add_statements
from wallet.money import Money

FIRST = a_statement(a_line("-250.00"))  # from 1000.00 to 750.00


@pytest.fixture
def town(shared_town):
    return shared_town


@pytest.fixture
def bank(town):
    return Bank(town.service)


@pytest.fixture
def payout(town):
    """One of 200.00 that the bank has."""
    merchant = town.merchant(period_s=0)
    town.pay(town.person(balance=100_000), merchant, 50_000)
    payout = town.id_in(town.payout(merchant, 20_000))
    town.payout_sent(payout)
    return payout


@pytest.mark.rule("The first statement of an account may open with anything.")
def test_the_first_statement_of_an_account_opens_with_anything(bank):
    assert bank.sends(a_statement(opening="-12.34")).statements == 1


@pytest.mark.rule(
    "A statement opens with what the one before it of its account closed with, or nothing of it "
    "is taken."
)
def test_a_statement_that_opens_with_the_last_closing_is_taken(bank, payout):
    bank.sends(FIRST)
    bank.sends(a_statement(shown(payout, "B2"), id_="S2", opening="750.00"))
    assert bank.state(payout) == "paid"


@pytest.mark.rule(
    "A statement opens with what the one before it of its account closed with, or nothing of it "
    "is taken."
)
@pytest.mark.parametrize("opening", ["1000.00", "749.99", "750.01", "-750.00", "0.00"])
def test_a_statement_that_opens_with_anything_else_is_refused_whole(bank, payout, opening):
    bank.sends(FIRST)
    with pytest.raises(StatementGap, match="does not open with what S1 of") as caught:
        bank.sends(a_statement(shown(payout, "B2"), id_="S2", opening=opening))
    assert caught.value.expected == Money("KES", 75_000)
    assert caught.value.found.text == opening
    assert (len(bank.files), bank.state(payout)) == (1, "sent")


def test_a_statement_whose_lines_do_not_make_its_closing_names_both(bank, payout):
    with pytest.raises(StatementGap, match="add up") as caught:
        bank.sends(a_statement(shown(payout), closing="700.00"))
    assert (caught.value.expected.text, caught.value.found.text) == ("800.00", "700.00")
    assert (bank.files, bank.state(payout)) == ([], "sent")


@pytest.mark.fault(
    "A statement with a gap before it",
    "`statement_gap`; in the folder, put aside and shown",
)
def test_after_a_gap_the_missing_statement_is_taken_and_then_the_next(bank):
    last = a_statement(id_="S3", opening="800.00")
    bank.sends(FIRST)
    with pytest.raises(StatementGap):
        bank.sends(last)
    bank.sends(a_statement(a_line("50.00", "B2"), id_="S2", opening="750.00"))
    assert bank.sends(last).statements == 1


@pytest.mark.fault("A statement that comes again after others", "known, nothing changes")
def test_a_statement_that_comes_again_is_known_though_others_came_since(bank):
    bank.sends(FIRST)
    bank.sends(a_statement(a_line("50.00", "B2"), id_="S2", opening="750.00"))
    in_another_file = FIRST + b"\n"
    taken = bank.sends(in_another_file)
    assert (taken.statements, taken.lines) == (0, 0)


def test_each_currency_of_an_account_is_a_chain_of_its_own(bank):
    bank.sends(FIRST)
    assert bank.sends(a_statement(id_="S2", currency="USD", opening="3.00")).statements == 1


def test_statements_of_one_file_continue_each_other(bank):
    good = in_one_file(FIRST, a_statement(id_="S2", opening="750.00"))
    assert bank.sends(good).statements == 2


def test_a_gap_between_statements_of_one_file_refuses_them_all(bank):
    with pytest.raises(StatementGap):
        bank.sends(in_one_file(FIRST, a_statement(id_="S2", opening="751.00")))
    assert bank.files == []
    assert bank.sends(a_statement(id_="S3", opening="5.00")).statements == 1  # none came before


def test_the_balance_before_the_period_opens_a_statement_too(bank):
    bank.sends(FIRST)
    with pytest.raises(StatementGap):
        bank.sends(a_statement(id_="S2", opening="751.00").replace(b"OPBD", b"PRCD"))
    again = a_statement(id_="S2", opening="750.00").replace(b"OPBD", b"PRCD")
    assert bank.sends(again).statements == 1


@pytest.mark.rule(
    "A statement opens with what the one before it of its account closed with, or nothing of it "
    "is taken."
)
def test_of_two_in_the_same_instant_that_continue_the_same_one_is_taken(bank):
    bank.sends(FIRST)
    one, other = (
        bank.own(a_statement(a_line("1.00", name), id_=name, opening="750.00"))
        for name in ("S2", "S3")
    )
    ids, now, file_id = bank.service.ids, bank.service.clock.now(), bank.statements[0].file_id
    with ThreadPoolExecutor(1) as thread:
        with bank.service.engine.begin() as connection:
            add_statements(connection, ids, file_id, camt053.read(one), now)
            taking = thread.submit(bank.intake.take, "bank.xml", other, now)
            while not (taking.done() or bank.sql("SELECT FROM pg_locks WHERE NOT granted")):
                pass
        with pytest.raises(StatementGap):
            taking.result()
    assert len(bank.statements) == 2


@pytest.mark.rule(
    "A statement opens with what the one before it of its account closed with, or nothing of it "
    "is taken."
)
@pytest.mark.parametrize(
    ("opening", "follows", "constraint"),
    [
        (75_001, "last", "bank_statements_continue"),
        (100_000, "nothing", "bank_statements_begin_once"),
        (75_000, "first", "bank_statements_follow_once"),
    ],
)
def test_no_row_makes_a_gap_or_a_fork(town, bank, opening, follows, constraint):
    bank.sends(FIRST)
    bank.sends(a_statement(id_="S2", opening="750.00"))
    first, last = bank.statements
    with pytest.raises(IntegrityError, match=constraint):
        town.sql(
            "INSERT INTO bank_statements (id, file_id, account, name, currency, opening_minor,"
            " closing_minor, line_count, follows)"
            " VALUES (:id, :file, :account, 'forged', 'KES', :opening, 0, 0, :follows)",
            id=town.new_id(), file=first.file_id, account=first.account, opening=opening,
            follows={"last": last.id, "first": first.id, "nothing": None}[follows],
        )  # fmt: skip
