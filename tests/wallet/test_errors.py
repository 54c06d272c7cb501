"""Refusals: a published, ordered list, safe to show."""

import logging
import pickle

import pytest

from wallet.errors import Code, Refused, tell_defect


def test_a_code_is_its_name_in_small_letters():
    assert all(code.value == code.name.lower() for code in Code)


def test_a_refusal_says_its_code_and_facts():
    refused = Refused(Code.INSUFFICIENT_FUNDS, needed="107.00")
    assert str(refused) == "insufficient_funds (needed=107.00)"
    assert str(Refused(Code.TILL_UNKNOWN)) == "till_unknown"


def test_rows_of_a_refusal_are_not_among_what_is_shown():
    refused = Refused(Code.PIN_WRONG, rows=("secret",), attempts_left=2)
    assert refused.facts == {"attempts_left": 2}
    assert "secret" not in str(refused) + repr(refused)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (Code.UNAUTHENTICATED, Code.FORMAT_ERROR),
        (Code.KEY_MISSING, Code.KEY_REUSED),
        (Code.KEY_REUSED, Code.AMOUNT_MALFORMED),
        (Code.CONTRACT_UNKNOWN, Code.NOT_A_PARTY),
        (Code.NOT_A_PARTY, Code.PIN_WRONG),
        (Code.SENDER_FROZEN, Code.PIN_NOT_SET),
        (Code.PIN_LOCKED, Code.PIN_WRONG),
        (Code.PIN_WRONG, Code.CONTRACT_CLOSED),
        (Code.PIN_WRONG, Code.DAILY_VALUE_LIMIT_EXCEEDED),
        (Code.DAILY_VALUE_LIMIT_EXCEEDED, Code.INSUFFICIENT_FUNDS),
    ],
)
def test_who_asks_comes_before_what_and_what_before_how_much(first, then):
    """A stranger learns nothing of contracts, nobody without a PIN learns of balances."""
    order = list(Code)
    assert order.index(first) < order.index(then)


def test_codes_survive_a_process_boundary():
    assert pickle.loads(pickle.dumps(Code.PIN_WRONG)) is Code.PIN_WRONG


def test_a_defect_is_told_once_under_one_number_whoever_else_meets_it(caplog):
    log, error = logging.getLogger("somebody"), ZeroDivisionError("division by zero")
    told = tell_defect(log, error, "deciding send failed")
    assert tell_defect(log, error, "a request was not answered") == told
    assert caplog.messages == [f"defect {told}: deciding send failed"]
    assert tell_defect(log, ZeroDivisionError("another"), "deciding send failed") != told
