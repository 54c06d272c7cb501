"""/v1/bank: the bank's files come in, what fits nothing waits, and a person resolves it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from tests.village import kes
from tests.wallet.banking.bank import a_line, a_report, a_statement, answered
from wallet.banking.intake import Intake
from wallet.banking.order_files import accounts_of
from wallet.banking.reconcile import Reconciler
from wallet.banking.uploads import take_uploads
from wallet.clock import id_of, reference
from wallet.web.bodies import MAX_BYTES

SAMPLES = Path(__file__).parent / "samples"
PAYOUT = 300_00


@pytest.fixture
def operator(village):
    return village.as_(village.operator(), "operator")


@pytest.fixture
def shop(village):
    shop = village.merchant("Mary", period_s=0)
    village.pay(village.person(balance=900_00), shop, 500_00)
    return shop


@pytest.fixture
def payout(village, shop):
    """One that the bank has, by its reference."""
    payout = village.id_in(village.payout(shop, PAYOUT))
    village.payout_sent(payout)
    return reference(payout)


def upload(operator, raw, mimetype="application/xml"):
    return operator.post("/v1/bank/files", data=raw, content_type=mimetype)


def approve(operator, uploaded):
    return operator.post(f"/v1/approvals/{uploaded.json['approval']}/approvals", {}, key=uuid4())


@pytest.fixture
def other(village):
    """Another of the staff."""
    return village.as_(village.operator(), "operator")


@pytest.fixture
def work(village):
    """What a worker does of it."""
    service = village.service
    intake = Intake(service.engine, service.ids, accounts_of(service.settings))

    def work():
        taken = take_uploads(intake, village.now)
        Reconciler(service.engine, service.poster, service.ids).finish(village.now)
        return taken

    return work


@pytest.fixture
def bring(operator, other, work):
    """Upload a file and have another approve it."""

    def bring(raw):
        answer = upload(operator, raw)
        assert answer.status_code == 201, answer.json
        approved = approve(other, answer)
        assert approved.status_code == 201, approved.get_data()
        assert work() == 1
        return answer

    return bring


def waiting(operator):
    """What waits, but for what the account begins with: the village's books have another."""
    found = operator.get("/v1/bank/exceptions").json["items"]
    return [each for each in found if each["reason"] != "opening_differs"]


def resolve(operator, exception, **body):
    path = f"/v1/bank/exceptions/{exception['id']}/resolutions"
    return operator.post(path, {"note": "Asked the bank.", **body})


def test_a_long_statement_is_taken_whole(bring):
    lines = [a_line("-1.00", f"B{number}", told="Charge") for number in range(300)]
    raw = a_statement(*lines)
    assert len(raw) > MAX_BYTES  # of any other body
    assert bring(raw).json["lines"] == 300


def test_a_statement_reconciles_and_is_shown(village, operator, bring, shop, payout):
    raw = a_statement(a_line("-300.00", "B1", payout), a_line("-1.00", "B2", told="Charge"))
    answer = bring(raw)
    assert (answer.json["message"], answer.json["lines"]) == ("camt.053.001.08", 2)
    seen = village.as_(shop).get(f"/v1/payouts/{payout}").json
    assert seen["state"] == "paid"
    (statement,) = operator.get("/v1/bank/statements").json["items"]
    assert (statement["name"], statement["closing"]) == ("S1", kes("699.00"))
    assert (statement["line_count"], statement["matched_count"]) == (2, 1)
    (paid,) = operator.get("/v1/bank/payouts?reconciled=true").json["items"]
    assert (paid["id"], paid["statement"]) == (payout, "S1")
    assert paid["reconciled_at"] is not None
    (left,) = waiting(operator)
    assert (left["reason"], left["told"]) == ("unknown_reference", "Charge")
    assert left["amount"] == kes("-1.00")


def test_what_no_statement_shows_yet_can_be_asked_for(village, operator, bring, payout):
    village.settle(id_of(payout), paid=True)

    def seen(query):
        return [each["id"] for each in operator.get(f"/v1/bank/payouts{query}").json["items"]]

    assert [seen(""), seen("?reconciled=false"), seen("?reconciled=true")] == [[payout]] * 2 + [[]]
    bring(a_statement(a_line("-300.00", "B1", payout)))
    assert [seen(""), seen("?reconciled=false"), seen("?reconciled=true")] == [
        [payout], [], [payout],
    ]  # fmt: skip


