"""camt.053: statements of our own accounts, whose opening and lines must make the closing.

Only booked lines count; a bank that books several payments in one entry lists them below it, and
each is a line then. Where banks write the same in two ways (a line listed twice, a reversal with
the sign of what it reverses), the balances tell which is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from wallet.banking.iso20022.documents import (
    BadDocument,
    Document,
    every,
    find,
    message_of,
    money_at,
    need_at,
    text_at,
)
from wallet.errors import quoted
from wallet.markets import MARKETS
from wallet.money import Money

KIND: Final = "camt.053.001"
OPENING: Final = ("OPBD", "PRCD")
CLOSING: Final = ("CLBD",)
INTERIM: Final = "ITBD"  # between two pages of a statement
MOST_LINES: Final = 100_000
TEXT_CHARACTERS: Final = 140
AMOUNTS: Final = ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt")  # of a payment in an entry
OURS: Final = ("EndToEndId", "InstrId", "PmtInfId", "MsgId")  # the payment's; else its batch's
NOT_GIVEN: Final = frozenset({None, "NOTPROVIDED"})
FLAGS: Final = {None: False, "false": False, "0": False, "true": True, "1": True}
ZONE: Final = re.compile(
    r"(?<=-\d\d)(Z|[+-]\d\d:\d\d)\Z"
)  # a date may have one, which tells nothing
ZONES: Final = {market.currency: market.zone for market in MARKETS.values()}


class StatementGap(BadDocument):
    """A balance is not what the balances and lines before it make."""

    def __init__(self, why: str, expected: Money, found: Money) -> None:
        super().__init__(f"{why}: {expected.text} was expected, {found.text} found")
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True)
class Line:
    """Money that came (`amount` above zero) or went.

    `end_to_end_id` is our reference: a payment's, or a batch's where the bank names no payment. The
    bank's own, `bank_reference`, need not be unique: some write the same for every line.
    """

    amount: Money
    booked_on: date
    bank_reference: str | None
    end_to_end_id: str | None
    is_reversal: bool
    told: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, or a page of one: what its lines add up to is what it says.

    `id` is the bank's; it may come again, on another page or in another year.
    """

    id: str
    account: str
    opening: Money
    closing: Money
    lines: tuple[Line, ...]


def bare(account: str) -> str:
    """Return an account's number as it is compared."""
    return account.replace(" ", "").upper()


