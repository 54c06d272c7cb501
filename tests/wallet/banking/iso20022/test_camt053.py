"""Statements: exact, whole, of one account in one currency."""

from datetime import date

import pytest

from tests.wallet.banking.bank import a_line, a_statement, details
from wallet.banking.iso20022 import camt053
from wallet.banking.iso20022.documents import BadDocument
from wallet.money import Money


def read(raw):
    (statement,) = camt053.read(raw)
    return statement


def test_lines_are_read_with_sign_reference_and_date():
    found = read(a_statement(a_line("-250.00", "B1", "1QGDF9BM0K7J"), a_line("10.50", "B2")))
    assert (found.id, found.account) == ("S1", "TRUST")
    assert found.opening == Money("KES", 100_000)
    assert [
        (each.key, each.amount.minor, each.end_to_end_id, each.booked_on) for each in found.lines
    ] == [
        ("B1", -25_000, "1QGDF9BM0K7J", date(2026, 1, 5)),
        ("B2", 1050, None, date(2026, 1, 5)),
    ]


@pytest.mark.fault("A statement whose lines do not make its closing", "`statement_gap`")
def test_a_statement_that_does_not_add_up_is_refused():
    with pytest.raises(BadDocument, match="add up"):
        camt053.read(a_statement(a_line("-250.00"), closing="750.01"))


def test_lines_that_are_not_booked_yet_do_not_count():
    assert read(a_statement(a_line("-250.00", status="PDNG"), closing="1000.00")).lines == ()


@pytest.mark.fault("A bank line that comes twice", "counted once")
def test_a_line_listed_twice_that_moved_money_once_is_one():
    found = read(a_statement(a_line("-250.00"), a_line("-250.00"), closing="750.00"))
    assert [each.key for each in found.lines] == ["B1"]


def test_a_line_listed_twice_that_moved_money_twice_is_two():
    found = read(a_statement(a_line("-250.00"), a_line("-250.00"), closing="500.00"))
    assert [each.key for each in found.lines] == ["B1", "B1 #2"]


def test_payments_booked_as_one_are_a_line_each():
    below = details("-100.00", "1QGDF9BM0K7J") + details("-150.00", "1QGDF9BM0K7K")
    found = read(a_statement(a_line("-250.00", below=below)))
    assert [(each.key, each.amount.minor, each.end_to_end_id) for each in found.lines] == [
        ("B1/1", -10_000, "1QGDF9BM0K7J"),
        ("B1/2", -15_000, "1QGDF9BM0K7K"),
    ]


def test_payments_that_are_not_all_of_their_entry_leave_it_one_line():
    below = details("-100.00", "1QGDF9BM0K7J") + details("-100.00", "1QGDF9BM0K7K")
    found = read(a_statement(a_line("-250.00", below=below)))
    assert [(each.amount.minor, each.end_to_end_id) for each in found.lines] == [(-25_000, None)]


def test_a_line_without_the_bank_s_reference_is_known_by_its_place():
    assert read(a_statement(a_line("-250.00", ""))).lines[0].key == "S1/line 1"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"currency": "UGX"}, "another currency"),
        ({"account_currency": "TZS"}, "more than one currency"),
        ({"opening": None}, "no OPBD"),
        ({"closing": None}, "no CLBD"),
        ({"opening": "1000.001"}, "no amount"),
    ],
)
def test_a_statement_that_is_not_clear_is_refused(changed, why):
    with pytest.raises(BadDocument, match=why):
        camt053.read(a_statement(a_line("-250.00"), **({"closing": "750.00"} | changed)))


@pytest.mark.fault("A statement in the wrong currency", "`bank_file_refused`")
def test_a_line_in_another_currency_refuses_the_statement():
    raw = a_statement(a_line("-250.00", currency="USD"), closing="750.00")
    with pytest.raises(BadDocument, match="another currency"):
        camt053.read(raw)


def test_an_overdrawn_account_has_its_balance_below_zero():
    found = read(a_statement(a_line("-250.00"), opening="-100.00", closing="-350.00"))
    assert found.closing == Money("KES", -35_000)


def test_half_a_file_is_refused():
    raw = a_statement(a_line("-250.00"))
    with pytest.raises(BadDocument, match="not whole XML"):
        camt053.read(raw[: len(raw) // 2])


def test_a_file_without_statements_is_refused():
    raw = a_statement()
    begins, ends = raw.index(b"<Stmt>"), raw.index(b"</Stmt>") + len(b"</Stmt>")
    with pytest.raises(BadDocument):
        camt053.read(raw[:begins] + raw[ends:])