def test_a_file_uploaded_again_changes_nothing(village, operator, bring, payout):
    raw = a_statement(a_line("-300.00", "B1", payout))
    first = bring(raw)
    with village.unchanged():
        again = upload(operator, raw)
    assert (again.status_code, again.json["is_new"]) == (200, False)
    assert again.json["id"] == first.json["id"]


def test_a_report_settles(village, bring, shop, payout):
    answer = bring(a_report("1QGDF9BM0K00", answered(payout, "RJCT", "AC04")))
    assert answer.json["answers"] == 1
    assert answer.json["told"] == ["report R1 on 1QGDF9BM0K00: 0 paid, 1 failed, 0 others"]
    seen = village.as_(shop).get(f"/v1/payouts/{payout}").json
    assert (seen["state"], seen["failure"]) == ("failed", "AC04: the account is closed")


BAD_FILES = (
    (b"rubbish", "not whole XML"),
    (a_statement(a_line())[:400], "not whole XML"),
    (a_statement(a_line(), account="OTHER"), "not of our account"),
    (a_statement(a_line(currency="USD"), closing="750.00"), "another currency"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]>' + a_statement()[40:], "document type"),
)


def test_a_bad_file_is_refused_whole_and_says_why(village, operator, payout):
    with village.unchanged():
        answers = [(upload(operator, raw), why) for raw, why in BAD_FILES]
    for answer, why in answers:
        assert (answer.status_code, answer.json["code"]) == (422, "bank_file_refused")
        assert why in answer.json["reason"]


@pytest.mark.fault(
    "A statement with a gap before it",
    "`statement_gap`; in the folder, put aside and shown",
)
def test_a_statement_with_a_gap_before_it_is_refused_whole_and_told_both(
    village, operator, bring, payout
):
    bring(a_statement(a_line("-1.00", "B1")))
    forged = a_statement(a_line("-300.00", "B2", payout), id_="S2", opening="1000.00")
    with village.unchanged():
        answer = upload(operator, forged)
    assert (answer.status_code, answer.json["code"]) == (422, "statement_gap")
    assert (answer.json["expected"], answer.json["found"]) == ("999.00", "1000.00")
    assert answer.json["reason"].startswith("statement S2 does not open with what S1 closed with")
    honest = a_statement(a_line("-300.00", "B2", payout), id_="S2", opening="999.00")
    bring(honest)


@pytest.mark.fault("A statement whose lines do not make its closing", "`statement_gap`")
def test_a_statement_that_does_not_make_its_closing_is_refused_and_told_both(
    village, operator, payout
):
    with village.unchanged():
        answer = upload(operator, a_statement(a_line("-300.00", "B1", payout), closing="701.00"))
    assert (answer.status_code, answer.json["code"]) == (422, "statement_gap")
    assert (answer.json["expected"], answer.json["found"]) == ("700.00", "701.00")


@pytest.mark.fault("A statement that comes again after others", "known, nothing changes")
def test_a_statement_uploaded_again_is_known_though_another_came_since(village, operator, bring):
    raw = a_statement(a_line("-1.00", "B1"))
    first = bring(raw)
    bring(a_statement(id_="S2", opening="999.00"))
    with village.unchanged():
        again = upload(operator, raw)
    assert (again.status_code, again.json["id"]) == (200, first.json["id"])


def test_a_file_of_another_type_or_too_large_is_not_read(operator, monkeypatch):
    assert upload(operator, b"{}", "application/json").json["code"] == "unsupported_media_type"
    monkeypatch.setattr("wallet.banking.routes.MAX_BYTES", 100)
    assert upload(operator, b" " * 200).json["code"] == "body_too_large"