def read(
    document: Document, ours: Mapping[str, str]
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Read the statements of a file: those of `ours`, and what others there are, in words.

    `ours` are the bare numbers of our accounts, by currency. Raises `BadDocument`, for one of ours
    as for all, and where none is ours.
    """
    found: list[Statement] = []
    others: list[str] = []
    for each in every(message_of(document, KIND, "BkToCstmrStmt"), "Stmt"):
        id_, account = need_at(each, "Id"), text_at(each, "Acct/Id/IBAN", "Acct/Id/Othr/Id")
        if len(id_) > TEXT_CHARACTERS:  # the standard's are of 35 at most; we look them up
            raise BadDocument(f"the id of a statement is longer than {TEXT_CHARACTERS} characters")
        if account is None:
            raise BadDocument(f"statement {id_} does not name its account")
        if bare(account) not in ours.values():  # whatever it is: we need not understand it
            others.append(f"statement {id_} is not of our account: it is of {account}")
            continue
        said = _statement(each, id_, bare(account))
        if ours.get(said.opening.currency) == said.account:
            found.append(said)
        else:
            others.append(f"statement {id_} is not of our account in {said.opening.currency}")
    if not found:
        raise BadDocument(others[0] if others else "the file holds no statement")
    return tuple(_whole(found)), tuple(others)


def _statement(said: Element, id_: str, account: str) -> Statement:
    """Return a statement with its lines as they stand there."""
    begins, ends = _balances(said, id_)
    opening, closing = (_signed(money_at(each, "Amt"), each) for each in (begins, ends))
    if {text_at(said, "Acct/Ccy") or opening.currency, closing.currency} != {opening.currency}:
        raise BadDocument(f"statement {id_} is in more than one currency")
    last_day = _day(ends, ("Dt",), opening.currency)
    lines = tuple(line for entry in every(said, "Ntry") for line in _lines(entry, last_day))
    if len(lines) > MOST_LINES:
        raise BadDocument(f"statement {id_} has more than {MOST_LINES} lines")
    if any(each.amount.currency != opening.currency for each in lines):
        raise BadDocument(f"statement {id_} has a line in another currency")
    return Statement(id_, account, opening, closing, lines)


def _balances(said: Element, id_: str) -> tuple[Element, Element]:
    """Return the booked balances, or those of its page where it has several."""
    balances: dict[str | None, list[Element]] = {}
    for each in every(said, "Bal"):
        balances.setdefault(text_at(each, "Tp/CdOrPrtry/Cd"), []).append(each)
    for kind in (*OPENING, *CLOSING):
        if len(balances.get(kind, ())) > 1:
            raise BadDocument(f"statement {id_} has several {kind} balances")
    between = balances.get(INTERIM, [])
    begins = [each for kind in OPENING for each in balances.get(kind, ())] or between[:1]
    ends = [each for kind in CLOSING for each in balances.get(kind, ())] or between[-1:]
    for kinds, found in ((OPENING, begins), (CLOSING, ends)):
        if not found:
            raise BadDocument(f"statement {id_} has no {kinds[0]} balance")
    if begins[0] is ends[0]:
        raise BadDocument(f"statement {id_} has one balance, which cannot both open and close it")
    return begins[0], ends[0]


def _whole(found: Sequence[Statement]) -> Iterator[Statement]:
    """Return statements whose lines make their closing.

    Some banks give the balances of the whole statement on each of its pages: together they add up.
    """
    for _, group in groupby(found, lambda each: (each.id, each.opening, each.closing)):
        pages = list(group)
        try:
            parts = [_adding_up(each) for each in pages]
        except StatementGap:
            if len(pages) == 1:
                raise
            lines = tuple(line for each in pages for line in each.lines)
            parts = [_adding_up(replace(pages[0], lines=lines))]
        yield from parts


def _adding_up(said: Statement) -> Statement:
    """Return a statement with the lines that make its closing balance.

    A bank may list a line twice, or give a reversal the sign of what it takes back: the balances
    tell whether the money moved, and which way.
    """
    turned = tuple(
        replace(each, amount=-each.amount) if each.is_reversal else each for each in said.lines
    )
    movement = said.closing.minor - said.opening.minor
    for lines in (said.lines, turned, _once(said.lines), _once(turned)):
        if sum(each.amount.minor for each in lines) == movement:
            return replace(said, lines=lines)
    total = sum(each.amount.minor for each in said.lines)
    raise StatementGap(
        f"statement {said.id} does not add up to its closing balance",
        Money(said.opening.currency, said.opening.minor + total),
        said.closing,
    )


def _once(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Return lines without those that are there before, in everything and by the bank's name."""
    kept: list[Line] = []
    seen: set[Line] = set()
    for each in lines:
        if each.bank_reference is None or each not in seen:
            kept.append(each)
        seen.add(each)
    return tuple(kept)


def _lines(entry: Element, last_day: date | None) -> Iterator[Line]:
    if need_at(entry, "Sts", "Sts/Cd", "Sts/Prtry") != "BOOK":
        return
    amount = _signed(money_at(entry, "Amt"), entry)
    booked_on = _day(entry, ("BookgDt", "ValDt"), amount.currency) or last_day
    if booked_on is None:
        raise BadDocument("a booked line has no date, and its statement has none")
    is_reversal = text_at(entry, "RvslInd")
    if is_reversal not in FLAGS:
        raise BadDocument(f"RvslInd is {quoted(is_reversal or '')}, neither true nor false")
    whole = Line(
        amount, booked_on, text_at(entry, "AcctSvcrRef", "NtryRef"), _batch(entry),
        FLAGS[is_reversal], _told(entry, None),
    )  # fmt: skip
    details = every(entry, "NtryDtls/TxDtls")
    if len(details) == 1:
        own = whole.bank_reference or text_at(details[0], "Refs/AcctSvcrRef")
        yield replace(_below(whole, entry, details[0]), bank_reference=own)
        return
    parts = [_part(each, entry, amount.currency) for each in details]
    told = [each for each in parts if each is not None]
    if not told or len(told) < len(parts) or sum(each.minor for each in told) != amount.minor:
        yield whole  # they tell of something else, or not of everything: one line, for a person
        return
    for each, part in zip(details, told, strict=True):
        own = text_at(each, "Refs/AcctSvcrRef") or whole.bank_reference
        yield replace(_below(whole, entry, each), amount=part, bank_reference=own)


def _below(whole: Line, entry: Element, details: Element) -> Line:
    """Return the line of an entry as the payment below it tells of it."""
    found = (text_at(details, f"Refs/{name}") for name in OURS)
    ours = next((each for each in found if each not in NOT_GIVEN), whole.end_to_end_id)
    return replace(whole, end_to_end_id=ours, told=_told(entry, details))


def _part(details: Element, entry: Element, currency: str) -> Money | None:
    """Return the amount of a payment below an entry, where it is told in the entry's currency."""
    for path in AMOUNTS:
        found = find(details, path)
        if found is not None and found.get("Ccy") == currency:
            return _signed(money_at(details, path), details, entry)
    return None


def _batch(entry: Element) -> str | None:
    """Return which batch of ours an entry is for, where the bank books it as one."""
    found = {
        text_at(each, "PmtInfId", "MsgId") for each in every(entry, "NtryDtls/Btch")
    } - NOT_GIVEN
    return found.pop() if len(found) == 1 else None


def _signed(amount: Money, *said: Element) -> Money:
    """Return an amount as it moved, by the first that tells."""
    found = next(filter(None, (text_at(each, "CdtDbtInd") for each in said)), None)
    if found not in {"CRDT", "DBIT"}:
        raise BadDocument(f"CdtDbtInd is {quoted(found or '')}, neither CRDT nor DBIT")
    return -amount if found == "DBIT" else amount


def _day(said: Element, paths: Sequence[str], currency: str) -> date | None:
    """Return the day at the first of the paths; of a time, the day where its currency is at home.

    None where there is none. Raises `BadDocument` for what is no date.
    """
    for path in paths:
        day, time = text_at(said, f"{path}/Dt"), text_at(said, f"{path}/DtTm")
        try:
            if day is not None:
                return date.fromisoformat(ZONE.sub("", day))
            if time is not None:
                at = datetime.fromisoformat(time)
                zone = ZONES.get(currency)
                return (at.astimezone(zone) if at.tzinfo and zone else at).date()
        except (ValueError, OverflowError) as error:
            raise BadDocument(f"{path} is {quoted(str(day or time))}, which is no date") from error
    return None


def _told(entry: Element, details: Element | None) -> str:
    """Return what the bank tells people of a line."""
    parts = [text_at(entry, "AddtlNtryInf")]
    if details is not None:
        parts.append(text_at(details, "AddtlTxInf"))
        parts += (each.text for each in every(details, "RmtInf/Ustrd"))
        parts.append(text_at(details, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"))
    told = " ".join(" ".join(part for part in parts if part).split())
    return "".join(letter for letter in told if letter.isprintable())[:TEXT_CHARACTERS]
