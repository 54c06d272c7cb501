"""The books check holds the bank's lines against the balances of its statements."""

import pytest

from tests.books import findings_after
from tests.wallet.banking.bank import a_line, a_statement
from tests.wallet.banking.reconciling import Bank


@pytest.fixture
def town(shared_town):
    return shared_town


@pytest.fixture
def bank(town):
    """A bank that has sent two statements, of two lines and of none."""
    bank = Bank(town.service)
    bank.sends(a_statement(a_line("-250.00"), a_line("250.00", "B2"), a_line("-1.00", "B3")))
    bank.sends(a_statement(id_="S2", opening="999.00"))
    return bank


@pytest.mark.rule("The lines of a bank statement make what its balances say that it moved.")
@pytest.mark.parametrize(
    ("statement", "findings"),
    [
        (
            "DELETE FROM bank_lines WHERE statement_id = {0} AND line_no = 2",
            [
                "S1 of {2}: from its opening to its closing -100 moved, its lines make -25100",
                "S1 of {2}: it brought 3 lines, and 2 are there",
            ],
        ),
        (
            "UPDATE bank_lines SET amount_minor = -101 WHERE statement_id = {0} AND line_no = 3",
            ["S1 of {2}: from its opening to its closing -100 moved, its lines make -101"],
        ),
        (
            "DELETE FROM bank_lines WHERE statement_id = {0} AND line_no < 3",
            ["S1 of {2}: it brought 3 lines, and 1 are there"],
        ),
        (
            "UPDATE bank_statements SET opening_minor = 1, closing_minor = 1 WHERE id = {1}",
            ["S2 of {2} opens with 1, and the one before it closed with 99900"],
        ),
    ],
)
def test_a_statement_whose_lines_do_not_make_its_movement_is_named(town, bank, statement, findings):
    first, second = bank.statements
    number = f"{bank.number} of TRUST{bank.number} (KES)"
    found = findings_after(town, statement.format(first.id, second.id))
    said = [each.replace(" of {2}", f" of {number}", 1) for each in findings]
    assert [each for each in found if "bank statement" in each] == [
        f"bank statement {each}" for each in said
    ]
