"""camt.053.001.08: statements of our own accounts, whose opening and lines must make the closing.

Only booked lines count. A line is known by the bank's reference for it; a bank that books several
payments in one entry lists them below it, and each is a line then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from wallet.banking.iso20022.documents import BadDocument, money_of, read_camt_053
from wallet.money import Money

if TYPE_CHECKING:
    from pyiso20022.camt import camt_053_001_08 as camt

OPENING: Final = ("OPBD", "PRCD")
CLOSING: Final = ("CLBD",)
MOST_LINES: Final = 100_000
TEXT_CHARACTERS: Final = 140


class StatementGap(BadDocument):
    """A balance is not what the balances and lines before it make."""

    def __init__(self, why: str, expected: Money, found: Money) -> None:
        super().__init__(f"{why}: {expected.text} was expected, {found.text} found")
        self.expected, self.found = expected, found


@dataclass(frozen=True, slots=True)
class Line:
    """Money that came (`amount` above zero) or went. `key` is unique in its account."""

    key: str
    amount: Money
    booked_on: date
    end_to_end_id: str | None
    is_reversal: bool
    told: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: what its lines add up to is what it says."""

    id: str
    account: str
    opening: Money
    closing: Money
    lines: tuple[Line, ...]


def read(raw: bytes) -> tuple[Statement, ...]:
    """Read the statements of a file. Raises `BadDocument`, for one as for all."""
    found = tuple(_statement(each) for each in read_camt_053(raw).bk_to_cstmr_stmt.stmt)
    if not found:
        raise BadDocument("the file holds no statement")
    if len({(each.account, each.id) for each in found}) != len(found):
        raise BadDocument("a statement is in the file twice")
    return found


def _statement(said: camt.AccountStatement9) -> Statement:
    account = said.acct.id.iban or (said.acct.id.othr and said.acct.id.othr.id)
    if not account:
        raise BadDocument("a statement does not name its account")
    opening, closing = _balance(said, OPENING), _balance(said, CLOSING)
    if said.acct.ccy not in {None, opening.currency} or closing.currency != opening.currency:
        raise BadDocument(f"statement {said.id} is in more than one currency")
    lines = tuple(line for entry in said.ntry for line in _lines(entry, said.id))
    if len(lines) > MOST_LINES:
        raise BadDocument(f"statement {said.id} has more than {MOST_LINES} lines")
    if any(each.amount.currency != opening.currency for each in lines):
        raise BadDocument(f"statement {said.id} has a line in another currency")
    return Statement(
        said.id, account, opening, closing, _adding_up(said.id, opening, closing, lines)
    )


def _balance(said: camt.AccountStatement9, kinds: Sequence[str]) -> Money:
    """Return a booked balance; on a statement of several pages they are its page's."""
    for kind in kinds:
        found = [each for each in said.bal if each.tp.cd_or_prtry.cd == kind]
        if len(found) == 1:
            return _signed(found[0])
        if found:
            raise BadDocument(f"statement {said.id} has several {kind} balances")
    raise BadDocument(f"statement {said.id} has no {kinds[0]} balance")


def _lines(entry: camt.ReportEntry10, statement: str) -> Iterator[Line]:
    if entry.sts.cd != "BOOK":
        return
    amount, booked_on = _signed(entry), _booked_on(entry)
    reference = entry.acct_svcr_ref or (entry.ntry_ref and f"{statement}/{entry.ntry_ref}")
    details = [each for group in entry.ntry_dtls for each in group.tx_dtls]
    whole = Line(reference or "", amount, booked_on, None, bool(entry.rvsl_ind), _told(entry, None))
    if len(details) > 1 and not _make_up(details, entry):
        details = []  # they tell of something else, or not of everything: one line, for a person
    if not details:
        yield whole
    for number, each in enumerate(details, 1):
        own = each.refs and each.refs.acct_svcr_ref
        if len(details) == 1:
            key, part = whole.key or own or "", amount
        else:
            key, part = own or (whole.key and f"{whole.key}/{number}"), _signed(each, entry)
        yield replace(
            whole,
            key=key,
            amount=part,
            end_to_end_id=_reference(each),
            told=_told(entry, each),
        )


def _make_up(details: Sequence[camt.EntryTransaction10], entry: camt.ReportEntry10) -> bool:
    """Tell whether the payments below an entry are all of it."""
    if any(each.amt is None or each.amt.ccy != entry.amt.ccy for each in details):
        return False
    return sum(_signed(each, entry).minor for each in details) == _signed(entry).minor


def _reference(details: camt.EntryTransaction10) -> str | None:
    if details.refs is None:
        return None
    found = details.refs.end_to_end_id or details.refs.instr_id
    return None if found == "NOTPROVIDED" else found


def _adding_up(
    statement: str, opening: Money, closing: Money, lines: Sequence[Line]
) -> tuple[Line, ...]:
    """Return the lines that make the closing balance, each with a key of its own.

    Where a bank lists a line twice, its balances tell whether the money moved twice.
    """
    keyed = [
        replace(each, key=each.key or f"{statement}/line {number}")
        for number, each in enumerate(lines, 1)
    ]
    movement = closing.minor - opening.minor
    total = sum(each.amount.minor for each in keyed)
    if total == movement:
        seen: Counter[str] = Counter()
        for number, each in enumerate(keyed):
            seen[each.key] += 1
            if seen[each.key] > 1:
                keyed[number] = replace(each, key=f"{each.key} #{seen[each.key]}")
        return tuple(keyed)
    once = tuple(dict.fromkeys(keyed))
    if sum(each.amount.minor for each in once) == movement and len(
        {each.key for each in once}
    ) == len(once):
        return once
    made = Money(opening.currency, opening.minor + total)
    raise StatementGap(
        f"statement {statement} does not add up to its closing balance", made, closing
    )


def _signed(said: Any, otherwise: Any = None) -> Money:  # noqa: ANN401 -- whatever has an amount
    amount = money_of(said.amt)
    indicator = said.cdt_dbt_ind or otherwise.cdt_dbt_ind
    return -amount if indicator.value == "DBIT" else amount


def _booked_on(entry: camt.ReportEntry10) -> date:
    booked = entry.bookg_dt
    if booked is None or (booked.dt is None and booked.dt_tm is None):
        raise BadDocument("a booked line has no booking date")
    try:
        found: date = booked.dt.to_date() if booked.dt else booked.dt_tm.to_datetime().date()
    except (ValueError, OverflowError) as error:
        raise BadDocument("a booking date is no date") from error
    return found


def _told(entry: camt.ReportEntry10, details: camt.EntryTransaction10 | None) -> str:
    """Return what the bank tells people of a line."""
    parts = [entry.addtl_ntry_inf]
    if details is not None:
        parts += [details.addtl_tx_inf, *(details.rmt_inf.ustrd if details.rmt_inf else ())]
        if details.rtr_inf and details.rtr_inf.rsn:
            parts.append(details.rtr_inf.rsn.cd or details.rtr_inf.rsn.prtry)
    told = " ".join(" ".join(part for part in parts if part).split())
    return "".join(letter for letter in told if letter.isprintable())[:TEXT_CHARACTERS]