def test_a_line_linked_to_its_payout_acts_as_if_it_had_borne_its_reference(
    village, operator, bring, shop, payout
):
    bring(a_statement(a_line("-300.00", "B1", "GARBLED")))
    (left,) = waiting(operator)
    answer = resolve(operator, left, payout=payout)
    assert (answer.status_code, answer.json["resolution"]) == (201, "linked")
    assert answer.json["payout"] == payout
    assert village.as_(shop).get(f"/v1/payouts/{payout}").json["state"] == "paid"
    assert waiting(operator) == []
    with village.unchanged():
        assert resolve(operator, left, payout=payout).json == answer.json


def test_a_line_that_does_not_show_the_payout_is_not_linked(village, operator, bring, payout):
    lines = a_line("-299.00", "B1", "GARBLED"), a_line("300.00", "B2", "GARBLED")
    bring(a_statement(*lines))
    with village.unchanged():
        answers = [resolve(operator, each, payout=payout) for each in waiting(operator)]
    assert {each.json["code"] for each in answers} == {"incorrect_state"}
    assert [each.json["reason"] for each in answers] == ["returned_unpaid", "amount_differs"]


def test_nobody_links_a_line_to_a_payout_of_their_own(village, operator, bring, shop, payout):
    """Else a stranger's money that came without a reference could be had for a payout's return."""
    bring(a_statement(a_line("-300.00", "B1", payout), a_line("300.00", "B2", "GARBLED")))
    (left,) = waiting(operator)
    village.owner_sql("INSERT INTO operators (holder_id) VALUES (:id)", id=shop.id)
    with village.unchanged():
        answer = resolve(village.as_(shop, "operator"), left, payout=payout)
    assert (answer.status_code, answer.json["code"]) == (403, "own_transaction")


def test_an_exception_is_resolved_by_a_note_once(village, operator, bring):
    bring(a_statement(a_line("-1.00", "B1")))
    (left,) = waiting(operator)
    answer = resolve(operator, left)
    assert (answer.json["resolution"], answer.json["note"]) == ("noted", "Asked the bank.")
    assert resolve(operator, left, note="Something else.").json["code"] == "incorrect_state"
    kept = operator.get("/v1/bank/exceptions?state=all").json["items"]
    assert kept[0] == answer.json


def test_only_a_line_can_be_linked(operator, bring, payout):
    bring(a_report("1QGDF9BM0K00", answered("1QGDF9BM0K7J")))
    (left,) = waiting(operator)
    assert resolve(operator, left, payout=payout).json["reason"] == "not_a_line"


def test_an_exception_that_is_not_there_is_not_found(operator):
    assert resolve(operator, {"id": "1QGDF9BM0K7J"}).json["code"] == "not_found"
    answer = operator.get("/v1/bank/exceptions/1QGDF9BM0K7J")
    assert answer.json["code"] == "not_found"


def test_a_resolution_without_a_word_is_refused(village, operator, bring):
    bring(a_statement(a_line("-1.00", "B1")))
    (left,) = waiting(operator)
    bad = ({"note": ""}, {"note": " "}, {"note": "a" * 201}, {"payout": "x"})
    with village.unchanged():
        codes = {resolve(operator, left, **body).json["code"] for body in bad}
    assert codes == {"format_error"}


def test_pages_go_on_where_the_last_one_ended(operator, bring):
    bring(a_statement(*(a_line("-1.00", f"B{n}") for n in range(3))))
    first = operator.get("/v1/bank/exceptions?limit=2").json
    rest = operator.get(f"/v1/bank/exceptions?limit=2&before={first['next']}").json
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (2, 2, None)


# Four eyes ---------------------------------------------------------------------------------------


def approval_of(operator, uploaded):
    return operator.get(f"/v1/approvals/{uploaded.json['approval']}").json


@pytest.mark.rule(
    "A bank's file that one of the staff uploads leads to nothing until another approves."
)
def test_an_upload_leads_to_nothing_until_another_of_the_staff_approves(
    village, operator, other, work, shop, payout
):
    answer = upload(operator, a_statement(a_line("-300.00", "B1", payout)))
    assert (answer.status_code, answer.json["approval_state"]) == (201, "waiting")
    assert (answer.json["statements"], answer.json["lines"]) == (1, 1)
    assert (work(), village.sql("SELECT FROM bank_files")) == (0, [])
    refused = approve(operator, answer)
    assert (refused.status_code, refused.json["code"]) == (403, "approval_by_asker")
    assert village.as_(shop).get(f"/v1/payouts/{payout}").json["state"] == "sent"
    done = approve(other, answer)
    assert (done.status_code, done.json["file"]) == (201, answer.json["id"])
    assert (work(), work()) == (1, 0)
    assert village.as_(shop).get(f"/v1/payouts/{payout}").json["state"] == "paid"
    assert operator.get("/v1/bank/statements").json["items"][0]["file"] == "upload.xml"


