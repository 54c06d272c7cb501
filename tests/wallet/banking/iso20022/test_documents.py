"""What is refused before anything of a bank's file is believed."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from wallet.banking.iso20022 import documents
from wallet.banking.iso20022.documents import (
    CAMT_053,
    PAIN_002,
    BadDocument,
    message_of,
    money_of,
    read_camt_053,
    read_pain_002,
)
from wallet.money import Money
from wallet.web import examples

EMPTY = f'<Document xmlns="{CAMT_053}"/>'.encode()
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + EMPTY
OUTSIDE = b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + EMPTY
DEEP = b"<Document>" + b"<a>" * 40 + b"</a>" * 40 + b"</Document>"


def amount(value, currency="KES"):
    return SimpleNamespace(value=value, ccy=currency)


def test_a_document_is_known_by_its_namespace():
    assert message_of(EMPTY) == CAMT_053


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
        message_of(raw)


def test_a_file_larger_than_any_bank_s_is_refused(monkeypatch):
    monkeypatch.setattr(documents, "MAX_BYTES", 10)
    with pytest.raises(BadDocument, match="larger"):
        message_of(EMPTY)


def test_another_message_is_refused():
    with pytest.raises(BadDocument, match="the message is"):
        read_pain_002(EMPTY)


def test_a_document_without_what_its_schema_requires_is_refused():
    with pytest.raises(BadDocument, match="schema"):
        read_camt_053(EMPTY)


@pytest.mark.parametrize(
    ("good", "bad", "why"),
    [
        ("2026-01-05T18:00:00Z", "yesterday", '"yesterday" is no DateTime'),
        (">1000.00<", ">ten<", '"ten" is no Decimal'),
        ("<Cd>CLBD</Cd>", "<Cd>CLBD</Cd><Foo/>", "BalanceType10Choice has no Foo"),
        ("<MsgId>STATEMENT-17</MsgId>", "", "GroupHeader81 lacks its MsgId"),
        (' Ccy="KES">1000', ">1000", "ActiveOrHistoricCurrencyAndAmount lacks its Ccy"),
        ("CRDT", "MAYBE", '"MAYBE" is no CreditDebitCode'),
    ],
)
def test_what_is_wrong_with_a_document_is_said_in_the_words_of_its_schema(good, bad, why):
    with pytest.raises(BadDocument) as refused:
        read_camt_053(examples.BANK_STATEMENT.replace(good, bad).encode())
    assert str(refused.value) == f"the file does not follow its schema: {why}"


def test_a_currency_that_is_none_is_quoted_as_anybody_quotes():
    with pytest.raises(BadDocument) as refused:
        money_of(amount(Decimal(1), "X'X"))
    assert str(refused.value) == '"X\'X" is no currency we keep'


def test_a_document_with_what_its_schema_does_not_know_is_refused():
    with pytest.raises(BadDocument, match="schema"):
        read_pain_002(f'<Document xmlns="{PAIN_002}"><Surprise/></Document>'.encode())


@pytest.mark.parametrize(
    ("said", "money"),
    [
        (amount(Decimal("0.01")), Money("KES", 1)),
        (amount(Decimal("12.5")), Money("KES", 1250)),
        (amount(Decimal("12.500")), Money("KES", 1250)),
        (amount(Decimal(12), "UGX"), Money("UGX", 12)),
        (amount(Decimal("1.234"), "KWD"), Money("KWD", 1234)),
    ],
)
def test_an_amount_is_read_exactly(said, money):
    assert money_of(said) == money


@pytest.mark.parametrize(
    "said",
    [
        amount(Decimal("0.001")),
        amount(Decimal("0.5"), "UGX"),
        amount(Decimal(-1)),
        amount(Decimal("NaN")),
        amount(Decimal("Infinity")),
        amount(Decimal("1E30")),
        amount(Decimal(1), "XXX"),
        amount("1"),
    ],
)
def test_what_is_no_amount_of_its_currency_is_refused(said):
    with pytest.raises(BadDocument):
        money_of(said)
