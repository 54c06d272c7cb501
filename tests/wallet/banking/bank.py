"""Files as a bank writes them: statements (camt.053) and status reports (pain.002)."""

from decimal import Decimal

from wallet.banking.iso20022.documents import CAMT_053, PAIN_002, STANDARD

DAY = "2026-01-05"


def details(amount, reference, own="", reason=""):
    """One payment below an entry."""
    own = f"<AcctSvcrRef>{own}</AcctSvcrRef>" if own else ""
    return (
        f"<TxDtls><Refs>{own}<EndToEndId>{reference}</EndToEndId></Refs>{signed(amount)}"
        f"{reason}</TxDtls>"
    )


def signed(amount, currency="KES"):
    """An amount and which way it went."""
    indicator = "DBIT" if amount.startswith("-") else "CRDT"
    return f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>'


def a_line(
    amount="-250.00",
    own="B1",
    reference=None,
    *,
    status="BOOK",
    currency="KES",
    below=None,
    reversal=False,
    told="",
):
    """One entry; `own` is the bank's reference for it, `reference` ours."""
    inside = details(amount, reference) if reference and below is None else below or ""
    known_as = f"<AcctSvcrRef>{own}</AcctSvcrRef>" if own else ""
    told = f"<AddtlNtryInf>{told}</AddtlNtryInf>" if told else ""
    return (
        f"<Ntry>{signed(amount, currency)}"
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}"
        f"<Sts><Cd>{status}</Cd></Sts><BookgDt><Dt>{DAY}</Dt></BookgDt>{known_as}"
        f"<BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>"
        f"{f'<NtryDtls>{inside}</NtryDtls>' if inside else ''}{told}</Ntry>"
    )


def a_statement(
    *lines,
    id_="S1",
    account="TRUST",
    currency="KES",
    account_currency=None,
    opening="1000.00",
    closing="",
):
    """A file with one statement; `closing` adds up unless it is given, None leaves it out."""
    if closing == "":
        moved = sum(map(moved_by, lines), Decimal(opening))
        closing = str(moved)
    said = f"<Ccy>{account_currency}</Ccy>" if account_currency else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{STANDARD}{CAMT_053}">'
        "<BkToCstmrStmt>"
        f"<GrpHdr><MsgId>M-{id_}</MsgId><CreDtTm>{DAY}T20:00:00Z</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{id_}</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id>{said}</Acct>"
        f"{balance('OPBD', opening, currency)}{balance('CLBD', closing, currency)}"
        f"{''.join(lines)}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def in_one_file(*files):
    """The statements of several files in one."""
    begin, end = b"<Stmt>", b"</Stmt>"
    said = [raw[raw.index(begin) : raw.index(end) + len(end)] for raw in files]
    return files[0].replace(said[0], b"".join(said))


def balance(kind, amount, currency):
    if amount is None:
        return ""
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{signed(amount, currency)}"
        f"<Dt><Dt>{DAY}</Dt></Dt></Bal>"
    )


def moved_by(line):
    """What an entry adds to the balance."""
    if "<Cd>BOOK</Cd>" not in line:
        return Decimal(0)
    amount = Decimal(line.partition("<Amt ")[2].partition(">")[2].partition("<")[0])
    indicator = line.partition("<CdtDbtInd>")[2][:4]
    return -amount if indicator == "DBIT" else amount


def a_report(batch, *payments, id_="R1", group=""):
    """A status report on a file of ours."""
    status = f"<GrpSts>{group}</GrpSts>" if group else ""
    part = (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{batch}-KES</OrgnlPmtInfId>{''.join(payments)}"
        "</OrgnlPmtInfAndSts>"
        if payments
        else ""
    )
    return (
        f'<Document xmlns="{STANDARD}{PAIN_002}"><CstmrPmtStsRpt><GrpHdr><MsgId>{id_}</MsgId>'
        f"<CreDtTm>{DAY}T09:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{batch}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{status}"
        f"</OrgnlGrpInfAndSts>{part}</CstmrPmtStsRpt></Document>"
    ).encode()


def answered(reference, status="ACSC", code=""):
    """What a report says of one payment."""
    reason = f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{reason}</TxInfAndSts>"
    )
