"""Statements: exact, whole, of one account in one currency."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.wallet.banking.bank import a_line, a_statement, details, in_one_file
from tests.wallet.banking.iso20022.oracle import by_schema
from wallet.banking.iso20022 import camt053
from wallet.banking.iso20022.camt053 import StatementGap
from wallet.banking.iso20022.documents import BadDocument, parse
from wallet.money import Money

SAMPLES = Path(__file__).parent.parent / "samples"
OURS = {"KES": "TRUST", "USD": "DOLLARS"}


def statements(raw):
    found, others = camt053.read(parse(raw), OURS)
    assert others == ()
    return found


def read(raw):
    (statement,) = statements(raw)
    return statement


def sample(name, account="TRUST"):
    """A bank's file, as of our account."""
    return (SAMPLES / f"{name}.xml").read_bytes().replace(b"0112233", account.encode())


def test_lines_are_read_with_sign_reference_and_date():
    found = read(a_statement(a_line("-250.00", "B1", "1QGDF9BM0K7J"), a_line("10.50", "B2")))
    assert (found.id, found.account) == ("S1", "TRUST")
    assert found.opening == Money("KES", 100_000)
    assert [
        (each.bank_reference, each.amount.minor, each.end_to_end_id, each.booked_on)
        for each in found.lines
    ] == [
        ("B1", -25_000, "1QGDF9BM0K7J", date(2026, 1, 5)),
        ("B2", 1050, None, date(2026, 1, 5)),
    ]


@pytest.mark.fault("A statement whose lines do not make its closing", "`statement_gap`")
def test_a_statement_that_does_not_add_up_is_refused():
    with pytest.raises(BadDocument, match="add up"):
        statements(a_statement(a_line("-250.00"), closing="750.01"))


def test_lines_that_are_not_booked_yet_do_not_count():
    assert read(a_statement(a_line("-250.00", status="PDNG"), closing="1000.00")).lines == ()


@pytest.mark.fault("A bank line that comes twice", "counted once")
def test_a_line_listed_twice_that_moved_money_once_is_one():
    found = read(a_statement(a_line("-250.00"), a_line("-250.00"), closing="750.00"))
    assert [each.bank_reference for each in found.lines] == ["B1"]


def test_a_line_listed_twice_that_moved_money_twice_is_two():
    found = read(a_statement(a_line("-250.00"), a_line("-250.00"), closing="500.00"))
    assert [each.bank_reference for each in found.lines] == ["B1", "B1"]


def test_payments_booked_as_one_are_a_line_each():
    below = details("-100.00", "1QGDF9BM0K7J") + details("-150.00", "1QGDF9BM0K7K")
    found = read(a_statement(a_line("-250.00", below=below)))
    assert [
        (each.bank_reference, each.amount.minor, each.end_to_end_id) for each in found.lines
    ] == [
        ("B1", -10_000, "1QGDF9BM0K7J"),
        ("B1", -15_000, "1QGDF9BM0K7K"),
    ]


def test_payments_that_are_not_all_of_their_entry_leave_it_one_line():
    below = details("-100.00", "1QGDF9BM0K7J") + details("-100.00", "1QGDF9BM0K7K")
    found = read(a_statement(a_line("-250.00", below=below)))
    assert [(each.amount.minor, each.end_to_end_id) for each in found.lines] == [(-25_000, None)]


def test_two_lines_without_the_bank_s_reference_are_never_one():
    lines = a_line("-250.00", ""), a_line("-250.00", "")
    assert len(read(a_statement(*lines, closing="500.00")).lines) == 2
    with pytest.raises(StatementGap):
        read(a_statement(*lines, closing="750.00"))


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
        statements(a_statement(a_line("-250.00"), **({"closing": "750.00"} | changed)))


@pytest.mark.fault("A statement in the wrong currency", "`bank_file_refused`")
def test_a_line_in_another_currency_refuses_the_statement():
    raw = a_statement(a_line("-250.00", currency="USD"), closing="750.00")
    with pytest.raises(BadDocument, match="another currency"):
        statements(raw)


def test_a_statement_whose_id_nobody_could_look_up_is_refused():
    """An index of the database holds less, and the folder's next file would wait for ever."""
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 141)))
    assert read(a_statement(id_=long[:-1])).id == long[:-1]
    with pytest.raises(BadDocument, match="longer than 140"):
        read(a_statement(id_=long))


def test_an_overdrawn_account_has_its_balance_below_zero():
    found = read(a_statement(a_line("-250.00"), opening="-100.00", closing="-350.00"))
    assert found.closing == Money("KES", -35_000)


