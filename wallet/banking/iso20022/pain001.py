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
from typing import TYPE_CHECKING, Any, Final

from wallet.banking.iso20022.documents import PAIN_001, decimal_of, render
from wallet.banking.iso20022.letters import plain
from wallet.money import Money

if TYPE_CHECKING:
    from pyiso20022.pain import pain_001_001_09 as pain

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
    from pyiso20022.pain import pain_001_001_09 as pain
    from xsdata.models.datatype import XmlDateTime

    assert transfers, "a file orders something"
    assert len({each.reference for each in transfers}) == len(transfers), "each payment once"
    ordered = sorted(transfers, key=lambda each: (each.amount.currency, each.reference))
    first = ours[ordered[0].amount.currency]
    order = pain.CustomerCreditTransferInitiationV09(
        grp_hdr=pain.GroupHeader85(
            msg_id=reference,
            cre_dt_tm=XmlDateTime.from_datetime(at.astimezone(UTC).replace(microsecond=0)),
            nb_of_txs=str(len(ordered)),
            ctrl_sum=_sum(ordered),
            initg_pty=pain.PartyIdentification135(nm=plain(first.name, otherwise=NAMELESS)),
        ),
        pmt_inf=[
            _payments(pain, f"{reference}-{currency}", tuple(group), ours[currency], at)
            for currency, group in groupby(ordered, key=lambda each: each.amount.currency)
        ],
    )
    return render(pain.Document(cstmr_cdt_trf_initn=order), PAIN_001)


def is_iban(number: str) -> bool:
    """Tell whether an account number is an IBAN with the right check digits (ISO 13616)."""
    if _IBAN.fullmatch(number) is None:
        return False
    moved = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1


def _payments(
    library: Any,  # noqa: ANN401 -- the library's module, imported late
    id_: str,
    transfers: tuple[Transfer, ...],
    ours: Account,
    at: datetime,
) -> pain.PaymentInstruction30:
    from xsdata.models.datatype import XmlDate

    return library.PaymentInstruction30(
        pmt_inf_id=id_,
        pmt_mtd=library.PaymentMethod3Code.TRF,
        btch_bookg=False,  # so that each has a line on the statement
        nb_of_txs=str(len(transfers)),
        ctrl_sum=_sum(transfers),
        reqd_exctn_dt=library.DateAndDateTime2Choice(dt=XmlDate.from_date(at.astimezone(UTC))),
        dbtr=library.PartyIdentification135(nm=plain(ours.name, otherwise=NAMELESS)),
        dbtr_acct=_account(library, ours.number, transfers[0].amount.currency),
        dbtr_agt=_bank(library, ours.bank),
        chrg_br=library.ChargeBearerType1Code.SLEV,
        cdt_trf_tx_inf=[_transfer(library, each) for each in transfers],
    )


def _transfer(library: Any, each: Transfer) -> pain.CreditTransferTransaction34:  # noqa: ANN401 -- a module imported late
    amount = library.ActiveOrHistoricCurrencyAndAmount(
        value=decimal_of(each.amount), ccy=each.amount.currency
    )
    return library.CreditTransferTransaction34(
        pmt_id=library.PaymentIdentification6(
            instr_id=each.reference, end_to_end_id=each.reference
        ),
        amt=library.AmountType4Choice(instd_amt=amount),
        cdtr_agt=_bank(library, each.to.bank),
        cdtr=library.PartyIdentification135(nm=plain(each.to.name, otherwise=NAMELESS)),
        cdtr_acct=_account(library, each.to.number, None),
        rmt_inf=library.RemittanceInformation16(ustrd=[f"Payout {each.reference}"]),
    )


def _account(library: Any, number: str, currency: str | None) -> pain.CashAccount38:  # noqa: ANN401 -- a module imported late
    compact = number.replace(" ", "").upper()
    if is_iban(compact):
        id_ = library.AccountIdentification4Choice(iban=compact)
    else:
        id_ = library.AccountIdentification4Choice(
            othr=library.GenericAccountIdentification1(id=plain(number, 34))
        )
    return library.CashAccount38(id=id_, ccy=currency)


def _bank(
    library: Any,  # noqa: ANN401 -- a module imported late
    code: str,
) -> pain.BranchAndFinancialInstitutionIdentification6:
    if _BIC.fullmatch(code):
        institution = library.FinancialInstitutionIdentification18(bicfi=code)
    else:
        institution = library.FinancialInstitutionIdentification18(
            clr_sys_mmb_id=library.ClearingSystemMemberIdentification2(mmb_id=plain(code, 35))
        )
    return library.BranchAndFinancialInstitutionIdentification6(fin_instn_id=institution)


def _sum(transfers: Sequence[Transfer]) -> Decimal:
    """Add what is written, as the standard has it: whatever the currencies."""
    return sum((decimal_of(each.amount) for each in transfers), Decimal(0))
