"""What can be wrong with a row of a list: the refusals of one payment, and these of lists alone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple


class RowFault(StrEnum):
    """Published like `Code`, beside which they stand in an error file: append, never rename."""

    MALFORMED = "row_malformed"
    MISSING = "cell_missing"
    TOO_LONG = "cell_too_long"
    NOT_TEXT = "cell_not_text"
    FORMULA = "cell_is_formula"
    OTHER_CURRENCY = "other_currency"
    TWICE = "row_twice"
    ROUNDED = "cell_is_rounded"


MEANS: Final[Mapping[str, str]] = {
    RowFault.MALFORMED: "The row cannot be read.",
    RowFault.MISSING: "The cell is empty.",
    RowFault.TOO_LONG: "The cell is too long.",
    RowFault.NOT_TEXT: "The cell is not text of one line.",
    RowFault.FORMULA: "The cell begins as a formula does.",
    RowFault.OTHER_CURRENCY: "A list has one currency.",
    RowFault.TWICE: "Another row pays this number: give each a reference of its own.",
    RowFault.ROUNDED: "A spreadsheet has cut the number short: make its column text, type it anew.",
}


class Fault(NamedTuple):
    """One mistake: `field` is the column, `code` of `Code` or `RowFault`, `what` says more."""

    row_no: int
    field: str
    code: str
    what: str
