"""pain.001.001.09: one file orders a batch of payments. Amounts with their currency's decimals.

MsgId is the batch's reference, EndToEndId the payout's; nothing in the file depends on when it is
written, so a batch written again is the same file and a bank that checks MsgId takes it once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from wallet.banking.iso20022.documents import PAIN_001, amount, element, render
from wallet.banking.iso20022.letters import plain
from wallet.money import Money

NAMELESS: Final = "Account holder"  # whose name is in letters that banks do not pass on
_BIC: Final = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a bank: `bank` is a BIC or a national bank code, `number` an IBAN or not."""

    bank: str
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment of a batch; `reference` comes back on reports and statements."""

    reference: str
    amount: Money
    to: Account


def write(
    reference: str, transfers: Sequence[Transfer], ours: Mapping[str, Account], at: datetime
) -> bytes:
    """Return the file that orders `transfers`; `ours` is our account in each currency."""
    assert transfers, "a file orders something"
    assert len({each.reference for each in transfers}) == len(transfers), "each payment once"
    ordered = sorted(transfers, key=lambda each: (each.amount.currency, each.reference))
    header = element(
        "GrpHdr",
        element("MsgId", reference),
        element("CreDtTm", f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"),
        *_count_and_sum(ordered),
        _party("InitgPty", ours[ordered[0].amount.currency].name),
    )
    parts = [
        _payments(part_of(reference, currency), tuple(group), ours[currency], at)
        for currency, group in groupby(ordered, key=lambda each: each.amount.currency)
    ]
    return render(PAIN_001, element("CstmrCdtTrfInitn", header, *parts))


def part_of(reference: str, currency: str) -> str:
    """Return what the payments of one currency are called in the file (PmtInfId)."""
    return f"{reference}-{currency}"


def batch_in(id_: str) -> str:
    """Return the batch's reference in what a file, or a part of one, is called."""
    return id_.partition("-")[0]


def is_iban(number: str) -> bool:
    """Tell whether an account number is an IBAN with the right check digits (ISO 13616)."""
    if _IBAN.fullmatch(number) is None:
        return False
    moved = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _payments(id_: str, transfers: tuple[Transfer, ...], ours: Account, at: datetime) -> Element:
    return element(
        "PmtInf",
        element("PmtInfId", id_),
        element("PmtMtd", "TRF"),
        element("BtchBookg", "false"),  # so that each has a line on the statement
        *_count_and_sum(transfers),
        element("ReqdExctnDt", element("Dt", f"{at.astimezone(UTC):%Y-%m-%d}")),
        _party("Dbtr", ours.name),
        _account("DbtrAcct", ours.number, transfers[0].amount.currency),
        _bank("DbtrAgt", ours.bank),
        element("ChrgBr", "SLEV"),
        *map(_transfer, transfers),
    )


def _transfer(each: Transfer) -> Element:
    return element(
        "CdtTrfTxInf",
        element("PmtId", element("InstrId", each.reference), element("EndToEndId", each.reference)),
        element("Amt", amount("InstdAmt", each.amount)),
        _bank("CdtrAgt", each.to.bank),
        _party("Cdtr", each.to.name),
        _account("CdtrAcct", each.to.number, None),
        element("RmtInf", element("Ustrd", f"Payout {each.reference}")),
    )


def _party(role: str, name: str) -> Element:
    return element(role, element("Nm", plain(name, otherwise=NAMELESS)))


def _account(role: str, number: str, currency: str | None) -> Element:
    compact = number.replace(" ", "").upper()
    if is_iban(compact):
        id_ = element("IBAN", compact)
    else:
        id_ = element("Othr", element("Id", plain(number, 34)))
    of = element("Ccy", currency) if currency else None
    return element(role, element("Id", id_), of)


def _bank(role: str, code: str) -> Element:
    if _BIC.fullmatch(code):
        id_ = element("BICFI", code)
    else:
        id_ = element("ClrSysMmbId", element("MmbId", plain(code, 35)))
    return element(role, element("FinInstnId", id_))


def _count_and_sum(transfers: Sequence[Transfer]) -> tuple[Element, Element]:
    """Count and add what is written; the sum, as the standard has it, whatever the currencies."""
    total = sum((Decimal(each.amount.text) for each in transfers), Decimal(0))
    return element("NbOfTxs", str(len(transfers))), element("CtrlSum", str(total))
