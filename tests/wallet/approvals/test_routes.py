"""Four eyes over HTTP: a reversal asked for by one of the staff, approved by another."""

from uuid import uuid4

import pytest

from tests.village import Cases, kes, ref


@pytest.fixture
def staff(village):
    people = (village.operator("Neema"), village.operator("Otieno"))
    return [village.as_(each, "consumer", "operator") for each in people]


@pytest.fixture
def sent(village):
    sender, receiver = village.person(balance=500_00), village.person()
    return sender, receiver, ref(village.id_in(village.send(sender, receiver, 100_00)))


def ask(staff, what, **changes):
    body = {"original": what, "reason": "wrong number", **changes}
    return staff.post("/v1/reversals", body, key=uuid4())


def test_one_asks_and_another_approves(village, staff, sent):
    sender, receiver, original = sent
    asked = ask(staff[0], original)
    assert (asked.status_code, asked.json["approval_state"]) == (201, "waiting")
    path = f"/v1/approvals/{asked.json['approval']}"
    seen = staff[1].get(path).json
    assert (seen["act"], seen["asked_by"], seen["state"]) == ("reverse", "Neema", "waiting")
    assert seen["arguments"]["original_id"] == original
    done = staff[1].post(f"{path}/approvals", {}, key=uuid4())
    assert (done.status_code, done.json["original"]) == (201, original)
    assert done.json["amount"] == kes("100.00")
    assert (village.balance(sender), village.balance(receiver)) == (500_00, 0)
    after = staff[0].get(path).json
    assert (after["state"], after["decided_by"]) == ("approved", "Otieno")
    assert after["posting"] == done.json["reference"]


def test_the_asker_s_own_approval_changes_nothing(village, staff, sent):
    path = f"/v1/approvals/{ask(staff[0], sent[2]).json['approval']}"
    with village.unchanged():
        answer = staff[0].post(f"{path}/approvals", {}, key=uuid4())
    assert (answer.status_code, answer.json["code"]) == (403, "approval_by_asker")


def test_a_declined_one_is_listed_with_its_reason_and_not_done(village, staff, sent):
    path = f"/v1/approvals/{ask(staff[0], sent[2]).json['approval']}"
    declined = staff[1].post(f"{path}/declines", {"reason": "it was theirs"}, key=uuid4())
    assert (declined.status_code, declined.json["approval_state"]) == (201, "declined")
    (listed,) = staff[0].get("/v1/approvals?state=declined").json["items"]
    assert listed["decline_reason"] == "it was theirs"
    assert staff[0].get("/v1/approvals?state=waiting").json["items"] == []
    late = staff[1].post(f"{path}/approvals", {}, key=uuid4())
    assert (late.status_code, late.json["code"], late.json["state"]) == (
        409, "approval_decided", "declined",
    )  # fmt: skip


def test_a_bad_reversal_is_refused_and_changes_nothing(village, staff, sent):
    shop, payer = village.merchant(), village.person(balance=500_00)
    held = ref(village.hold(payer, shop, 50_00))
    cases: Cases = (
        ({"original": "000000000001"}, "not_found"),
        ({"original": "x"}, "format_error"),
        ({"original": held}, "not_reversible"),
        ({"reason": ""}, "format_error"),
        ({"tip": 1}, "format_error"),
    )
    with village.unchanged():
        for changes, code in cases:
            answer = ask(staff[0], sent[2], **changes)
            assert (changes, answer.json["code"]) == (changes, code)


def test_an_approval_that_is_not_there_is_not_found(staff):
    for method, path in (("GET", ""), ("POST", "/approvals"), ("POST", "/declines")):
        body = {"": None, "/approvals": {}, "/declines": {"reason": "no"}}[path]
        answer = staff[0].call(method, f"/v1/approvals/000000000001{path}", body, key=uuid4())
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_the_list_refuses_a_state_it_does_not_know(staff):
    answer = staff[0].get("/v1/approvals?state=maybe")
    assert (answer.status_code, answer.json["code"]) == (422, "format_error")


def test_a_missing_receiver_s_money_is_told_in_full(village, staff, sent):
    village.send(sent[1], village.person(), 60_00)
    answer = ask(staff[0], sent[2])
    assert (answer.status_code, answer.json["code"]) == (409, "receiver_lacks_funds")
    assert answer.json["missing"] == "60.00"
