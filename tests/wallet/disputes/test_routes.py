"""/v1/disputes: the disputed part of a held payment, from raising it to the split."""

from uuid import uuid4

import pytest

from tests.village import Cases, kes, money, ref
from tests.wallet.bulk import lists
from wallet.clock import id_of
from wallet.markets import MARKETS

KEY = uuid4()
PIN = {"pin": "7294"}
TERMS = MARKETS["KE"].disputes
DAMAGED = {"reason_code": "damaged", **PIN}
SPLIT = {"to_payee": kes("60.00"), "to_payer": kes("40.00")}
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.fixture
def anna(village):
    return village.person("Anna", balance=1_000_00)


@pytest.fixture
def shop(village):
    return village.merchant("Mary", period_s=7 * 86_400)


@pytest.fixture
def neema(village):
    return village.operator("Neema")


@pytest.fixture
def held(village, anna, shop):
    """The reference of 250.00 of Anna's, held for the shop."""
    return ref(village.hold(anna, shop, 250_00))


@pytest.fixture
def disputed(village, anna, held):
    """The reference of Anna's dispute over 100.00 of it."""
    body = {"amount": kes("100.00"), **DAMAGED}
    return post(village, anna, f"contracts/{held}/disputes", body).json["dispute"]


def post(village, someone, path, body=None, key=None, *roles):
    return village.as_(someone, *roles).post(
        f"/v1/{path}", PIN if body is None else body, key=key or uuid4()
    )


def answer(village, someone, disputed, **body):
    return post(village, someone, f"disputes/{disputed}/answers", {**body, **PIN})


def accept(village, someone, disputed, **split):
    return post(village, someone, f"disputes/{disputed}/acceptances", {**(split or SPLIT), **PIN})


def decide(village, someone, disputed, key=None, **split):
    body = {**(split or SPLIT), "reason": "one bag of two was wet"}
    return post(village, someone, f"disputes/{disputed}/decisions", body, key, "operator")


def seen(village, someone, disputed, *roles):
    return village.as_(someone, *roles).get(f"/v1/disputes/{disputed}").json


def escalate(village, anna, shop, disputed):
    """Both speak, and let the period end."""
    answer(village, shop, disputed, act="contest")
    answer(village, anna, disputed, act="contest")
    village.service.clock.advance(TERMS.period_s)


def test_a_payer_disputes_a_part_and_both_see_it(village, anna, shop, held):
    proof = {"reference": "photos/wet.jpg", "sha256": HASH}
    body = {"amount": kes("100.00"), "text": "wet", "attachments": [proof], **DAMAGED}
    raised = post(village, anna, f"contracts/{held}/disputes", body)
    assert (raised.status_code, raised.json["state"]) == (201, "raised")
    for party in (anna, shop):
        found = seen(village, party, raised.json["dispute"])
        assert (found["contract"], found["payer"], found["payee"]) == (held, "Anna", "Duka Mary")
        assert (found["reason_code"], found["text"]) == ("damaged", "wet")
        assert found["attachments"] == [proof]
        assert (found["amount"], found["open"]) == (kes("100.00"), kes("100.00"))
        assert found["due_at"] == "2026-01-08T09:00:00+00:00"
        (listed,) = village.as_(party).get(f"/v1/contracts/{held}/disputes").json["items"]
        assert listed == found
    contract = village.as_(anna).get(f"/v1/contracts/{held}").json
    assert (contract["held"], contract["disputed"]) == (kes("250.00"), kes("100.00"))


