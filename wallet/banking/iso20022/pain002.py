"""pain.002.001.10: what a bank says became of the payments of a file, all at once or one by one.

ACSC and ACCC mean paid, RJCT failed; every other status means that the bank has it. What is said
of a payment goes before what is said of its part or its file. A rejected duplicate is no failure:
the first of the two may have been paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from wallet.banking.iso20022.documents import BadDocument, read_pain_002
from wallet.banking.iso20022.letters import plain

if TYPE_CHECKING:
    from pyiso20022.pain import pain_002_001_10 as pain

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


def read(raw: bytes) -> Report:
    """Read a status report. Raises `BadDocument`."""
    said = read_pain_002(raw).cstmr_pmt_sts_rpt
    group = said.orgnl_grp_inf_and_sts
    return Report(said.grp_hdr.msg_id, group.orgnl_msg_id, tuple(_verdicts(said)))


def _verdicts(said: pain.CustomerPaymentStatusReportV10) -> Iterator[Verdict]:
    group = said.orgnl_grp_inf_and_sts
    if group.grp_sts is not None:
        yield _verdict(None, None, group.grp_sts, group.sts_rsn_inf)
    for part in said.orgnl_pmt_inf_and_sts:
        id_ = part.orgnl_pmt_inf_id
        if part.pmt_inf_sts is not None:
            yield _verdict(None, id_, part.pmt_inf_sts, part.sts_rsn_inf)
        for each in part.tx_inf_and_sts:
            status = each.tx_sts or part.pmt_inf_sts or group.grp_sts
            reference = each.orgnl_end_to_end_id or each.orgnl_instr_id
            if status is None or reference is None:
                raise BadDocument("a payment is reported without its reference or its status")
            yield _verdict(reference, id_, status, each.sts_rsn_inf)


def _verdict(reference: str | None, part: str | None, status: str, given: Sequence[Any]) -> Verdict:
    """Return a verdict with the first reason given, in words and with its code."""
    for each in given:
        code = each.rsn and (each.rsn.cd or each.rsn.prtry)
        words = REASONS.get(code or "") or " ".join(each.addtl_inf)
        said = plain(": ".join(part for part in (code, words) if part), REASON_CHARACTERS)
        if said:
            return Verdict(reference, part, status, code, said)
    return Verdict(reference, part, status, None, None)
