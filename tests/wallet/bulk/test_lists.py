"""Reading a list: what is one, in which encodings, and what is refused whole."""

import codecs

import pytest

from wallet.bulk.faults import Fault, RowFault
from wallet.bulk.lists import CSV, JSON_LINES, MAX_ROWS, Cells, read_list
from wallet.errors import Code, Refused

ROW = b"msisdn,amount\n+254711000001,100.00\n"
AMINA = Cells("+254711000001", "100.00", None, None, None, None)


def cells(raw, kind=CSV):
    return [found for _, found in read_list(raw, kind)]


def reason(raw, kind=CSV):
    with pytest.raises(Refused) as caught:
        cells(raw, kind)
    assert caught.value.code == Code.MALFORMED
    return caught.value.facts["reason"]


@pytest.mark.fault("A list with a byte order mark", "read")
@pytest.mark.parametrize(
    "raw",
    [
        ROW,
        codecs.BOM_UTF8 + ROW,
        ROW.replace(b"\n", b"\r\n"),
        ROW.replace(b"\n", b"\r"),
        ROW.removesuffix(b"\n"),
        b"\n\n" + ROW + b"\n\n",
        b'"msisdn","amount"\n"+254711000001","100.00"\n',
        b"Amount, MSISDN\n100.00,+254711000001\n",
        b"msisdn;amount\r\n+254711000001;100.00\r\n",
        b'"msisdn"\t"amount"\r\n"+254711000001"\t"100.00"\r\n',
        codecs.BOM_UTF8 + b"sep=;\r\nmsisdn;amount\r\n+254711000001;100.00\r\n",
        b'"sep=,"\nmsisdn,amount\n+254711000001,100.00\n',
        b"msisdn,amount,\r\n+254711000001,100.00,\r\n",
        b",msisdn,amount,,\n,+254711000001,100.00,,\n",
        b"msisdn,amount,name\r\n+254711000001,100.00\r\n,,\r\n,,\r\n",
        b"msisdn,amount\n, ,\n+254711000001,100.00,,,\n \t,\xc2\xa0\n",
        b";;\n\xef\xbb\xbfmsisdn;amount\xe2\x80\x8b;\n+254711000001;100.00;\n",
    ],
)
def test_csv_is_read_however_spreadsheets_write_it(raw):
    assert cells(raw) == [AMINA]


def test_a_quoted_cell_may_hold_commas_quotes_and_what_letters_there_are():
    raw = 'msisdn,amount,name\n+254711000001,100.00,"Wanjirũ, ""Mama"""\n'.encode()
    assert cells(raw)[0].name == 'Wanjirũ, "Mama"'


@pytest.mark.fault("A list with a byte order mark", "read")
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
def test_json_lines_are_read_with_or_without_a_mark(mark):
    line = b'{"msisdn": "+254711000001", "amount": "100.00"}'
    assert cells(mark + line + b"\n\n" + line, JSON_LINES) == [AMINA, AMINA]


@pytest.mark.fault("A list in another encoding", "`malformed`, with the line")
@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (ROW.decode().encode("utf-16"), "UTF-16"),
        (ROW.decode().encode("utf-16-be"), "Line 1 holds a NUL"),
        (ROW.decode().encode("utf-32"), "UTF-16"),
        (ROW + "+254711000002,José\n".encode("latin-1"), "Line 3 is not UTF-8"),
        (ROW + b"x" * 70_000 + b"\n\xc3\n", "Line 4 is not UTF-8"),
        (ROW + b"\xc3", "Line 3 is not UTF-8"),
        (ROW + b"+254711000002,\x00\n", "Line 3 holds a NUL"),
        (ROW + b'+254711000002,"100.00\n', "not CSV"),
        (ROW + b'+254711000002,"1"00\n', "not CSV"),
        (b"", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"msisdn,amount\n\n", "empty"),
        (b"msisdn\n+254711000001\n", "no column amount"),
        (b"msisdn,it's\n", 'The first line names "it\'s": the columns'),
        (b"msisdn,\x19\n", 'The first line names "\\u0019": the columns'),
        (b"msisdn,amount,msisdn\n", "msisdn twice"),
        (b"msisdn,amount,colour\n", 'names "colour"'),
        (b"PK\x03\x04\x14", 'The first line names "pk\\u0003\\u0004\\u0014"'),
    ],
)
def test_what_cannot_be_read_as_a_list_is_refused_whole_and_says_where(raw, said):
    assert said in reason(raw)


@pytest.mark.parametrize(
    "line",
    [
        b"100.00,+254711000001",
        b'{"msisdn": "+254711000001", "amount": "1.00"',
        b'["+254711000001", "1.00"]',
        b'{"msisdn": "+254711000001", "msisdn": "+254711000002", "amount": "1.00"}',
        b'{"msisdn": "+254711000001", "amount": "1.00", "colour": "red"}',
        b'{"msisdn": "+254711000001", "amount": NaN}',
        rb'{"msisdn": "+254711000001", "amount": "1.00", "name": "\ud83d"}',
        b"null",
        b"[" * 5_000,
    ],
)
def test_a_json_line_that_is_no_row_is_that_row_s_fault(line):
    good = b'{"msisdn": "+254711000001", "amount": "100.00"}\n'
    first, bad, last = cells(good + line + b"\n" + good, JSON_LINES)
    assert isinstance(bad, Fault)
    assert (first, bad.row_no, bad.code, last) == (AMINA, 2, RowFault.MALFORMED, AMINA)


@pytest.mark.parametrize(
    "row", [b"+254711000001", b"+254711000001,1.00,x", b"+254711000001,1.00,,x", b"a;b"]
)
def test_a_row_of_another_width_is_that_row_s_fault(row):
    _, bad = cells(ROW + row + b"\n")
    assert isinstance(bad, Fault)
    assert (bad.row_no, bad.code) == (2, RowFault.MALFORMED)


def test_a_cell_under_no_name_is_that_row_s_fault():
    _, bad = cells(b"msisdn,,amount\n0711000001,,1.00\n0711000002,Amina,1.00\n")
    assert bad == Fault(2, "", RowFault.MALFORMED, "Column 2 has no name, and a cell in it.")


@pytest.mark.rule("A list has a hundred thousand rows at most.")
def test_a_list_has_a_hundred_thousand_rows_at_most():
    row = b"+254711000001,1.00\n"
    most = sum(1 for _ in read_list(b"msisdn,amount\n" + row * MAX_ROWS, CSV))
    assert most == MAX_ROWS
    with pytest.raises(Refused) as caught:
        cells(b"msisdn,amount\n" + row * (MAX_ROWS + 1))
    assert caught.value.code == Code.BODY_TOO_LARGE
