"""pain.002: what a bank says became of the payments of a file, all at once or one by one.

ACSC and ACCC mean paid, RJCT failed; every other status means that the bank has it. What is said
of a payment goes before what is said of its part or its file. A rejected duplicate is no failure:
the first of the two may have been paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from wallet.banking.iso20022.documents import (
    BadDocument,
    Document,
    every,
    message_of,
    need_at,
    text_at,
)
from wallet.banking.iso20022.letters import plain

KIND: Final = "pain.002.001"
GROUP: Final = "OrgnlGrpInfAndSts"

PAID: Final = frozenset({"ACSC", "ACCC"})
FAILED: Final = frozenset({"RJCT", "CANC"})
DUPLICATE: Final = frozenset({"AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"})
REASON_CHARACTERS: Final = 140
REASONS: Final = {
    "AC01": "the account number is wrong",
    "AC03": "the account number is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AG01": "the account may not take transfers",
    "AM04": "our account at the bank lacks the money",
    "AM05": "the bank takes it for a duplicate",
    "BE01": "the name does not fit the account",
    "MS03": "no reason given",
    "RC01": "the bank code is wrong",
}
"""What the commonest reason codes mean to people (ISO 20022 external code set)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bank says of one payment; where `reference` is None, of a part or a whole file."""

    reference: str | None
    part: str | None
    status: str
    code: str | None
    reason: str | None

    @property
    def is_paid(self) -> bool:
        return self.status in PAID

    @property
    def has_failed(self) -> bool:
        return self.status in FAILED and self.code not in DUPLICATE

    @property
    def is_final(self) -> bool:
        return self.is_paid or self.has_failed


@dataclass(frozen=True, slots=True)
class Report:
    """One file: which of ours it answers, and what it says in the order it says it."""

    message: str
    answers: str
    verdicts: tuple[Verdict, ...]


def read(document: Document) -> Report:
    """Read a status report. Raises `BadDocument`."""
    report = message_of(document, KIND, "CstmrPmtStsRpt")
    message, answers = need_at(report, "GrpHdr/MsgId"), need_at(report, f"{GROUP}/OrgnlMsgId")
    return Report(message, answers, tuple(_verdicts(report)))


def _verdicts(report: Element) -> Iterator[Verdict]:
    of_group = text_at(report, f"{GROUP}/GrpSts")
    if of_group is not None:
        yield _verdict(None, None, of_group, every(report, f"{GROUP}/StsRsnInf"))
    for part in every(report, "OrgnlPmtInfAndSts"):
        id_, of_part = need_at(part, "OrgnlPmtInfId"), text_at(part, "PmtInfSts")
        if of_part is not None:
            yield _verdict(None, id_, of_part, every(part, "StsRsnInf"))
        for each in every(part, "TxInfAndSts"):
            status = text_at(each, "TxSts") or of_part or of_group
            reference = text_at(each, "OrgnlEndToEndId", "OrgnlInstrId")
            if status is None or reference is None:
                raise BadDocument("a payment is reported without its reference or its status")
            yield _verdict(reference, id_, status, every(each, "StsRsnInf"))


def _verdict(
    reference: str | None, part: str | None, status: str, given: Sequence[Element]
) -> Verdict:
    """Return a verdict with the first reason given, in words and with its code."""
    for each in given:
        code = text_at(each, "Rsn/Cd", "Rsn/Prtry")
        words = REASONS.get(code or "") or " ".join(
            line.text.strip() for line in every(each, "AddtlInf") if line.text
        )
        told = plain(": ".join(part for part in (code, words) if part), REASON_CHARACTERS)
        if told:
            return Verdict(reference, part, status, code, told)
    return Verdict(reference, part, status, None, None)
