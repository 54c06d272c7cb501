"""Trade documents over HTTP: filed, matched, exported; a delivery brings the deadline nearer."""

from hashlib import sha256
from uuid import uuid4

import orjson
import pytest

from tests.village import Cases, kes, money, ref
from tests.wallet.trade.documents import SHA256
from wallet.clock import id_of
from wallet.merchants import set_pricing

PIN = {"pin": "7294"}
LINE = {
    "description": "Sisal basket", "quantity": 10, "unit_amount": kes("25.00"),
    "amount": kes("250.00"), "origin": "KE", "hs_code": "460219",
}  # fmt: skip
ORDER = {"lines": [LINE], "total": kes("250.00"), **PIN}
SHIPPED_AT, DELIVERED_AT = "2026-01-05T12:00:00+03:00", "2026-01-05T09:00:00+00:00"
SHIPMENT = {
    "carrier": "G4S Courier", "tracking_number": "RR123456789KE", "shipped_at": SHIPPED_AT,
    "lines": [{"line": 1, "quantity": 10, "weight_g": 4500}], "weight_g": 5000, **PIN,
}  # fmt: skip
DELIVERY = {
    "delivered_at": DELIVERED_AT, "signed_by": "Anna",
    "proof": {"reference": "POD-17.pdf", "sha256": SHA256}, **PIN,
}  # fmt: skip


@pytest.fixture
def anna(village):
    return village.person("Anna", balance=1_000_00)


@pytest.fixture
def shop(village):
    """A shop that holds payments for ten days, but for two after delivery."""
    shop = village.merchant("Mary", period_s=10 * 86400)
    terms = set_pricing.Command(
        village.operator().id, uuid4(), shop.id, "KES", 100, after_delivery_s=2 * 86400
    )
    village.service.poster.post(set_pricing.decide, terms)
    return shop


@pytest.fixture
def held(village, anna, shop):
    """The reference of 250.00 of Anna's, held for the shop."""
    return ref(village.hold(anna, shop, 250_00))


def file(village, someone, held, what, body, key=None):
    return village.as_(someone).post(f"/v1/contracts/{held}/{what}", body, key=key or uuid4())


def file_all(village, shop, held):
    for what, body in (("orders", ORDER), ("shipments", SHIPMENT), ("deliveries", DELIVERY)):
        answer = file(village, shop, held, what, body)
        assert (what, answer.status_code) == (what, 201), answer.json


def test_documents_that_tell_the_same_as_the_payment_match(village, anna, shop, held):
    empty = village.as_(anna).get(f"/v1/contracts/{held}/trade").json
    assert (empty["order"], empty["matched"], empty["mismatches"]) == (None, False, [])
    file_all(village, shop, held)
    for party in (anna, shop):
        seen = village.as_(party).get(f"/v1/contracts/{held}/trade").json
        assert (seen["contract"], seen["matched"], seen["mismatches"]) == (held, True, [])
        assert (seen["order"]["lines"], seen["order"]["total"]) == ([LINE], kes("250.00"))
        assert seen["shipment"]["shipped_at"] == "2026-01-05T09:00:00+00:00"
        assert (seen["delivery"]["signed_by"], seen["order"]["filed_by"]) == ("Anna", "payee")
        assert seen["delivery"]["proof"] == {"reference": "POD-17.pdf", "sha256": SHA256}


@pytest.mark.rule(
    "Order, shipment and payment are matched, and what differs is flagged without being refused."
)
def test_what_differs_is_flagged_and_taken_all_the_same(village, anna, shop, held):
    less = {**LINE, "quantity": 9, "amount": kes("225.00")}
    file(village, shop, held, "orders", {**ORDER, "lines": [less], "total": kes("225.00")})
    file(village, shop, held, "shipments", {**SHIPMENT, "shipped_at": "2026-01-05T08:59:59+00:00"})
    seen = village.as_(anna).get(f"/v1/contracts/{held}/trade").json
    assert [(each["code"], each["line"]) for each in seen["mismatches"]] == [
        ("amount_differs", None), ("shipped_before_paid", None), ("quantity_differs", 1),
    ]  # fmt: skip
    assert seen["matched"] is False


