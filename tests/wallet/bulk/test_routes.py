"""/v1/bulks: a list uploaded, confirmed and followed, by a partner or by anybody with a wallet."""

import csv
from uuid import uuid4

import orjson
import pytest

from tests.town import PIN
from tests.village import kes
from tests.wallet.bulk.lists import csv_of, post_all


@pytest.fixture
def farm(village):
    """A partner that buys produce from farmers."""
    return village.partner("Shamba Ltd", prefund=1_000_00, currency="KES")


JSON = {"Content-Type": "application/json"}


def uploaded(caller, raw, *, key=None, query="?currency=KES", kind="text/csv"):
    return caller.call("POST", f"/v1/bulks{query}", key=key or uuid4(), data=raw,
                       headers={"Content-Type": kind})  # fmt: skip


def confirmed(caller, listed, body=None, key=None):
    path = f"/v1/bulks/{listed['reference']}/confirmations"
    return caller.post(path, body or {}, key=key or uuid4())


def lines(answer):
    return list(csv.DictReader(answer.text.splitlines()))


def test_a_partner_uploads_confirms_and_follows_a_list(village, service, farm):
    amina, caller = village.person("Amina"), village.as_(farm)
    answer = uploaded(caller, csv_of((amina.msisdn, "100.00"), ("+254799000001", "200.00")))
    assert (answer.status_code, answer.json["state"]) == (201, "checked")
    assert answer.json["total"] == {"rows": 2, "amount": kes("300.00")}
    receipt = confirmed(caller, answer.json).json
    assert (receipt["amount"], receipt["fee"]) == (kes("300.00"), kes("10.00"))
    assert receipt["balance"] == kes("690.00")
    post_all(service)
    found = caller.get(f"/v1/bulks/{answer.json['reference']}").json
    assert (found["state"], found["paid"]["rows"], found["held"]["rows"]) == ("done", 1, 1)


def test_each_row_tells_its_state_and_its_transaction(village, service, farm):
    amina, caller = village.person("Amina"), village.as_(farm)
    listed = uploaded(caller, csv_of((amina.msisdn, "100.00"))).json
    assert [row["state"] for row in lines(caller.get(listed["rows"]))] == ["waiting"]
    confirmed(caller, listed)
    post_all(service)
    (row,) = lines(caller.get(listed["rows"]))
    assert (row["state"], row["msisdn"], row["amount"]) == ("paid", amina.msisdn, "100.00")
    seen = village.as_(amina).get(f"/v1/transactions/{row['transaction']}").json
    assert (seen["kind"], seen["counterpart"]) == ("bulk_payment", "Shamba Ltd")
    as_json = caller.get(f"{listed['rows']}?format=jsonl").text.splitlines()
    assert orjson.loads(as_json[0])["transaction"] == row["transaction"]


def test_a_person_pays_a_list_from_their_wallet_with_their_pin(village, service):
    owner, worker = village.person(balance=1_000_00), village.person()
    caller = village.as_(owner)
    listed = uploaded(caller, csv_of((worker.msisdn, "100.00"))).json
    assert confirmed(caller, listed).json["code"] == "format_error"
    assert confirmed(caller, listed, {"pin": "0852"}).json["code"] == "pin_wrong"
    assert confirmed(caller, listed, {"pin": PIN}).status_code == 201
    post_all(service)
    assert (village.balance(owner), village.balance(worker)) == (895_00, 100_00)


@pytest.mark.rule("A list is checked whole, row by row, before anything moves.")
def test_a_rejected_list_tells_every_mistake_and_moves_nothing(village, farm):
    amina, caller = village.person("Amina"), village.as_(farm)
    with village.unchanged():
        answer = uploaded(caller, csv_of((amina.msisdn, "100.00"), ("+2547", "1.001")))
        assert (answer.json["state"], answer.json["bad_rows"]) == ("rejected", 1)
        faults = lines(caller.get(answer.json["errors"]))
        assert [(each["row"], each["column"], each["code"]) for each in faults] == [
            ("2", "msisdn", "phone_malformed"),
            ("2", "amount", "amount_too_precise"),
        ]
        refused = confirmed(caller, answer.json)
        assert (refused.status_code, refused.json["code"]) == (409, "incorrect_state")


