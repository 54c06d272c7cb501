"""What each operation is asked for first: values that work in the town of `stock.py`.

An operation that is not named here is called as the document's example says. What varies from
there, schemathesis makes up.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.contract.stand_ins import amount, digits, ref, words
from tests.contract.stock import SEND_KEY
from tests.document import JSON, bodies, operations
from tests.village import kes, money
from wallet.config import DEVELOPMENT_CALLBACK_TOKEN
from wallet.gateways import FORM
from wallet.running.town import people
from wallet.web import examples

MBOGA_PIN = {"pin": people.MBOGA.pin}
WANJIRU_PIN = {"pin": people.WANJIRU.pin}
HELD, DISPUTE = {"contract_id": ref("held")}, {"dispute_id": ref("raised")}
TOKEN = {"token": DEVELOPMENT_CALLBACK_TOKEN}
PAIR = {"base": "USD", "quoted": "KES"}
NOW = "2026-01-19T08:30:00+00:00"
DAY = {"day": "2026-01-19"}
NUMBER = {"number": examples.TILL}


@dataclass(frozen=True)
class Ask:
    """`by` are who calls, where that does not follow from the roles; `at` fills path and query.

    `body` goes over the document's example.
    """

    at: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


HOP = {
    "sessionId": "try-1", "phoneNumber": examples.CUSTOMER, "serviceCode": "*384*77#", "text": "",
}  # fmt: skip
SPLIT = {"to_payee": kes("150.00"), "to_payer": kes("100.00")}

ASKS: Mapping[str, Ask] = {
    "POST /v1/registrations": Ask(
        body={"sign_in": ref("sign-in newcomer"), "code": digits("code newcomer")}
    ),
    "POST /v1/tokens": Ask(body={"sign_in": ref("sign-in juma"), "code": digits("code juma")}),
    "POST /v1/tokens/revoke": Ask(body={"refresh_token": words("refresh token")}),
    "GET /v1/names/{msisdn}": Ask({"msisdn": examples.RECEIVER}),
    "PATCH /v1/me": Ask(by=("juma", "amina", "mboga", "neema")),
    "PATCH /v1/holders/{holder_id}": Ask(
        {"holder_id": ref("holder wanjiru")}, {"status": "frozen"}
    ),
    "POST /v1/deposits": Ask(body={"holder": ref("holder amina"), "kind": "float"}),
    "POST /v1/reversals": Ask(body={"original": ref("send")}),
    "GET /v1/contracts/{contract_id}": Ask(HELD, by=("juma", "mboga")),
    "POST /v1/contracts/{contract_id}/releases": Ask(HELD),
    "POST /v1/contracts/{contract_id}/returns": Ask(HELD, by=("mboga",)),
    "POST /v1/contracts/{contract_id}/declines": Ask(
        {"contract_id": ref("offer")}, by=("wanjiru",)
    ),
    "POST /v1/contracts/{contract_id}/extensions": Ask(HELD, by=("mboga",)),
    "POST /v1/contracts/{contract_id}/disputes": Ask(HELD, {"amount": kes("100.00")}),
    "GET /v1/contracts/{contract_id}/disputes": Ask({"contract_id": ref("disputed contract")}),
    "GET /v1/contracts/{contract_id}/timeline": Ask({"contract_id": ref("disputed contract")}),
    "GET /v1/disputes/{dispute_id}": Ask(DISPUTE),
    "POST /v1/disputes/{dispute_id}/answers": Ask(DISPUTE, MBOGA_PIN, by=("mboga",)),
    "POST /v1/disputes/{dispute_id}/acceptances": Ask({"dispute_id": ref("proposed")}),
    "POST /v1/disputes/{dispute_id}/decisions": Ask({"dispute_id": ref("escalated")}, SPLIT),
    "GET /v1/plans": Ask({"till": examples.TILL}),
    "GET /v1/plans/{plan_id}": Ask({"plan_id": ref("plan")}),
    "POST /v1/plans/{plan_id}/withdrawals": Ask({"plan_id": ref("plan")}),
    "POST /v1/plans/{plan_id}/purchases": Ask({"plan_id": ref("plan")}),
    "POST /v1/contracts/{contract_id}/visits": Ask({"contract_id": ref("bought")}),
    "POST /v1/contracts/{contract_id}/visit-codes": Ask({"contract_id": ref("bought")}),
    "POST /v1/visits": Ask(body={"contract": ref("bought"), "code": digits("visit code")}),
    "POST /v1/contracts/{contract_id}/orders": Ask(HELD, MBOGA_PIN, by=("mboga",)),
    "POST /v1/contracts/{contract_id}/shipments": Ask(
        {"contract_id": ref("ordered")}, {"shipped_at": NOW}, by=("mboga",)
    ),
    "POST /v1/contracts/{contract_id}/deliveries": Ask(
        {"contract_id": ref("shipped")}, {"delivered_at": NOW}, by=("mboga",)
    ),
    "GET /v1/contracts/{contract_id}/trade": Ask({"contract_id": ref("traded")}),
    "GET /v1/contracts/{contract_id}/customs": Ask({"contract_id": ref("traded")}),
    "GET /v1/wallets/{account_id}/entries": Ask({"account_id": ref("account")}),
    "GET /v1/transactions": Ask({"key": str(SEND_KEY)}, by=("juma",)),
    "GET /v1/transactions/{posting_id}": Ask({"posting_id": ref("send")}, by=("juma", "wanjiru")),
    "GET /v1/tills/{number}/qr.png": Ask({**NUMBER, "code": examples.QR_PAYLOAD}),
    "GET /v1/tills/{number}/qr.svg": Ask({**NUMBER, "code": examples.QR_PAYLOAD}),
    "GET /v1/quotes/{quote_id}": Ask({"quote_id": ref("quote")}),
    "DELETE /v1/quotes/{quote_id}": Ask({"quote_id": ref("quote")}),
    "POST /v1/quotes/{quote_id}/acceptances": Ask(
        {"quote_id": ref("quote")},
        {"source": money(amount("quote source"), "USD"), "target": kes(amount("quote target"))},
    ),
    "PUT /v1/prices/{base}-{quoted}": Ask(PAIR),
    "DELETE /v1/prices/{base}-{quoted}": Ask(PAIR),
    "PUT /v1/rates/{base}-{quoted}": Ask(PAIR, {"as_of": "2026-01-19T09:00:00+00:00"}),
    "POST /v1/merchants/{holder_id}/pricings": Ask({"holder_id": ref("holder mboga")}),
    "GET /v1/merchants/{holder_id}/pricings": Ask({"holder_id": ref("holder mboga")}),
    "GET /v1/settlements/statements/{day}": Ask(DAY),
    "POST /v1/refunds": Ask(body={"payment": ref("payment")}),
    "GET /v1/refunds/{refund_id}": Ask({"refund_id": ref("refund")}, by=("juma", "mboga")),
    "POST /v1/refunds/{refund_id}/declines": Ask({"refund_id": ref("waiting refund")}),
    "POST /v1/destinations/{destination_id}/confirmations": Ask(
        {"destination_id": ref("new destination")}, {"code": digits("destination code")}
    ),
    "POST /v1/destinations/{destination_id}/removals": Ask({"destination_id": ref("destination")}),
    "POST /v1/destinations/{destination_id}/defaults": Ask({"destination_id": ref("destination")}),
    "GET /v1/payouts": Ask(by=("mboga", "otieno")),
    "GET /v1/payouts/{payout_id}": Ask({"payout_id": ref("payout")}, by=("mboga", "otieno")),
    "POST /v1/collections": Ask(body={"code": digits("cash code", 8)}),
    "GET /v1/payout-batches/{batch_id}": Ask({"batch_id": ref("batch")}),
    "POST /v1/payout-batches/{batch_id}/releases": Ask({"batch_id": ref("batch")}),
    "POST /v1/payout-batches/{batch_id}/declines": Ask({"batch_id": ref("batch")}),
    "POST /callbacks/mtn-momo": Ask(TOKEN, {"externalId": ref("payout")}),
    "PUT /callbacks/mtn-momo": Ask(TOKEN, {"externalId": ref("payout")}),
    "GET /v1/bank/exceptions/{exception_id}": Ask({"exception_id": ref("exception")}),
    "POST /v1/bank/exceptions/{exception_id}/resolutions": Ask(
        {"exception_id": ref("exception")}, without=("payout",)
    ),
    "GET /v1/bulks/{bulk_id}": Ask({"bulk_id": ref("list")}),
    "POST /v1/bulks/{bulk_id}/confirmations": Ask({"bulk_id": ref("list")}),
    "GET /v1/bulks/{bulk_id}/errors": Ask({"bulk_id": ref("list")}),
    "GET /v1/bulks/{bulk_id}/rows": Ask({"bulk_id": ref("list")}),
    "GET /v1/approvals/{approval_id}": Ask({"approval_id": ref("approval")}),
    "POST /v1/approvals/{approval_id}/approvals": Ask({"approval_id": ref("approval")}),
    "POST /v1/approvals/{approval_id}/declines": Ask({"approval_id": ref("approval")}),
    "POST /sms/africastalking/report": Ask(TOKEN, {"id": "ATXid_1", "status": "Success"}),
    "POST /sms/africastalking/inbound": Ask(TOKEN, {"from": examples.RECEIVER, "text": "hello"}),
    "POST /ussd/africastalking": Ask(TOKEN, HOP),
    "POST /ussd/africastalking/ended": Ask(TOKEN, {**HOP, "status": "Success"}),
}


def with_examples(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with examples that work; nothing of what it promises is changed."""
    found: dict[str, Any] = deepcopy(dict(document))
    shown = dict(bodies(found))
    for item in found["paths"].values():
        of_all = item.pop("parameters", [])
        for operation in item.values():
            operation["parameters"] = [*deepcopy(of_all), *operation.get("parameters", [])]
    for name, operation in operations(found):
        ask = ASKS.get(name, Ask())
        for parameter in operation["parameters"]:
            if parameter["name"] in ask.at:
                parameter["schema"].pop("example", None)
                parameter["example"] = ask.at[parameter["name"]]
        contents = operation.get("requestBody", {}).get("content", {})
        if name in shown:
            content = contents[JSON]
            body = content.get("example")
            if body is None and "examples" in content:
                body = next(iter(content.pop("examples").values()))["value"]
            body = {**(shown[name] if body is None else body), **ask.body}
            content["example"] = {k: v for k, v in body.items() if k not in ask.without}
        elif FORM in contents:
            contents[FORM]["example"] = dict(ask.body)
    return found