@pytest.mark.rule("No document moves money, and every version is kept.")
def test_no_document_moves_money_and_every_version_is_kept(village, anna, shop, held):
    before = village.balance(anna), village.balance(shop, "settlement"), village.held(id_of(held))
    for total in ("250.00", "250.00", "250.00"):
        file(village, anna, held, "orders", {**ORDER, "total": kes(total)})
    after = village.balance(anna), village.balance(shop, "settlement"), village.held(id_of(held))
    assert after == before
    assert village.sql("SELECT version FROM trade_documents ORDER BY 1") == [(1,), (2,), (3,)]
    for change in ("UPDATE trade_documents SET version = 9", "DELETE FROM trade_documents"):
        with pytest.raises(Exception, match=r"append-only|permission denied"):
            village.sql(change)


def test_one_key_files_one_version(village, shop, held):
    key = uuid4()
    first, again = (file(village, shop, held, "orders", ORDER, key) for _ in range(2))
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert len(village.sql("SELECT * FROM trade_documents")) == 1


def test_a_proof_of_delivery_brings_the_deadline_to_the_terms_and_tells_the_payer(
    village, anna, shop, held
):
    file(village, shop, held, "orders", ORDER)
    file(village, shop, held, "shipments", SHIPMENT)
    village.service.clock.advance(days=1)
    answer = file(village, shop, held, "deliveries", DELIVERY)
    assert answer.json["deadline_before"] == "2026-01-15T09:00:00+00:00"
    assert answer.json["deadline_at"] == "2026-01-08T09:00:00+00:00"
    assert village.as_(anna).get(f"/v1/contracts/{held}").json["deadline_at"] == (
        "2026-01-08T09:00:00+00:00"
    )
    assert "Paid out 8 Jan 12:00. Not right? Dispute before" in village.texts(anna)[-1]
    village.service.clock.advance(days=2)
    village.release_due(id_of(held))
    assert village.balance(shop, "settlement") == 247_50  # less 1% commission


def test_where_no_terms_provide_for_it_no_deadline_comes_nearer(village, anna):
    plain = village.merchant("Otieno")
    held = ref(village.hold(anna, plain, 250_00))
    file_all(village, plain, held)
    seen = village.as_(anna).get(f"/v1/contracts/{held}").json
    assert seen["deadline_at"] == "2026-01-06T09:00:00+00:00"
    with pytest.raises(Exception, match="keeps its parties"):
        village.sql("UPDATE contracts SET deadline_at = deadline_at - interval '1 hour'")


def test_documents_come_in_their_order_and_from_who_may_file_them(village, anna, shop, held):
    eve = village.person("Eve")
    missing = file(village, shop, held, "shipments", SHIPMENT)
    assert (missing.status_code, missing.json["code"], missing.json["missing"]) == (
        409, "trade_document_missing", "order",
    )  # fmt: skip
    file(village, shop, held, "orders", ORDER)
    other = file(village, anna, held, "orders", ORDER)
    assert (other.status_code, other.json["code"]) == (409, "trade_document_fixed")
    assert file(village, anna, held, "shipments", SHIPMENT).json["code"] == "not_a_party"
    with village.unchanged():
        for what, body in (("orders", ORDER), ("shipments", SHIPMENT), ("deliveries", DELIVERY)):
            assert file(village, eve, held, what, body).json["code"] == "contract_unknown"
        for what in ("trade", "customs"):
            answer = village.as_(eve).get(f"/v1/contracts/{held}/{what}")
            assert (answer.status_code, answer.json["code"]) == (404, "contract_unknown")


BAD_ORDERS: Cases = (
    ({"lines": []}, "format_error"),
    ({"lines": [LINE] * 101}, "format_error"),
    ({"lines": [{**LINE, "amount": kes("249.99")}]}, "order_does_not_add_up"),
    ({"total": kes("250.01")}, "order_does_not_add_up"),
    ({"total": money("250.00", "USD")}, "order_does_not_add_up"),
    ({"lines": [{**LINE, "quantity": "10"}]}, "format_error"),
    ({"lines": [{**LINE, "quantity": 0}]}, "format_error"),
    ({"lines": [{**LINE, "unit_amount": kes("25.001")}]}, "amount_too_precise"),
    ({"lines": [{**LINE, "origin": "Kenya"}]}, "format_error"),
    ({"lines": [{**LINE, "hs_code": "46"}]}, "format_error"),
    ({"lines": [{**LINE, "description": "\u202ex"}]}, "format_error"),
    ({"lines": [{**LINE, "colour": "red"}]}, "format_error"),
    ({"lines": None}, "format_error"),
    ({"pin": "0852"}, "pin_wrong"),
)
BAD_SHIPMENTS: Cases = (
    ({"shipped_at": "2026-01-05T09:00:01+00:00"}, "format_error"),
    ({"shipped_at": "2026-01-05T09:00:00"}, "format_error"),
    ({"shipped_at": "yesterday"}, "format_error"),
    ({"carrier": ""}, "format_error"),
    ({"tracking_number": "<script>"}, "format_error"),
    ({"lines": [{"line": 1}, {"line": 1}]}, "format_error"),
    ({"weight_g": -1}, "format_error"),
)
BAD_DELIVERIES: Cases = (
    ({"delivered_at": "2026-01-05T09:00:01+00:00"}, "format_error"),
    ({"signed_by": None, "proof": None}, "format_error"),
    ({"proof": {"reference": "x"}}, "format_error"),
    ({"proof": {"reference": "x", "sha256": "0" * 63}}, "format_error"),
)


