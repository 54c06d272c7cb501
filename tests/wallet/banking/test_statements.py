"""The statements of an account are a chain: none is lost, and none slips in."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.roles import as_owner
from tests.wallet.banking.bank import a_line, a_statement, in_one_file
from tests.wallet.banking.reconciling import Bank, shown
from wallet.banking.iso20022.camt053 import StatementGap
from wallet.banking.statements import add_statements, in_the_books
from wallet.money import Money

SAMPLES = Path(__file__).parent / "samples"
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


@pytest.mark.rule(
    "The first statement of an account is taken whatever it opens with; where the books have "
    "another amount, an operator is told both."
)
def test_the_first_statement_of_an_account_opens_with_anything(bank):
    assert bank.sends(a_statement(opening="-12.34")).statements == 1
    ((reason, told),) = bank.told_of
    assert reason == "opening_differs"
    assert told.startswith(f"statement S1 of {bank.number} is its account's first")
    assert "opens with KES -12.34; the books have KES " in told


def test_a_first_statement_that_opens_with_what_the_books_have_needs_nobody(bank, payout, town):
    town.settle(payout, paid=True)
    with bank.service.engine.connect() as connection:
        books = in_the_books(connection, "KES")
        town_has = connection.execute(
            text(
                "SELECT -sum(balance_minor) FROM accounts WHERE kind = 'trust' AND currency = 'KES'"
            )
        ).scalar_one()
    assert books.minor >= town_has + 20_000  # which has not left by any statement yet
    bank.sends(a_statement(shown(payout), opening=books.text))
    assert bank.told_of == []
    bank.sends(a_statement(id_="S2", opening=(books - Money("KES", 20_000)).text))
    assert bank.told_of == []  # it is not the first


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
            add_statements(connection, ids, file_id, bank.intake.read(one).statements, now)
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


# As banks number, page and repeat them -----------------------------------------------------------


def sample(name):
    return (SAMPLES / f"{name}.xml").read_bytes()


def kept(bank):
    """What the account's lines are, in their order: amount and our reference."""
    query = (
        "SELECT l.amount_minor, l.end_to_end_id FROM bank_lines l"
        " WHERE l.id > :began ORDER BY l.statement_id, l.line_no"
    )
    return [tuple(row) for row in bank.sql(query, began=bank.began)]


@pytest.mark.rule("What the balances say moved is kept, whatever reference the bank gives it.")
def test_a_reference_of_the_bank_s_that_comes_again_is_another_line(bank):
    first, second = sample("reference-reused-1"), sample("reference-reused-2")
    assert (bank.sends(first).lines, bank.sends(second).lines) == (1, 1)
    assert kept(bank) == [(-50_000, "1R0PAYOUTAAA"), (-50_000, "1R0PAYOUTBBB")]


@pytest.mark.rule("What the balances say moved is kept, whatever reference the bank gives it.")
@pytest.mark.fault("A bank's reference used again", "another line: the balances tell what moved")
def test_a_payout_that_came_back_under_a_reference_used_before_is_the_merchant_s(bank, payout):
    """It stayed lost, and the books looked clean."""
    bank.sends(a_statement(shown(payout, "B1"), a_line("200.00", "NONREF", "RENT")))
    bank.sends(a_statement(shown(payout, "NONREF", "200.00"), id_="S2"))
    assert bank.lines_of(payout) == [-20_000, 20_000]


def test_a_statement_that_an_earlier_release_kept_without_a_line_has_it_when_it_comes_again(
    bank, payout
):
    """The books check names it; until then the migration lets its file come again."""
    lines = shown(payout, "NONREF", "200.00"), a_line("-1.00", "B2")
    back = a_statement(*lines, id_="S2", opening="800.00")
    bank.sends(a_statement(shown(payout, "B1")))
    bank.intake.take("bank.xml", bank.own(back), bank.service.clock.now())
    id_ = bank.statements[-1].id
    with as_owner(bank.service.engine) as connection:
        for lost in (
            "DELETE FROM bank_lines WHERE statement_id = :id AND line_no = 1",
            "UPDATE bank_lines SET line_no = 1 WHERE statement_id = :id",
            "UPDATE bank_statements SET line_count = 1 WHERE id = :id",
        ):
            connection.execute(text(lost), {"id": id_})
        connection.commit()
    taken = bank.sends(back + b"\n")
    assert (taken.statements, taken.lines) == (0, 1)
    assert taken.told[0].endswith(": known, but for 1 lines")
    assert bank.lines_of(payout) == [-20_000, 20_000]
    assert bank.statements[-1].line_count == 2
    assert bank.sends(back + b"\n\n").lines == 0


def test_a_line_that_a_second_statement_moves_again_has_moved_twice(bank, payout):
    bank.sends(a_statement(shown(payout)))
    taken = bank.sends(a_statement(shown(payout), id_="S2", opening="800.00"))
    assert (taken.lines, bank.exceptions) == (1, ["paid_twice"])


