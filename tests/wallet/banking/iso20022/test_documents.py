"""What is refused before anything of a bank's file is believed."""

import pytest

from wallet.banking.iso20022 import documents
from wallet.banking.iso20022.documents import (
    CAMT_053,
    STANDARD,
    BadDocument,
    message_of,
    money_at,
    need_at,
    parse,
    text_at,
)
from wallet.money import Money

EMPTY = f'<Document xmlns="{STANDARD}{CAMT_053}"/>'.encode()
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + EMPTY
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + EMPTY
DEEP = b"<Document>" + b"<a>" * 40 + b"</a>" * 40 + b"</Document>"


def root(inside):
    """A document's root with this inside."""
    return parse(f'<Document xmlns="{STANDARD}{CAMT_053}">{inside}</Document>'.encode()).root


def test_a_document_is_known_by_its_namespace():
    assert parse(EMPTY).message == CAMT_053


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "not whole XML"),
        (b"rubbish", "not whole XML"),
        (EMPTY[:-4], "not whole XML"),
        (EMPTY + EMPTY, "not whole XML"),
        (b'<?xml version="1.0" encoding="klingon"?>' + EMPTY, "not whole XML"),
        (b'<Document xmlns="' + b"\xff" + b'"/>', "not whole XML"),
        (BOMB, "document type"),
        (OUTSIDE, "document type"),
        (DEEP, "too deeply"),
        (b"<Statement/>", "not an ISO 20022"),
    ],
)
def test_what_is_no_plain_document_is_refused(raw, why):
    with pytest.raises(BadDocument, match=why):
        parse(raw)


def test_a_file_larger_than_any_bank_s_is_refused(monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    with pytest.raises(BadDocument, match="larger"):
        parse(EMPTY)


def test_a_file_of_more_elements_than_any_bank_s_is_refused(monkeypatch):
    monkeypatch.setattr(documents, "MAX_ELEMENTS", 2)
    with pytest.raises(BadDocument, match="more than 2 elements"):
        root("<a/><a/>")


def test_another_message_is_refused():
    with pytest.raises(BadDocument, match=r"the message is camt\.053\.001\.08, not pain\.002\.001"):
        message_of(parse(EMPTY), "pain.002.001", "CstmrPmtStsRpt")


def test_a_document_without_what_it_should_hold_is_refused():
    with pytest.raises(BadDocument, match="has no BkToCstmrStmt"):
        message_of(parse(EMPTY), "camt.053.001", "BkToCstmrStmt")


@pytest.mark.parametrize("version", ["01", "14", "99"])
def test_a_version_that_we_do_not_read_is_refused_and_told_which_we_do(version):
    with pytest.raises(BadDocument, match=f"in versions 02 to 13, not {version}"):
        parse(EMPTY.replace(b"001.08", f"001.{version}".encode()))


@pytest.mark.parametrize("namespace", ["", "urn:other", f"{STANDARD}camt.054.001.08"])
def test_a_message_that_we_do_not_read_is_refused(namespace):
    with pytest.raises(BadDocument, match="we take no"):
        parse(f'<Document xmlns="{namespace}"/>'.encode())


def test_what_is_there_once_is_read_once():
    once = root("<A><B>1</B></A>")
    assert (text_at(once, "A/B"), need_at(once, "A/C", "A/B"), text_at(once, "C")) == (
        "1",
        "1",
        None,
    )
    with pytest.raises(BadDocument, match="A has B more than once"):
        text_at(root("<A><B>1</B><B>2</B></A>"), "A/B")
    with pytest.raises(BadDocument, match="Document has no C or D"):
        need_at(once, "C", "D")


def test_a_namespace_with_a_prefix_is_the_same_and_another_one_s_elements_are_not_ours():
    inside = '<x:A>1</x:A><A>2</A><A xmlns="o">3</A>'
    raw = f'<x:Document xmlns:x="{STANDARD}{CAMT_053}">{inside}</x:Document>'
    assert text_at(parse(raw.encode()).root, "A") == "1"


@pytest.mark.parametrize(
    ("text", "currency", "money"),
    [
        ("0.01", "KES", Money("KES", 1)),
        ("12.5", "KES", Money("KES", 1250)),
        (" 12.500 ", "KES", Money("KES", 1250)),
        ("+12.", "KES", Money("KES", 1200)),
        (".5", "KES", Money("KES", 50)),
        ("12", "UGX", Money("UGX", 12)),
        ("1.234", "KWD", Money("KWD", 1234)),
    ],
)
def test_an_amount_is_read_exactly(text, currency, money):
    assert money_at(root(f'<Amt Ccy="{currency}">{text}</Amt>'), "Amt") == money


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("0.001", "KES", "no amount in KES"),
        ("0.5", "UGX", "no amount in UGX"),
        ("999999999999999999", "KES", "no amount in KES"),
        ("-1", "KES", "not a number"),
        ("NaN", "KES", "not a number"),
        ("Infinity", "KES", "not a number"),
        ("1E3", "KES", "not a number"),
        ("1,000.00", "KES", "not a number"),
        ("1.0000000000000000000000000001", "KES", "not a number"),
        ("١", "KES", "not a number"),
        ("", "KES", "not a number"),
        ("1", "XXX", "no currency we keep"),
    ],
)
def test_what_is_no_amount_of_its_currency_is_refused(text, currency, why):
    with pytest.raises(BadDocument, match=why):
        money_at(root(f'<Amt Ccy="{currency}">{text}</Amt>'), "Amt")


def test_an_element_without_its_amount_is_refused():
    with pytest.raises(BadDocument, match="has no Amt"):
        money_at(root(""), "Amt")