def test_what_no_document_may_say_is_refused(village, shop, held):
    for what, good, cases in (
        ("orders", ORDER, BAD_ORDERS),
        ("shipments", SHIPMENT, BAD_SHIPMENTS),
        ("deliveries", DELIVERY, BAD_DELIVERIES),
    ):
        with village.unchanged():
            for change, code in cases:
                answer = file(village, shop, held, what, {**good, **change})
                assert (change, answer.json["code"]) == (change, code)
        assert file(village, shop, held, what, good).status_code == 201


@pytest.mark.rule(
    "The matched set exports as one document, the same to both sides, with a hash that anyone can "
    "reckon."
)
def test_the_export_has_order_payment_and_logistics_with_a_hash_that_anyone_can_reckon(
    village, anna, shop, held
):
    village.release(anna, id_of(held), 100_00)
    file_all(village, shop, held)
    found = village.as_(shop).get(f"/v1/contracts/{held}/customs").json
    assert (found["format"], found["version"], found["reference"]) == ("kibubu.customs", 1, held)
    assert found["payee"] == {"name": "Duka Mary", "country": "KE"}
    assert (found["order"]["total"], found["mismatches"]) == (kes("250.00"), [])
    assert found["payment"]["released"] == kes("100.00")
    assert found["logistics"]["shipment"]["tracking_number"] == "RR123456789KE"
    assert found["logistics"]["delivery"]["signed_by"] == "Anna"
    plain = {name: value for name, value in found.items() if name != "sha256"}
    assert found["sha256"] == sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def test_the_export_tells_what_moved_and_who_moved_it(village, anna, shop, held):
    village.release(anna, id_of(held), 100_00)
    village.give_back(shop, id_of(held), 50_00)
    file(village, anna, held, "orders", ORDER)
    file(village, shop, held, "shipments", SHIPMENT)
    postings = village.as_(anna).get(f"/v1/contracts/{held}/customs").json["payment"]["postings"]
    told = [
        (
            each["kind"],
            each["by"],
            *(each[what]["amount"] for what in ("paid", "released", "returned")),
        )
        for each in postings
    ]
    assert told == [
        ("pay", "payer", "250.00", "0.00", "0.00"),
        ("release", "payer", "0.00", "100.00", "0.00"),
        ("return", "payee", "0.00", "0.00", "50.00"),
        ("order", "payer", "0.00", "0.00", "0.00"),
        ("ship", "payee", "0.00", "0.00", "0.00"),
    ]


@pytest.mark.rule(
    "The matched set exports as one document, the same to both sides, with a hash that anyone can "
    "reckon."
)
def test_the_same_facts_export_the_same_to_both_sides_at_any_time(village, anna, shop, held):
    file(village, shop, held, "orders", ORDER)
    file(village, shop, held, "shipments", SHIPMENT)
    first = village.as_(shop).get(f"/v1/contracts/{held}/customs").data
    village.service.clock.advance(days=9)
    assert village.as_(anna).get(f"/v1/contracts/{held}/customs").data == first


def test_without_order_or_shipment_there_is_nothing_to_export(village, shop, held):
    for missing, filing in (("order", ("orders", ORDER)), ("shipment", ("shipments", SHIPMENT))):
        answer = village.as_(shop).get(f"/v1/contracts/{held}/customs")
        assert (answer.status_code, answer.json["missing"]) == (409, missing)
        file(village, shop, held, *filing)
    assert village.as_(shop).get(f"/v1/contracts/{held}/customs").status_code == 200


def test_whoever_exports_after_the_deadline_sees_the_money_paid_out(village, anna, shop, held):
    file_all(village, shop, held)
    village.service.clock.advance(days=2)
    payment = village.as_(shop).get(f"/v1/contracts/{held}/customs").json["payment"]
    assert (payment["state"], payment["released"]) == ("closed", kes("250.00"))
    assert payment["postings"][-1]["by"] == "nobody"