def test_half_a_file_is_refused():
    raw = a_statement(a_line("-250.00"))
    with pytest.raises(BadDocument, match="not whole XML"):
        statements(raw[: len(raw) // 2])


def test_a_file_without_statements_is_refused():
    raw = a_statement()
    begins, ends = raw.index(b"<Stmt>"), raw.index(b"</Stmt>") + len(b"</Stmt>")
    with pytest.raises(BadDocument):
        statements(raw[:begins] + raw[ends:])


# As banks write them -----------------------------------------------------------------------------

VERSIONS = range(2, 14)


def in_version(version):
    """One line as a bank writes it that speaks this version."""
    raw = sample("camt053-v02" if version < 7 else "camt053-v10")
    return re.sub(rb"001\.\d\d", b"001.%02d" % version, raw, count=1)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_is_read_alike(version):
    found = read(in_version(version))
    assert (found.opening.text, found.closing.text) == ("100.00", "349.00")
    (line,) = found.lines
    assert (line.amount.text, line.bank_reference, line.booked_on) == (
        "249.00", "R1", date(2026, 11, 19),
    )  # fmt: skip


@pytest.mark.parametrize("version", [2, 6, 7, 12])
def test_what_the_versions_test_reads_is_of_its_version(version):
    raw = in_version(version).replace(b"<BkTxCd/>", b"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>")
    assert by_schema(raw)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("status", ["PDNG", "INFO"])
def test_a_line_that_is_not_booked_counts_in_no_version(version, status):
    raw = in_version(version).replace(b"BOOK", status.encode()).replace(b">349.00<", b">100.00<")
    assert read(raw).lines == ()


def test_payments_booked_as_one_may_have_their_amounts_in_amtdtls():
    found = read(sample("camt053-batch-amounts-in-amtdtls"))
    assert [(each.amount.text, each.end_to_end_id) for each in found.lines] == [
        ("149.00", "E1"),
        ("100.00", "E2"),
    ]


def test_an_amount_below_an_entry_in_a_currency_that_we_do_not_keep_is_passed_over():
    raw = sample("camt053-batch-amounts-in-amtdtls")
    told = b'<TxAmt><Amt Ccy="KES">149.00'
    raw = raw.replace(told, b'<InstdAmt><Amt Ccy="XPF">1</Amt></InstdAmt>' + told)
    assert [each.amount.text for each in read(raw).lines] == ["149.00", "100.00"]


def test_payments_whose_amounts_are_not_told_leave_their_entry_one_line():
    below = "<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs></TxDtls>" * 2
    (line,) = read(a_statement(a_line("-250.00", below=below))).lines
    assert (line.amount.text, line.end_to_end_id) == ("-250.00", None)


def test_a_line_is_of_its_value_date_where_the_bank_gives_no_booking_date():
    assert read(sample("no-booking-date")).lines[0].booked_on == date(2026, 11, 19)


def test_a_line_without_a_date_is_of_the_day_that_its_statement_closes():
    line = a_line().replace("<BookgDt><Dt>2026-01-05</Dt></BookgDt>", "")
    assert read(a_statement(line)).lines[0].booked_on == date(2026, 1, 5)
    undated = a_statement(line).replace(b"<Dt><Dt>2026-01-05</Dt></Dt>", b"")
    with pytest.raises(BadDocument, match="has no date"):
        read(undated)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("<DtTm>2026-11-19T20:59:59.999Z</DtTm>", 19),
        ("<DtTm>2026-11-19T21:00:00Z</DtTm>", 20),  # which is midnight in Nairobi
        ("<DtTm>2026-11-19T22:30:00.000Z</DtTm>", 20),
        ("<DtTm>2026-11-20T01:30:00+03:00</DtTm>", 20),
        ("<DtTm>2026-11-19T23:30:00</DtTm>", 19),  # as the bank's own clock shows it
        ("<Dt>2026-11-19</Dt>", 19),
        ("<Dt>2026-11-19Z</Dt>", 19),
        ("<Dt>2026-11-19+03:00</Dt>", 19),
    ],
)
def test_a_line_is_of_the_day_that_it_was_where_its_currency_is_at_home(written, day):
    raw = sample("utc-booking-time")
    raw = raw.replace(b"<DtTm>2026-11-19T22:30:00.000Z</DtTm>", written.encode())
    assert read(raw).lines[0].booked_on == date(2026, 11, day)


def test_a_time_of_a_currency_that_has_no_market_is_of_the_day_the_bank_writes():
    line = a_line(currency="USD").replace(
        "<Dt>2026-01-05</Dt>", "<DtTm>2026-01-05T23:30:00Z</DtTm>"
    )
    found = read(a_statement(line, account="DOLLARS", currency="USD"))
    assert found.lines[0].booked_on == date(2026, 1, 5)