def test_an_id_that_begins_anew_each_year_is_another_statement(bank):
    assert bank.sends(sample("id-reused-2025")).lines == 1
    assert bank.sends(sample("id-reused-2026")).lines == 1
    assert [each.name for each in bank.statements] == ["1", "1"]


def test_an_id_used_again_for_the_same_balances_on_another_day_is_another_statement(bank):
    a_day = a_statement(a_line("-5.00"), a_line("5.00"))
    assert bank.sends(a_day).lines == 2
    assert bank.sends(a_day + b"\n").lines == 0
    assert bank.sends(a_day.replace(b"2026-01-05", b"2027-01-05")).lines == 2


def test_an_id_used_again_that_does_not_continue_is_refused(bank):
    bank.sends(sample("id-reused-2025"))
    other = sample("id-reused-2026").replace(b"10.00", b"11.00").replace(b">15.00", b">16.00")
    with pytest.raises(StatementGap, match="statement 1 does not open with what 1 closed with"):
        bank.sends(other)


def test_pages_under_one_id_are_each_taken(bank):
    assert [bank.sends(sample(f"page-{n}")).lines for n in (1, 2)] == [1, 1]
    again = [bank.sends(sample(f"page-{n}") + b"\n") for n in (1, 2)]
    assert [(each.statements, each.lines) for each in again] == [(0, 0), (0, 0)]
    assert kept(bank) == [(5_000, None), (3_000, None)]


def test_a_page_that_comes_before_the_one_it_continues_is_a_gap(bank):
    bank.sends(a_statement(opening="100.00"))
    with pytest.raises(StatementGap):
        bank.sends(sample("page-2"))
    assert [bank.sends(sample(f"page-{n}")).lines for n in (1, 2)] == [1, 1]


def test_a_statement_twice_in_a_file_is_taken_once(bank):
    taken = bank.sends(in_one_file(FIRST, FIRST))
    assert (taken.statements, taken.lines) == (1, 1)


# From 1000.00: -250.00, then +50.00, then -10.00, a day each.
DAYS = (
    a_statement(a_line("-250.00", "B1")),
    a_statement(a_line("50.00", "B2"), id_="S2", opening="750.00"),
    a_statement(a_line("-10.00", "B3"), id_="S3", opening="800.00"),
)
ALL = (a_line("-250.00", "B1"), a_line("50.00", "B2"), a_line("-10.00", "B3"))


@pytest.mark.rule("Of a statement that goes over old ground only what is beyond it is new.")
@pytest.mark.parametrize(
    ("lines", "opening", "new"),
    [
        (ALL[:2], "1000.00", 0),  # all of it known, to the last
        (ALL[:1], "1000.00", 0),  # and in the middle of what is known
        (ALL[1:2], "750.00", 0),
        (ALL, "1000.00", 1),
        (ALL[1:], "750.00", 1),
        (ALL[2:], "800.00", 1),
    ],
)
def test_of_a_statement_over_days_that_others_told_only_the_rest_is_new(bank, lines, opening, new):
    for day in DAYS[:2]:
        bank.sends(day)
    assert bank.sends(a_statement(*lines, id_="S9", opening=opening)).lines == new
    assert len(kept(bank)) == 2 + new
    assert bank.statements[-1].closing_minor == 80_000 - 1_000 * new


def test_a_statement_that_begins_within_an_earlier_one_is_taken_from_where_that_ends(bank):
    bank.sends(a_statement(*ALL[:2]))
    assert bank.sends(a_statement(*ALL[1:], id_="S2", opening="750.00")).lines == 1
    assert [each for each, _ in kept(bank)] == [-25_000, 5_000, -1_000]


@pytest.mark.rule("Of a statement that goes over old ground only what is beyond it is new.")
@pytest.mark.parametrize(
    ("lines", "opening"),
    [
        ((a_line("-250.00", "OTHER"), *ALL[1:]), "1000.00"),  # not the line that was there
        ((a_line("-250.00", "B1", "RENT"), *ALL[1:]), "1000.00"),
        (ALL[::-1], "1000.00"),  # not in that order
        (ALL, "1001.00"),  # not from that balance
        ((ALL[0], ALL[2]), "1000.00"),  # one of them is missing
        ((), "750.00"),
    ],
)
def test_a_statement_over_other_ground_is_a_gap(bank, lines, opening):
    for day in DAYS[:2]:
        bank.sends(day)
    with pytest.raises(StatementGap):
        bank.sends(a_statement(*lines, id_="S9", opening=opening))
    assert len(kept(bank)) == 2


def test_old_ground_is_found_behind_days_without_a_line(bank):
    bank.sends(DAYS[0])
    for number in (4, 5, 6):
        bank.sends(a_statement(id_=f"S{number}", opening="750.00"))
    assert bank.sends(a_statement(*ALL, id_="S9")).lines == 2


def test_another_account_s_statement_beside_ours_is_left_out_and_told_of(bank):
    taken = bank.sends(sample("two-accounts"))
    assert (taken.statements, taken.lines) == (1, 1)
    (told,) = (told for reason, told in bank.told_of if reason == "other_account")
    assert told == "statement U2 is not of our account: it is of PETTYCASH"