def test_a_proposal_accepted_by_its_amounts_moves_the_money_at_once(
    village, anna, shop, held, disputed
):
    offered = answer(village, shop, disputed, act="propose", **SPLIT)
    assert (offered.status_code, offered.json["to_payer"]) == (201, kes("40.00"))
    assert seen(village, anna, disputed)["proposals"] == {"payer": None, "payee": SPLIT}
    agreed = accept(village, anna, disputed)
    assert (agreed.status_code, agreed.json["outcome"]) == (201, "agreed")
    assert (village.balance(anna), village.balance(shop, "settlement")) == (790_00, 60_00)
    found = seen(village, shop, disputed)
    assert (found["state"], found["released"], found["returned"]) == (
        "closed", kes("60.00"), kes("40.00"),
    )  # fmt: skip


def test_one_key_answers_once(village, anna, shop, disputed):
    body = {"act": "concede", "amount": kes("10.00"), **PIN}
    first = post(village, shop, f"disputes/{disputed}/answers", body, KEY)
    with village.unchanged():
        again = post(village, shop, f"disputes/{disputed}/answers", body, KEY)
        other = post(village, shop, f"disputes/{disputed}/answers", {**PIN, "act": "contest"}, KEY)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert other.json["code"] == "key_reused"


def test_to_a_stranger_there_is_no_dispute(village, anna, held, disputed):
    eve = village.person("Eve")
    with village.unchanged():
        answers = [
            village.as_(eve).get(f"/v1/disputes/{disputed}"),
            answer(village, eve, disputed, act="contest"),
            accept(village, eve, disputed),
        ]
        others = [
            village.as_(eve).get(f"/v1/contracts/{held}/disputes"),
            village.as_(eve).get(f"/v1/contracts/{held}/timeline"),
            post(village, eve, f"contracts/{held}/disputes", DAMAGED),
        ]
    unknown = village.as_(eve).get("/v1/disputes/000000000001")
    assert (unknown.status_code, unknown.json["code"]) == (404, "dispute_unknown")
    assert [each.json for each in answers] == [unknown.json] * 3
    assert {each.json["code"] for each in others} == {"contract_unknown"}


BAD_DISPUTES: Cases = (
    ({"amount": kes("250.01")}, "more_than_held"),
    ({"amount": kes("0")}, "amount_not_positive"),
    ({"amount": money("1.00", "USD")}, "currency_not_supported"),
    ({"reason_code": "because"}, "format_error"),
    ({"reason_code": None}, "format_error"),
    ({"text": "x" * 501}, "format_error"),
    ({"text": ""}, "format_error"),
    ({"attachments": [{"reference": "a", "sha256": "12"}]}, "format_error"),
    ({"attachments": [{"reference": "a", "sha256": HASH}] * 11}, "format_error"),
    ({"pin": "0852"}, "pin_wrong"),
    ({"tip": "1"}, "format_error"),
)


def test_what_cannot_be_disputed_is_refused(village, anna, shop, held):
    for body, code in BAD_DISPUTES:
        if code != "pin_wrong":
            with village.unchanged():
                refused = post(village, anna, f"contracts/{held}/disputes", {**DAMAGED, **body})
        else:
            refused = post(village, anna, f"contracts/{held}/disputes", {**DAMAGED, **body})
        assert (body, refused.json["code"]) == (body, code)
    assert post(village, shop, f"contracts/{held}/disputes", DAMAGED).json["code"] == "not_a_party"


BAD_ANSWERS: Cases = (
    ({"act": "agree"}, "format_error"),
    ({}, "format_error"),
    ({"act": "propose"}, "format_error"),
    ({"act": "contest", "amount": kes("1.00")}, "format_error"),
    ({"act": "contest", **SPLIT}, "format_error"),
    ({"act": "concede", **SPLIT}, "format_error"),
    ({"act": "propose", "to_payer": kes("99.99")}, "split_not_whole"),
    ({"act": "propose", "to_payer": money("100.00", "USD")}, "currency_not_supported"),
    ({"act": "concede", "amount": kes("100.01")}, "more_than_disputed"),
)