@pytest.mark.parametrize("day", ["2026-02-30", "2026-11-19T10:00", "20261119x", "yesterday"])
def test_what_is_no_date_is_refused(day):
    raw = sample("no-booking-date").replace(b"<ValDt><Dt>2026-11-19", b"<ValDt><Dt>" + day.encode())
    with pytest.raises(BadDocument, match="no date"):
        read(raw)


def test_a_reversal_with_the_sign_of_what_it_reverses_is_taken_as_the_balances_say():
    (line,) = read(sample("reversal-sign")).lines
    assert (line.amount.text, line.is_reversal) == ("249.00", True)


def test_a_reversal_with_its_own_sign_is_taken_as_it_stands():
    (line,) = read(sample("reversal-sign").replace(b"DBIT", b"CRDT")).lines
    assert (line.amount.text, line.is_reversal) == ("249.00", True)


def test_only_a_reversal_is_turned():
    with pytest.raises(StatementGap):
        read(sample("reversal-sign").replace(b"<RvslInd>true</RvslInd>", b""))


@pytest.mark.parametrize(
    ("said", "other", "why"),
    [
        (b"<CdtDbtInd>DBIT<", b"<CdtDbtInd>dbit<", "neither CRDT nor DBIT"),
        (b"<CdtDbtInd>DBIT</CdtDbtInd>", b"", "neither CRDT nor DBIT"),
        (b"<RvslInd>true<", b"<RvslInd>yes<", "neither true nor false"),
        (b"<Sts><Cd>BOOK</Cd></Sts>", b"", "has no Sts"),
        (b'<Amt Ccy="KES">249', b'<Amt Ccy="KES">1</Amt><Amt Ccy="KES">249', "more than once"),
        (b"<Id>R1</Id>", b"", "has no Id"),
        (b"<Acct><Id><Othr><Id>TRUST</Id></Othr></Id>", b"<Acct>", "does not name its account"),
    ],
)
def test_what_moved_and_which_way_is_never_guessed(said, other, why):
    raw = sample("reversal-sign")
    assert said in raw
    with pytest.raises(BadDocument, match=why):
        read(raw.replace(said, other))


# Several in a file -------------------------------------------------------------------------------


def test_another_account_s_statement_beside_ours_is_told_of():
    found, others = camt053.read(parse(sample("two-accounts")), OURS)
    assert [each.id for each in found] == ["U1"]
    assert others == ("statement U2 is not of our account: it is of PETTYCASH",)


def test_another_account_s_statement_need_not_be_one_that_we_understand():
    strange = a_statement(
        a_line(currency="XPF"), id_="S2", account="OTHER", opening=None, closing=None
    )
    found, others = camt053.read(parse(in_one_file(a_statement(), strange)), OURS)
    assert ([each.id for each in found], len(others)) == (["S1"], 1)


def test_our_account_in_a_currency_that_it_is_not_in_is_another_one():
    other = a_statement(id_="S2", currency="USD")
    _, others = camt053.read(parse(in_one_file(a_statement(), other)), OURS)
    assert others == ("statement S2 is not of our account in USD",)


def paged(*lines, kinds, opening, closing):
    """A page, with balances of these kinds."""
    raw = a_statement(*lines, opening=opening, closing=closing)
    for old, new in zip((b"OPBD", b"CLBD"), kinds, strict=True):
        raw = raw.replace(old, new.encode())
    return raw


def test_a_page_opens_and_closes_with_the_balances_between_pages():
    pages = (
        paged(a_line("-1.00"), kinds=("OPBD", "ITBD"), opening="10.00", closing="9.00"),
        paged(a_line("-2.00"), kinds=("ITBD", "ITBD"), opening="9.00", closing="7.00"),
        paged(a_line("-3.00"), kinds=("ITBD", "CLBD"), opening="7.00", closing="4.00"),
    )
    found = statements(in_one_file(*pages))
    assert [(each.opening.text, each.closing.text) for each in found] == [
        ("10.00", "9.00"), ("9.00", "7.00"), ("7.00", "4.00"),
    ]  # fmt: skip


def test_a_page_of_one_balance_is_refused():
    raw = a_statement(a_line("-1.00"), closing=None).replace(b"OPBD", b"ITBD")
    with pytest.raises(BadDocument, match="cannot both open and close"):
        read(raw)


def test_pages_that_each_give_the_balances_of_the_whole_are_one_statement():
    pages = [a_statement(a_line(each, own), closing="994.00") for each, own in (
        ("-1.00", "B1"), ("-2.00", "B2"), ("-3.00", "B3"),
    )]  # fmt: skip
    (found,) = statements(in_one_file(*pages))
    assert [each.amount.text for each in found.lines] == ["-1.00", "-2.00", "-3.00"]
    with pytest.raises(StatementGap):
        statements(in_one_file(*pages[:2]))
