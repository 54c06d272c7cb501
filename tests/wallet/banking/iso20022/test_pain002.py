"""Status reports: paid, failed, under way."""

import pytest

from wallet.banking.iso20022 import pain002
from wallet.banking.iso20022.documents import PAIN_002, BadDocument

HEAD = "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-01-05T09:00:00Z</CreDtTm></GrpHdr>"


def a_report(payments="", group=""):
    body = (
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>1QGDF9BM0K00</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>"
    )
    if payments:
        part = "<OrgnlPmtInfId>1QGDF9BM0K00-KES</OrgnlPmtInfId>"
        body += f"<OrgnlPmtInfAndSts>{part}{payments}</OrgnlPmtInfAndSts>"
    raw = f'<Document xmlns="{PAIN_002}"><CstmrPmtStsRpt>{HEAD}{body}</CstmrPmtStsRpt></Document>'
    return pain002.read(raw.encode())


def a_payment(status="ACSC", reason="", reference="1QGDF9BM0K7J"):
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>"
        f"<TxSts>{status}</TxSts>{reason}</TxInfAndSts>"
    )


def because(code, words=""):
    told = f"<AddtlInf>{words}</AddtlInf>" if words else ""
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn>{told}</StsRsnInf>"


def only(report):
    (verdict,) = report.verdicts
    return verdict


@pytest.mark.parametrize("status", ["ACSC", "ACCC"])
def test_settled_means_paid(status):
    found = only(a_report(a_payment(status)))
    assert (found.reference, found.is_paid, found.has_failed) == ("1QGDF9BM0K7J", True, False)


def test_rejected_means_failed_with_its_reason_in_words():
    found = only(a_report(a_payment("RJCT", because("AC04"))))
    assert found.has_failed
    assert found.reason == "AC04: the account is closed"


def test_a_reason_we_have_no_words_for_is_told_in_the_bank_s():
    found = only(a_report(a_payment("RJCT", because("XT99", "Ask thé branch"))))
    assert found.reason == "XT99: Ask the branch"


@pytest.mark.parametrize("status", ["PDNG", "ACTC", "ACSP", "ACCP", "RCVD", "WHAT"])
def test_every_other_status_means_that_the_bank_has_it(status):
    assert not only(a_report(a_payment(status))).is_final


@pytest.mark.parametrize("code", ["AM05", "DUPL"])
def test_a_rejected_duplicate_is_no_failure(code):
    assert not only(a_report(a_payment("RJCT", because(code)))).is_final


def test_a_report_names_the_file_it_answers():
    report = a_report(group="<GrpSts>RJCT</GrpSts>")
    assert (report.message, report.answers) == ("R1", "1QGDF9BM0K00")
    assert only(report).reference is None


def test_a_part_s_status_is_its_payments_where_they_have_none():
    payment = a_payment().replace("<TxSts>ACSC</TxSts>", "")
    found = a_report("<PmtInfSts>RJCT</PmtInfSts>" + payment).verdicts
    assert [(each.reference, each.part, each.has_failed) for each in found] == [
        (None, "1QGDF9BM0K00-KES", True),
        ("1QGDF9BM0K7J", "1QGDF9BM0K00-KES", True),
    ]


def test_a_payment_without_a_reference_refuses_the_report():
    with pytest.raises(BadDocument, match="reference"):
        a_report(a_payment().replace("OrgnlEndToEndId", "StsId"))
