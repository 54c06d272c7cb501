"""Status reports: paid, failed, under way."""

from pathlib import Path

import pytest

from tests.wallet.banking.iso20022.oracle import by_schema
from wallet.banking.iso20022 import pain002
from wallet.banking.iso20022.documents import PAIN_002, STANDARD, BadDocument, parse

SAMPLES = Path(__file__).parent.parent / "samples"
HEAD = "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-01-05T09:00:00Z</CreDtTm></GrpHdr>"


def a_report(payments="", group=""):
    body = (
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>1QGDF9BM0K00</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>"
    )
    if payments:
        part = "<OrgnlPmtInfId>1QGDF9BM0K00-KES</OrgnlPmtInfId>"
        body += f"<OrgnlPmtInfAndSts>{part}{payments}</OrgnlPmtInfAndSts>"
    report = f"<CstmrPmtStsRpt>{HEAD}{body}</CstmrPmtStsRpt>"
    raw = f'<Document xmlns="{STANDARD}{PAIN_002}">{report}</Document>'
    return pain002.read(parse(raw.encode()))


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


@pytest.mark.parametrize("version", range(3, 15))
def test_every_version_is_read_alike(version):
    raw = (SAMPLES / "pain002-v03.xml").read_bytes()
    raw = raw.replace(b"pain.002.001.03", b"pain.002.001.%02d" % version)
    if version in {3, 14}:
        assert by_schema(raw)
    report = pain002.read(parse(raw))
    assert (report.message, report.answers) == ("R1", "B1")
    of_group, of_payment = report.verdicts
    assert (of_group.status, of_group.is_final) == ("PART", False)
    assert (of_payment.reference, of_payment.status, of_payment.code) == ("P1", "RJCT", "AC01")


def test_a_report_that_does_not_name_what_it_answers_is_refused():
    raw = (SAMPLES / "pain002-v03.xml").read_bytes()
    with pytest.raises(BadDocument, match="has no OrgnlGrpInfAndSts/OrgnlMsgId"):
        pain002.read(parse(raw.replace(b"<OrgnlMsgId>B1</OrgnlMsgId>", b"")))
