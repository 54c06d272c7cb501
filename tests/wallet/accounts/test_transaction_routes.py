"""/v1/transactions: did it go through?"""

from uuid import uuid4

from tests.village import kes, ref


def test_each_party_sees_their_own_side(village):
    anna, brian = village.person("Anna", balance=500_00), village.person("Brian")
    receipt = village.send(anna, brian, 200_00)
    path = f"/v1/transactions/{ref(village.id_in(receipt))}"
    sent, received = village.as_(anna).get(path).json, village.as_(brian).get(path).json
    assert (sent["counterpart"], sent["receipt"]) == ("Brian", receipt.answer)
    assert [each["amount"] for each in sent["entries"]] == [kes("-207.00")]
    assert [each["amount"] for each in received["entries"]] == [kes("200.00")]
    assert (received["counterpart"], received["receipt"]) == ("Anna", None)


def test_a_strangers_does_not_exist(village):
    anna, brian, eve = village.person(balance=500_00), village.person(), village.person()
    path = f"/v1/transactions/{ref(village.id_in(village.send(anna, brian, 200_00)))}"
    answer = village.as_(eve).get(path)
    assert answer.status_code == 404
    assert answer.json == village.as_(eve).get("/v1/transactions/000000000001").json


def test_by_key_one_learns_whether_ones_own_command_went_through(village):
    anna, brian, key = village.person(balance=500_00), village.person(), uuid4()
    path = f"/v1/transactions?key={key}"
    assert village.as_(anna).get(path).status_code == 404
    receipt = village.send(anna, brian, 200_00, key=key)
    assert village.as_(anna).get(path).json["receipt"] == receipt.answer
    assert village.as_(brian).get(path).status_code == 404


def test_a_refused_command_is_not_there(village):
    anna, brian, key = village.person(), village.person(), uuid4()
    body = {"receiver": brian.msisdn, "amount": kes("1.00"), "pin": "7294"}
    assert village.as_(anna).post("/v1/sends", body, key=key).status_code == 422
    assert village.as_(anna).get(f"/v1/transactions?key={key}").status_code == 404


def test_a_malformed_key_or_none_is_refused(village):
    anna = village.person()
    for query in ("", "?key=", "?key=17", f"?key={uuid4()}&other=1"):
        answer = village.as_(anna).get(f"/v1/transactions{query}")
        assert (query, answer.status_code, answer.json["code"]) == (query, 422, "format_error")