def test_who_approves_sees_which_file_what_it_brings_and_what_an_account_begins_with(
    operator, other, bring
):
    answer = upload(operator, (SAMPLES / "two-accounts.xml").read_bytes())
    waiting = approval_of(other, answer)
    assert (waiting["act"], waiting["arguments"]["file_id"]) == (
        "take_bank_file",
        answer.json["id"],
    )
    first, left_out = waiting["arguments"]["told"]
    assert first.startswith(
        "statement U1 of TRUST: KES 1.00 to KES 2.00, 1 new lines; its account's first: the books"
    )
    assert left_out == "statement U2 is not of our account: it is of PETTYCASH"
    assert answer.json["told"] == [first, left_out]


def test_an_upload_that_waits_is_uploaded_once(village, operator, other, work):
    raw = a_statement(a_line("-1.00", "B1"))
    first = upload(operator, raw)
    for each in (operator, other):
        with village.unchanged():
            again = upload(each, raw)
        assert (again.status_code, again.json["is_new"]) == (200, False)
        assert (again.json["id"], again.json["approval"]) == (
            first.json["id"],
            first.json["approval"],
        )


def test_uploaded_twice_in_the_same_instant_it_waits_once(village, operator, other):
    raw = a_statement(a_line("-1.00", "B1"))
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda each: upload(each, raw), (operator, other)))
    assert sorted(each.status_code for each in answers) == [200, 201]
    assert len({each.json["approval"] for each in answers}) == 1
    assert len(village.sql("SELECT FROM approvals")) == 1


def test_a_declined_upload_is_forgotten_and_may_come_again(operator, other, work):
    raw = a_statement(a_line("-1.00", "B1"))
    first = upload(operator, raw)
    reason = {"reason": "The bank's site shows another balance"}
    other.post(f"/v1/approvals/{first.json['approval']}/declines", reason, key=uuid4())
    second = upload(operator, raw)
    assert second.status_code == 201
    assert second.json["approval"] != first.json["approval"]
    other.post(f"/v1/approvals/{second.json['approval']}/declines", reason, key=uuid4())
    assert work() == 0
    third = upload(operator, raw)
    approve(other, third)
    assert work() == 1


def test_uploads_may_be_approved_in_any_order_and_are_taken_in_theirs(operator, other, work):
    """The second continues what only waits: it is not refused for that, and waits for it."""
    first = upload(operator, a_statement(a_line("-1.00", "B1")))
    second = upload(operator, a_statement(a_line("-2.00", "B2"), id_="S2", opening="999.00"))
    assert second.status_code == 201, second.json
    approve(other, second)
    alone = work()
    approve(other, first)
    assert (alone, work()) == (0, 2)
    shown = operator.get("/v1/bank/statements").json["items"]
    assert [each["name"] for each in shown] == ["S2", "S1"]


def test_an_approved_upload_that_fits_no_more_is_refused_and_shown(village, operator, other, work):
    one = upload(operator, a_statement(a_line("-1.00", "B1")))
    approve(other, one)
    work()
    late = upload(operator, a_statement(a_line("-2.00", "B2"), id_="S2", opening="999.00"))
    overtaken = a_statement(a_line("-3.00", "B3"), id_="S3", opening="999.00")
    intake = Intake(
        village.service.engine, village.service.ids, accounts_of(village.service.settings)
    )
    intake.take("from the bank.xml", overtaken, village.now)
    approve(other, late)
    assert work() == 1
    (refused,) = (each for each in waiting(operator) if each["reason"] == "file_refused")
    assert refused["refusal"].startswith("statement S2 does not open with what S3 closed with")