def test_an_answer_that_makes_no_sense_is_refused(village, anna, shop, disputed):
    with village.unchanged():
        for body, code in BAD_ANSWERS:
            refused = answer(village, shop, disputed, **body)
            assert (body, refused.json["code"]) == (body, code)
        assert answer(village, anna, disputed, act="contest").json["code"] == "not_your_turn"
        nothing = post(village, anna, f"disputes/{disputed}/acceptances", PIN)
        assert nothing.json["code"] == "format_error"


def test_both_release_and_return_during_a_dispute_by_naming_what_is_meant(
    village, anna, shop, held, disputed
):
    def act(someone, what, amount, **named):
        body = {"amount": kes(amount), **named, **PIN}
        return post(village, someone, f"contracts/{held}/{what}", body)

    assert act(anna, "releases", "150.01").json["code"] == "more_than_held"
    assert act(shop, "returns", "100.01", dispute=disputed).json["code"] == "more_than_disputed"
    part = act(anna, "releases", "30.00", dispute=disputed)
    assert (part.json["disputed"], part.json["held"]) == (kes("70.00"), kes("220.00"))
    assert act(anna, "releases", "150.00").status_code == 201
    assert act(shop, "returns", "70.00", dispute=disputed).json["held"] == kes("0.00")
    assert (village.balance(anna), village.balance(shop, "settlement")) == (820_00, 180_00)
    assert village.as_(anna).get(f"/v1/contracts/{held}").json["state"] == "closed"


def test_who_looks_at_a_dispute_whose_time_is_over_sees_what_silence_led_to(
    village, anna, shop, disputed
):
    village.service.clock.advance(TERMS.answer_s - 1)
    assert seen(village, shop, disputed)["state"] == "raised"
    village.service.clock.advance(1)
    found = seen(village, shop, disputed)
    assert (found["state"], found["outcome"]) == ("closed", "payee_silent")
    assert village.balance(anna) == 850_00


def test_an_answer_that_comes_too_late_changes_nothing(village, anna, shop, disputed):
    village.service.clock.advance(TERMS.answer_s)
    assert answer(village, shop, disputed, act="contest").json["code"] == "dispute_closed"
    assert seen(village, shop, disputed)["outcome"] == "payee_silent"


def test_staff_find_what_was_not_agreed_and_decide_it(village, anna, shop, neema, held, disputed):
    escalate(village, anna, shop, disputed)
    staff = village.as_(neema, "operator")
    assert seen(village, neema, disputed, "operator")["state"] == "escalated"
    (waiting,) = staff.get("/v1/disputes").json["items"]
    assert waiting["reference"] == disputed
    first = decide(village, neema, disputed, KEY)
    with village.unchanged():
        again = decide(village, neema, disputed, KEY)
    assert (first.status_code, first.json["outcome"]) == (201, "decided")
    assert again.data == first.data
    assert (village.balance(anna), village.balance(shop, "settlement")) == (790_00, 60_00)
    assert staff.get("/v1/disputes").json["items"] == []
    assert "Reason: one bag of two was wet." in village.texts(anna)[-1]


def test_an_operator_decides_nothing_early_and_nothing_of_their_own(
    village, anna, shop, neema, disputed
):
    assert decide(village, neema, disputed).json["code"] == "not_your_turn"
    escalate(village, anna, shop, disputed)
    village.owner_sql("INSERT INTO operators (holder_id) VALUES (:id)", id=anna.id)
    assert decide(village, anna, disputed).json["code"] == "forbidden"
    wrong = decide(village, neema, disputed, to_payee=kes("99.00"))
    assert wrong.json["code"] == "split_not_whole"


