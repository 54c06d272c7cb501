"""The bank that stands in for one in development: it reports, and later sends a statement.

It knows an order by its file, as banks do. It has no account that ends in 0000, so that a failure
can be shown. Each statement opens with what is left of `BEGINS_WITH` after those before it, which
the orders and the statements that lie in the folder tell: killed anywhere, it goes on from there.
"""

from __future__ import annotations

import fcntl
import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from wallet.banking.intake import REFUSED, TAKEN
from wallet.banking.iso20022.documents import (
    CAMT_053,
    PAIN_001,
    PAIN_002,
    BadDocument,
    amount,
    element,
    every,
    message_of,
    money_at,
    need_at,
    parse,
    render,
)
from wallet.banking.order_files import IN, ORDER, OUT, write_file
from wallet.money import Money

log = logging.getLogger(__name__)

REPORT: Final = ".pain002.xml"
STATEMENT: Final = ".camt053.xml"
LOCK: Final = ".bank"
Place = tuple[str, str]  # an account's number, and a currency
BEGINS_WITH: Final = 1_000_000_000_00  # of the currency's smallest unit


class BankStandIn:
    """Answers the orders in `folder`, a moment after they were made."""

    REPORTS_AFTER: Final = timedelta(seconds=2)
    STATES_AFTER: Final = timedelta(seconds=4)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tick(self, now: datetime) -> int:
        """Answer what has waited long enough; return how many files that made."""
        orders = sorted((self._folder / OUT).glob(f"*{ORDER}"))
        if not orders:
            return 0
        with (self._folder / LOCK).open("w") as lock:  # each worker has one: statements are a chain
            fcntl.flock(lock, fcntl.LOCK_EX)
            return sum(self._answer(path, now) for path in orders)

    def _answer(self, path: Path, now: datetime) -> int:
        name = path.name.removesuffix(ORDER)
        missing = [each for each in (REPORT, STATEMENT) if not self._is_answered(name + each)]
        if not missing:
            return 0
        try:
            order = _order(path)
        except BadDocument as error:  # the others are answered all the same
            log.warning("the bank cannot read %s: %s", path.name, error)
            return 0
        made_at = datetime.fromisoformat(need_at(order, "GrpHdr/CreDtTm"))
        written = 0
        if REPORT in missing and now >= made_at + self.REPORTS_AFTER:
            self._write(name + REPORT, _report(order, now))
            written += 1
        if STATEMENT in missing and now >= made_at + self.STATES_AFTER:
            self._write(name + STATEMENT, _statement(order, now, self._left()))
            written += 1
        return written

    def _left(self) -> Mapping[Place, int]:
        """Return what the statements so far have left."""
        left: defaultdict[Place, int] = defaultdict(lambda: BEGINS_WITH)
        for path in (self._folder / OUT).glob(f"*{ORDER}"):
            if self._is_answered(path.name.removesuffix(ORDER) + STATEMENT):
                for place, paid in _paid_by(path).items():
                    left[place] -= paid
        return left

    def _write(self, name: str, content: bytes) -> None:
        write_file(self._folder / IN / name, content)

    def _is_answered(self, name: str) -> bool:
        """Look where a file begins, then where it may have been put since."""
        inbox = self._folder / IN
        return any(
            (place / name).exists() for place in (inbox, inbox / TAKEN, inbox / REFUSED, inbox)
        )


def _order(path: Path) -> Element:
    return message_of(parse(path.read_bytes()), "pain.001.001", "CstmrCdtTrfInitn")


def _has_account(transfer: Element) -> bool:
    return not need_at(transfer, *_number_in("CdtrAcct")).endswith("0000")


def _number_in(account: str) -> tuple[str, str]:
    return f"{account}/Id/IBAN", f"{account}/Id/Othr/Id"


@cache  # an order's file stays as it is
def _paid_by(path: Path) -> Mapping[Place, int]:
    # One part for each currency.
    return {_place(part): _total(part) for part in every(_order(path), "PmtInf")}


def _place(part: Element) -> Place:
    return need_at(part, *_number_in("DbtrAcct")), need_at(part, "DbtrAcct/Ccy")


def _paid(part: Element) -> list[Element]:
    return [each for each in every(part, "CdtTrfTxInf") if _has_account(each)]


def _total(part: Element) -> int:
    return sum(money_at(each, "Amt/InstdAmt").minor for each in _paid(part))


def _header(order: Element, kind: str, now: datetime) -> Element:
    id_ = element("MsgId", f"{kind}-{need_at(order, 'GrpHdr/MsgId')}")
    return element("GrpHdr", id_, element("CreDtTm", f"{now:%Y-%m-%dT%H:%M:%SZ}"))


def _report(order: Element, now: datetime) -> bytes:
    def said(transfer: Element) -> Element:
        reason = None
        if not _has_account(transfer):
            reason = element("StsRsnInf", element("Rsn", element("Cd", "AC01")))
        return element(
            "TxInfAndSts",
            element("OrgnlEndToEndId", need_at(transfer, "PmtId/EndToEndId")),
            element("TxSts", "RJCT" if reason is not None else "ACSC"),
            reason,
        )

    answered = element(
        "OrgnlGrpInfAndSts",
        element("OrgnlMsgId", need_at(order, "GrpHdr/MsgId")),
        element("OrgnlMsgNmId", PAIN_001),
    )
    parts = [
        element(
            "OrgnlPmtInfAndSts",
            element("OrgnlPmtInfId", need_at(part, "PmtInfId")),
            *map(said, every(part, "CdtTrfTxInf")),
        )
        for part in every(order, "PmtInf")
    ]
    header = _header(order, "R", now)
    return render(PAIN_002, element("CstmrPmtStsRpt", header, answered, *parts))


def _statement(order: Element, now: datetime, left: Mapping[Place, int]) -> bytes:
    header, parts = _header(order, "S", now), every(order, "PmtInf")
    statements = [_statement_of(part, f"{now:%Y-%m-%d}", left[_place(part)]) for part in parts]
    return render(CAMT_053, element("BkToCstmrStmt", header, *statements))


def _statement_of(part: Element, today: str, opening: int) -> Element:
    _, currency = _place(part)
    account = element("Acct", *every(part, "DbtrAcct/Id"), element("Ccy", currency))

    def balance(kind: str, minor: int) -> Element:
        return element(
            "Bal",
            element("Tp", element("CdOrPrtry", element("Cd", kind))),
            amount("Amt", Money(currency, abs(minor))),
            element("CdtDbtInd", "CRDT" if minor >= 0 else "DBIT"),
            element("Dt", element("Dt", today)),
        )

    def line(transfer: Element) -> Element:
        reference = need_at(transfer, "PmtId/EndToEndId")
        refs = element("Refs", element("EndToEndId", reference))
        return element(
            "Ntry",
            amount("Amt", money_at(transfer, "Amt/InstdAmt")),
            element("CdtDbtInd", "DBIT"),
            element("Sts", element("Cd", "BOOK")),
            element("BookgDt", element("Dt", today)),
            element("AcctSvcrRef", f"FT{reference}"),
            element("BkTxCd", element("Prtry", element("Cd", "TRF"))),
            element("NtryDtls", element("TxDtls", refs)),
        )

    return element(
        "Stmt",
        element("Id", f"S-{need_at(part, 'PmtInfId')}"),
        account,
        balance("OPBD", opening),
        balance("CLBD", opening - _total(part)),
        *map(line, _paid(part)),
    )
