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
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from wallet.banking.intake import REFUSED, TAKEN
from wallet.banking.iso20022.documents import CAMT_053, PAIN_002, BadDocument, read_pain_001, render
from wallet.banking.order_files import IN, ORDER, OUT, write_file

if TYPE_CHECKING:
    from pyiso20022.pain import pain_001_001_09 as pain

log = logging.getLogger(__name__)

REPORT: Final = ".pain002.xml"
STATEMENT: Final = ".camt053.xml"
LOCK: Final = ".bank"
Place = tuple[str, str]  # an account's number, and a currency
BEGINS_WITH: Final = Decimal(1_000_000_000)


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
            order = read_pain_001(path.read_bytes()).cstmr_cdt_trf_initn
        except BadDocument as error:  # the others are answered all the same
            log.warning("the bank cannot read %s: %s", path.name, error)
            return 0
        made_at = order.grp_hdr.cre_dt_tm.to_datetime()
        written = 0
        if REPORT in missing and now >= made_at + self.REPORTS_AFTER:
            self._write(name + REPORT, _report(order, now))
            written += 1
        if STATEMENT in missing and now >= made_at + self.STATES_AFTER:
            self._write(name + STATEMENT, _statement(order, now, self._left()))
            written += 1
        return written

    def _left(self) -> Mapping[Place, Decimal]:
        """Return what the statements so far have left."""
        left: defaultdict[Place, Decimal] = defaultdict(lambda: BEGINS_WITH)
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


def _has_account(transfer: pain.CreditTransferTransaction34) -> bool:
    assert transfer.cdtr_acct is not None, "we write one"
    id_ = transfer.cdtr_acct.id
    return not (id_.iban or id_.othr.id).endswith("0000")


@cache  # an order's file stays as it is
def _paid_by(path: Path) -> Mapping[Place, Decimal]:
    order = read_pain_001(path.read_bytes()).cstmr_cdt_trf_initn
    return {_place(part): _total(part) for part in order.pmt_inf}  # one for each currency


def _place(part: Any) -> Place:  # noqa: ANN401 -- the library's classes
    account = part.dbtr_acct.id
    return account.iban or account.othr.id, part.dbtr_acct.ccy


def _total(part: Any) -> Decimal:  # noqa: ANN401 -- likewise
    paid = (each.amt.instd_amt.value for each in part.cdt_trf_tx_inf if _has_account(each))
    return sum(paid, Decimal(0))


def _report(order: pain.CustomerCreditTransferInitiationV09, now: datetime) -> bytes:
    from pyiso20022.pain import pain_002_001_10 as report
    from xsdata.models.datatype import XmlDateTime

    def said(transfer: Any) -> Any:  # noqa: ANN401 -- the library's classes
        if _has_account(transfer):
            return report.PaymentTransaction105(
                orgnl_end_to_end_id=transfer.pmt_id.end_to_end_id, tx_sts="ACSC"
            )
        reason = report.StatusReasonInformation12(rsn=report.StatusReason6Choice(cd="AC01"))
        return report.PaymentTransaction105(
            orgnl_end_to_end_id=transfer.pmt_id.end_to_end_id, tx_sts="RJCT", sts_rsn_inf=[reason]
        )

    id_ = order.grp_hdr.msg_id
    answer = report.CustomerPaymentStatusReportV10(
        grp_hdr=report.GroupHeader86(msg_id=f"R-{id_}", cre_dt_tm=XmlDateTime.from_datetime(now)),
        orgnl_grp_inf_and_sts=report.OriginalGroupHeader17(
            orgnl_msg_id=id_, orgnl_msg_nm_id="pain.001.001.09"
        ),
        orgnl_pmt_inf_and_sts=[
            report.OriginalPaymentInstruction32(
                orgnl_pmt_inf_id=part.pmt_inf_id,
                tx_inf_and_sts=[said(each) for each in part.cdt_trf_tx_inf],
            )
            for part in order.pmt_inf
        ],
    )
    return render(report.Document(cstmr_pmt_sts_rpt=answer), PAIN_002)


def _statement(
    order: pain.CustomerCreditTransferInitiationV09, now: datetime, left: Mapping[Place, Decimal]
) -> bytes:
    from pyiso20022.camt import camt_053_001_08 as camt
    from xsdata.models.datatype import XmlDate, XmlDateTime

    id_, today = order.grp_hdr.msg_id, camt.DateAndDateTime2Choice(dt=XmlDate.from_date(now))

    def money(amount: Decimal, currency: str) -> Any:  # noqa: ANN401 -- likewise
        return camt.ActiveOrHistoricCurrencyAndAmount(value=amount, ccy=currency)

    def line(transfer: Any) -> Any:  # noqa: ANN401 -- likewise
        paid = transfer.amt.instd_amt
        refs = camt.TransactionReferences6(end_to_end_id=transfer.pmt_id.end_to_end_id)
        return camt.ReportEntry10(
            amt=money(paid.value, paid.ccy),
            cdt_dbt_ind=camt.CreditDebitCode.DBIT,
            sts=camt.EntryStatus1Choice(cd="BOOK"),
            bookg_dt=today,
            acct_svcr_ref=f"FT{transfer.pmt_id.end_to_end_id}",
            bk_tx_cd=camt.BankTransactionCodeStructure4(
                prtry=camt.ProprietaryBankTransactionCodeStructure1(cd="TRF")
            ),
            ntry_dtls=[camt.EntryDetails9(tx_dtls=[camt.EntryTransaction10(refs=refs)])],
        )

    def balance(kind: str, amount: Decimal, currency: str) -> Any:  # noqa: ANN401 -- likewise
        return camt.CashBalance8(
            tp=camt.BalanceType13(cd_or_prtry=camt.BalanceType10Choice(cd=kind)),
            amt=money(abs(amount), currency),
            cdt_dbt_ind=camt.CreditDebitCode.CRDT if amount >= 0 else camt.CreditDebitCode.DBIT,
            dt=today,
        )

    def statement(part: Any) -> Any:  # noqa: ANN401 -- likewise
        paid = [each for each in part.cdt_trf_tx_inf if _has_account(each)]
        opening = left[_place(part)]
        account, currency = part.dbtr_acct.id, part.dbtr_acct.ccy
        other = account.othr and camt.GenericAccountIdentification1(id=account.othr.id)
        return camt.AccountStatement9(
            id=f"S-{part.pmt_inf_id}",
            acct=camt.CashAccount39(
                id=camt.AccountIdentification4Choice(iban=account.iban, othr=other), ccy=currency
            ),
            bal=[
                balance("OPBD", opening, currency),
                balance("CLBD", opening - _total(part), currency),
            ],
            ntry=[line(each) for each in paid],
        )

    answer = camt.BankToCustomerStatementV08(
        grp_hdr=camt.GroupHeader81(msg_id=f"S-{id_}", cre_dt_tm=XmlDateTime.from_datetime(now)),
        stmt=[statement(part) for part in order.pmt_inf],
    )
    return render(camt.Document(bk_to_cstmr_stmt=answer), CAMT_053)