@pytest.mark.rule("Above the market's amount a dispute takes two operators.")
def test_above_the_markets_amount_another_operator_has_to_approve(village, neema):
    payer, shop = village.person(balance=60_000_00), village.merchant(period_s=86_400)
    held = ref(village.hold(payer, shop, 60_000_00))
    disputed = post(village, payer, f"contracts/{held}/disputes", DAMAGED).json["dispute"]
    escalate(village, payer, shop, disputed)
    split = {"to_payee": kes("20000.00"), "to_payer": kes("40000.00")}
    seen(village, neema, disputed, "operator")
    waits = decide(village, neema, disputed, **split)
    assert (waits.status_code, waits.json["approval_state"]) == (201, "waiting")
    path = f"approvals/{waits.json['approval']}/approvals"
    alone = post(village, neema, path, {}, None, "operator")
    assert alone.json["code"] == "approval_by_asker"
    done = post(village, village.operator(), path, {}, None, "operator")
    assert (done.json["outcome"], done.json["approval_state"]) == ("decided", "approved")
    assert village.balance(shop, "settlement") == 20_000_00


@pytest.mark.rule("A timeline tells both and staff who did what when.")
def test_the_timeline_tells_both_and_staff_who_did_what_when(
    village, anna, shop, neema, held, disputed
):
    answer(village, shop, disputed, act="concede", amount=kes("20.00"), text="one was wet")
    village.service.clock.advance(TERMS.answer_s)
    told = village.as_(anna).get(f"/v1/contracts/{held}/timeline").json["items"]
    assert [(each["who"], each["kind"]) for each in told] == [
        ("payer", "pay"), ("payer", "dispute"), ("payee", "dispute_concede"),
        ("nobody", "dispute_due"),
    ]  # fmt: skip
    assert told[2]["details"]["text"] == "one was wet"
    assert told[2]["at"] == "2026-01-05T09:00:00+00:00"
    assert told[3]["details"]["outcome"] == "payer_silent"
    for who, roles in ((shop, ()), (neema, ("operator",))):
        assert village.as_(who, *roles).get(f"/v1/contracts/{held}/timeline").json["items"] == told


def test_what_is_posted_along_with_an_act_is_no_act_of_its_own(village, anna, held):
    linked = "INSERT INTO postings (id, kind, actor_id, original_id, posted_at)"
    village.sql(
        f"{linked} VALUES (:id, 'lapse_approval', :actor, :contract, :now)",
        id=village.new_id(), actor=anna.id, contract=id_of(held), now=village.now,
    )  # fmt: skip
    told = village.as_(anna).get(f"/v1/contracts/{held}/timeline").json["items"]
    assert [each["kind"] for each in told] == ["pay"]


def test_a_payment_that_nobody_was_answered_about_is_in_the_timeline_all_the_same(village, anna):
    """One line of a list of many payments, to a number that is not registered."""
    raw = lists.csv_of(("+254711999001", "1.00"))
    bulk_id = lists.upload(village.service, anna, raw, source="wallet")
    lists.confirm(village.service, anna, bulk_id, pin="7294")
    lists.post_all(village.service)
    ((held,),) = village.sql("SELECT id FROM contracts")
    (paid,) = village.as_(anna).get(f"/v1/contracts/{ref(held)}/timeline").json["items"]
    assert (paid["reference"], paid["who"], paid["details"]) == (ref(held), "payer", {})


def test_nobodys_balance_or_fee_is_in_the_timeline(village, anna, shop, held, disputed):
    accept(village, anna, disputed)
    told = village.as_(shop).get(f"/v1/contracts/{held}/timeline").json["items"]
    keys = {name for each in told for name in each["details"]}
    assert keys.isdisjoint({"balance", "fee", "receiver", "phone", "msisdn"})


def test_a_frozen_staff_member_reads_no_disputes(village, neema, disputed):
    village.set_status(neema, "frozen")
    refused = village.as_(neema, "operator").get(f"/v1/disputes/{disputed}")
    assert refused.json["code"] == "sender_frozen"


def test_a_frozen_payer_still_reads_their_own(village, anna, disputed):
    village.set_status(anna, "frozen")
    assert seen(village, anna, disputed)["state"] == "raised"
    assert answer(village, anna, disputed, act="contest").json["code"] == "sender_frozen"