@pytest.mark.fault("A list with a bad last row", "rejected, nobody is paid")
def test_one_bad_row_at_the_very_end_pays_nobody(village, farm):
    good = [(f"+2547220{number:05d}", "1.00") for number in range(300)]
    caller = village.as_(farm)
    with village.unchanged():
        answer = uploaded(caller, csv_of(*good, ("+254711", "1.00")))
        assert (answer.json["state"], answer.json["bad_rows"]) == ("rejected", 1)
        assert [each["row"] for each in lines(caller.get(answer.json["errors"]))] == ["301"]
        assert confirmed(caller, answer.json).json["code"] == "incorrect_state"


def test_one_bad_row_at_the_very_beginning_is_told_as_any_other(village, farm):
    amina, caller = village.person("Amina"), village.as_(farm)
    with village.unchanged():
        answer = uploaded(caller, csv_of(("+254711", "1.00"), (amina.msisdn, "1.00")))
        assert (answer.status_code, answer.json["state"]) == (201, "rejected")
        assert [each["row"] for each in lines(caller.get(answer.json["errors"]))] == ["1"]


def test_more_than_there_is_is_refused_before_anything_moves(village, farm):
    amina, caller = village.person("Amina"), village.as_(farm)
    listed = uploaded(caller, csv_of((amina.msisdn, "996.00"))).json
    with village.unchanged():
        refused = confirmed(caller, listed)
        assert (refused.json["code"], refused.json["needed"]) == ("insufficient_funds", "1001.00")


def test_a_list_is_confirmed_once(village, farm):
    caller, key = village.as_(farm), uuid4()
    listed = uploaded(caller, csv_of((village.person().msisdn, "100.00"))).json
    first, again = confirmed(caller, listed, key=key), confirmed(caller, listed, key=key)
    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert confirmed(caller, listed).json["code"] == "incorrect_state"
    assert village.balance(farm, "prefund") == 1_000_00 - 105_00


def test_the_same_key_brings_the_same_list_and_no_other(village, farm):
    caller, key = village.as_(farm), uuid4()
    raw = csv_of((village.person().msisdn, "100.00"))
    first, again = uploaded(caller, raw, key=key), uploaded(caller, raw, key=key)
    assert first.json == again.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert uploaded(caller, raw + b"\n", key=key).json["code"] == "key_reused"


def test_somebody_else_s_list_does_not_exist(village, farm):
    listed = uploaded(village.as_(farm), csv_of((village.person().msisdn, "1.00"))).json
    stranger = village.as_(village.partner("Other", prefund=1_00, currency="KES"))
    path = f"/v1/bulks/{listed['reference']}"
    for answer in (
        stranger.get(path),
        stranger.get(f"{path}/rows"),
        stranger.get(f"{path}/errors"),
        confirmed(stranger, listed),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert stranger.get("/v1/bulks").json["items"] == []


def test_my_lists_are_listed_newest_first_in_pages(village, farm):
    caller = village.as_(farm)
    made = [uploaded(caller, csv_of((village.person().msisdn, "1.00"))).json for _ in range(3)]
    first = caller.get("/v1/bulks?limit=2").json
    rest = caller.get(f"/v1/bulks?limit=2&before={first['next']}").json
    assert [*first["items"], *rest["items"]] == made[::-1]
    assert rest["next"] is None


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        (b"", "text/csv", 400, "malformed"),
        (b"msisdn,amount\n", "text/csv", 400, "malformed"),
        (b"phone,amount\n", "text/csv", 400, "malformed"),
        (b"{}", "application/json", 415, "unsupported_media_type"),
        (b"x" * (12 * 1024 * 1024), "text/csv", 413, "body_too_large"),
    ],
)
def test_what_is_no_list_is_refused_whole(village, farm, raw, kind, status, code):
    with village.unchanged():
        answer = uploaded(village.as_(farm), raw, kind=kind)
        assert (answer.status_code, answer.json["code"]) == (status, code)


def test_only_lists_may_be_long(village, farm):
    long = csv_of((village.person().msisdn, "1.00"), header="msisdn,amount" + "\n" * 100_000)
    assert uploaded(village.as_(farm), long).status_code == 201
    refused = village.as_(farm).call("POST", "/v1/quotes", data=long, headers=JSON)
    assert refused.json["code"] == "body_too_large"
