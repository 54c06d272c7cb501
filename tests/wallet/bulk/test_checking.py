"""The rules for one row of a list, and between rows."""

import pytest

from wallet.bulk.checking import Checker, Payer, Row
from wallet.bulk.lists import Cells
from wallet.markets import MARKETS
from wallet.money import Money

AMINA, JUMA = "+254711000001", "+254711000002"


def a_checker(currency="KES", *, msisdn="+254711000009", market="KE", tier=1):
    return Checker(Payer(7, msisdn, market, tier), "KE", MARKETS, currency)


def a_row(msisdn=AMINA, amount="100.00", currency=None, name=None, reference=None, note=None):
    return Cells(msisdn, amount, currency, name, reference, note)


def faults(checker, *rows):
    """What is wrong, as (row, field, code)."""
    found = [checker.check(row_no, row) for row_no, row in enumerate(rows, start=1)]
    return [
        (each.row_no, each.field, each.code)
        for one in found
        if not isinstance(one, Row)
        for each in one
    ]


def test_a_good_row_becomes_minor_units_with_the_tariff_s_fee():
    checker = a_checker()
    row = checker.check(1, a_row("0711000001", "100.50", "KES", "Amina", "W-1", "March"))
    assert row == Row(1, AMINA, 100_50, 5_00, "W-1", "Amina", "March")
    assert (checker.amount_minor, checker.fee_minor) == (100_50, 5_00)


@pytest.mark.parametrize(
    ("msisdn", "amount", "reference"),
    [
        ("\u202a+254711000001\u202c", "\ufeff100.50", "\u00a0W-1\u200b"),
        ("254711000001", " 100.50\u00a0", "W\u20111 "),
        ("711000001", "'100.50", "W-1\r\n"),
        ("'0711000001", "100.5", "\u200eW-1"),
    ],
)
def test_cells_are_read_without_what_a_spreadsheet_or_paste_leaves(msisdn, amount, reference):
    row = a_checker().check(1, a_row(msisdn, amount, " KES ", reference=reference))
    assert row == Row(1, AMINA, 100_50, 5_00, "W-1", None, None)


@pytest.mark.fault("A formula in a cell", "`cell_is_formula`, and harmless in what we give back")
@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"msisdn": ""}, "msisdn", "cell_missing"),
        ({"msisdn": None}, "msisdn", "cell_missing"),
        ({"msisdn": "+2547"}, "msisdn", "phone_malformed"),
        ({"msisdn": 711000001}, "msisdn", "phone_malformed"),
        ({"msisdn": "\u00a0\u200b"}, "msisdn", "cell_missing"),
        ({"msisdn": "2.54711E+11"}, "msisdn", "cell_is_rounded"),
        ({"msisdn": "3E+11"}, "msisdn", "cell_is_rounded"),
        ({"msisdn": "+254202000000"}, "msisdn", "phone_not_mobile"),
        ({"msisdn": "+447400123456"}, "msisdn", "phone_region_not_served"),
        ({"msisdn": "+254711000009"}, "msisdn", "same_parties"),
        ({"amount": ""}, "amount", "cell_missing"),
        ({"amount": "ten"}, "amount", "amount_malformed"),
        ({"amount": "1,5e6"}, "amount", "cell_is_rounded"),
        ({"amount": "10,00"}, "amount", "amount_malformed"),
        ({"amount": "1\u00a0000.00"}, "amount", "amount_malformed"),
        ({"amount": "10\u202e.05"}, "amount", "amount_malformed"),
        ({"amount": 100}, "amount", "amount_malformed"),
        ({"amount": "=1+1"}, "amount", "amount_malformed"),
        ({"amount": "1,000.00"}, "amount", "amount_malformed"),
        ({"amount": "1.005"}, "amount", "amount_too_precise"),
        ({"amount": "-1.00"}, "amount", "amount_not_positive"),
        ({"amount": "0.00"}, "amount", "amount_not_positive"),
        ({"amount": "0.99"}, "amount", "less_than_transaction_min_value"),
        ({"amount": "250000.01"}, "amount", "greater_than_transaction_max_value"),
        ({"currency": "USD"}, "currency", "other_currency"),
        ({"currency": "XXX"}, "currency", "currency_not_supported"),
        ({"name": "=HYPERLINK(1)"}, "name", "cell_is_formula"),
        ({"name": "@SUM(A1)"}, "name", "cell_is_formula"),
        ({"note": "+1"}, "note", "cell_is_formula"),
        ({"reference": "-1"}, "reference", "cell_is_formula"),
        ({"note": "two\nlines"}, "note", "cell_not_text"),
        ({"name": 7}, "name", "cell_not_text"),
        ({"name": "x" * 81}, "name", "cell_too_long"),
        ({"reference": "x" * 41}, "reference", "cell_too_long"),
        ({"note": "x" * 141}, "note", "cell_too_long"),
    ],
)
def test_each_rule_names_its_row_its_column_and_a_code(wrong, field, code):
    assert faults(a_checker(), a_row(JUMA), a_row(**wrong)) == [(2, field, code)]


@pytest.mark.parametrize("amount", ["1.00", "250000.00"])
def test_the_least_and_the_most_of_one_transaction_are_allowed(amount):
    assert faults(a_checker(), a_row(amount=amount)) == []


def test_everything_wrong_with_a_row_is_told_at_once():
    row = a_row("x", "y", "USD", name="=1")
    assert [code for _, _, code in faults(a_checker(), row)] == [
        "phone_malformed", "other_currency", "amount_malformed", "cell_is_formula",
    ]  # fmt: skip


@pytest.mark.fault("A list with a row twice", "`row_twice`")
def test_a_number_stands_twice_only_under_two_references():
    assert faults(a_checker(), a_row(), a_row(reference="a"), a_row(reference="b")) == []
    twice = [(2, "msisdn", "row_twice")]
    assert faults(a_checker(), a_row(), a_row(amount="7.00")) == twice
    assert faults(a_checker(), a_row(reference="a"), a_row(reference="a")) == twice
    assert faults(a_checker(), a_row(AMINA), a_row("0711000001")) == twice


def test_the_first_row_s_currency_is_the_list_s_where_nothing_else_says_one():
    checker = a_checker(None)
    found = faults(checker, a_row(currency="KES"), a_row(JUMA), a_row("+254711000003", "1", "USD"))
    assert (checker.currency, found) == ("KES", [(3, "currency", "other_currency")])


def test_a_list_without_any_currency_is_at_fault_in_every_row():
    found = faults(a_checker(None), a_row(), a_row(JUMA))
    assert found == [(1, "currency", "cell_missing"), (2, "currency", "cell_missing")]


def test_a_partner_from_abroad_pays_by_the_rules_of_where_the_money_goes():
    checker = a_checker("PHP", market="KE", msisdn=None)
    row = checker.check(1, a_row("+639171234567", "50000.00"))
    assert isinstance(row, Row)
    assert Money("PHP", row.fee_minor).text == "3.00"
