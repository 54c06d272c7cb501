"""Files to download: whole, and harmless in a spreadsheet."""

import csv
import io

import pytest

from wallet.bulk.faults import Fault
from wallet.bulk.files import faults_csv, rows_csv, safe
from wallet.bulk.reading import RowView
from wallet.money import Money


def lines(chunks):
    return list(csv.reader(io.StringIO(b"".join(chunks).decode())))


@pytest.mark.fault("A formula in a cell", "`cell_is_formula`, and harmless in what we give back")
@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1"])
def test_what_would_begin_a_formula_gets_an_apostrophe(cell):
    assert safe(cell) == "'" + cell
    assert safe("x" + cell) == "x" + cell


def test_a_mistake_is_told_in_words_and_neutralised():
    fault = Fault(2, "name", "cell_is_formula", "=cmd|' /C calc'!A0")
    assert lines(faults_csv([fault], {})) == [
        ["row", "column", "code", "what"],
        ["2", "name", "cell_is_formula", "'=cmd|' /C calc'!A0"],
    ]


def test_a_long_file_comes_in_chunks_and_is_whole():
    rows = [
        RowView(no, "+254711000001", Money("KES", 1_00), None, None, None, "waiting", None, None,
                None)
        for no in range(1, 1_201)
    ]  # fmt: skip
    chunks = list(rows_csv(rows))
    assert len(chunks) == 3
    assert [line[0] for line in lines(chunks)[1:]] == [str(no) for no in range(1, 1_201)]
