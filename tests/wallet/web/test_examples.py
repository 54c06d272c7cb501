"""What is pasted from the document into a fresh demo town works."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.callers import sms_to
from tests.document import bodies
from tests.roles import owner_of
from wallet.clock import id_of
from wallet.people.tokens import Caller
from wallet.running.town import people
from wallet.running.town.seed import seed
from wallet.web import examples
from wallet.web.auth import ROLES, TOKENS

# Who the values belong to. What is left out needs something that is made first, such as a code.
EXAMPLES = {
    "POST /v1/sign-ins": None,
    "POST /v1/agents/registrations": "agent",
    "PATCH /v1/me": "consumer",
    "POST /v1/sends": "consumer",
    "POST /v1/payments": "consumer",
    "POST /v1/offers": "consumer",
    "POST /v1/claims": "consumer",
    "POST /v1/plans": "merchant",
    "POST /v1/cash-ins": "agent",
    "POST /v1/wallets": "consumer",
    "POST /v1/qr-codes": "merchant",
    "POST /v1/qr-codes/decode": "consumer",
    "POST /v1/quotes": "partner",
    "PUT /v1/prices/{base}-{quoted}": "maker",
    "PUT /v1/payouts/schedule": "merchant",
    "POST /v1/destinations": "merchant",
    "POST /v1/merchants": "operator",
    "POST /v1/agents": "operator",
    "POST /v1/partners": "operator",
    "PUT /v1/rates/{base}-{quoted}": "operator",
    "POST /v1/pin-changes": "consumer",
}
NEEDS_SOMETHING_MADE_FIRST = {
    "POST /v1/registrations": "a code from an SMS",
    "POST /v1/tokens": "a code from an SMS",
    "POST /v1/tokens/revoke": "a refresh token",
    "POST /v1/contracts/{contract_id}/releases": "a contract",
    "POST /v1/contracts/{contract_id}/returns": "a contract",
    "POST /v1/contracts/{contract_id}/disputes": "a contract",
    "POST /v1/disputes/{dispute_id}/answers": "a dispute",
    "POST /v1/disputes/{dispute_id}/acceptances": "a proposal",
    "POST /v1/disputes/{dispute_id}/decisions": "a dispute",
    "POST /v1/contracts/{contract_id}/declines": "an offer",
    "POST /v1/contracts/{contract_id}/extensions": "a contract",
    "POST /v1/contracts/{contract_id}/orders": "a contract",
    "POST /v1/contracts/{contract_id}/shipments": "a contract",
    "POST /v1/contracts/{contract_id}/deliveries": "a contract",
    "POST /v1/plans/{plan_id}/withdrawals": "a plan",
    "POST /v1/plans/{plan_id}/purchases": "a plan",
    "POST /v1/contracts/{contract_id}/visits": "a contract",
    "POST /v1/contracts/{contract_id}/visit-codes": "a contract",
    "POST /v1/visits": "a code",
    "POST /v1/quotes/{quote_id}/acceptances": "a quote",
    "POST /v1/payouts": "a settled payment",
    "POST /v1/destinations/{destination_id}/confirmations": "a code from an SMS",
    "POST /v1/destinations/{destination_id}/removals": "a destination",
    "POST /v1/destinations/{destination_id}/defaults": "a destination",
    "POST /v1/collections": "a code from an SMS",
    "POST /v1/payout-batches/{batch_id}/releases": "a batch that waits",
    "POST /v1/payout-batches/{batch_id}/declines": "a batch that waits",
    "POST /v1/bulks/{bulk_id}/confirmations": "a list",
    "POST /callbacks/mtn-momo": "a payout under way",
    "PUT /callbacks/mtn-momo": "a payout under way",
    "POST /v1/bank/exceptions/{exception_id}/resolutions": "something that waits",
    "POST /v1/deposits": "a holder's reference",
    "POST /v1/merchants/{holder_id}/pricings": "a holder's reference",
    "PATCH /v1/holders/{holder_id}": "a holder's reference",
    "POST /v1/refunds": "a payment",
    "POST /v1/refunds/{refund_id}/declines": "a refund that waits",
    "POST /v1/reversals": "a transaction",
    "POST /v1/approvals/{approval_id}/approvals": "something that waits",
    "POST /v1/approvals/{approval_id}/declines": "something that waits",
}
PEOPLE = {
    "consumer": people.JUMA,
    "agent": people.AMINA,
    "merchant": people.MBOGA,
    "operator": people.NEEMA,
}


@pytest.fixture
def town(service):
    return seed(service, owner_of(service))


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


def holder_of(service, role, clients):
    if role in PEOPLE:
        with service.engine.connect() as connection:
            found = text("SELECT id FROM holders WHERE msisdn = :msisdn")
            return connection.execute(found, {"msisdn": PEOPLE[role].msisdn}).scalar_one()
    name = people.HOUSE.name if role == "partner" else people.MAKERS[0].name
    return clients[name].holder_id


def test_every_body_has_an_example_and_is_tried_or_told_why_not(document):
    assert dict(bodies(document)).keys() == EXAMPLES.keys() | NEEDS_SOMETHING_MADE_FIRST.keys()


def test_each_example_does_what_it_says(app, service, town, document):
    client = app.test_client()
    found = dict(bodies(document))
    for name, role in EXAMPLES.items():
        method, path = name.split()
        headers = {"Idempotency-Key": str(uuid4())}
        if role is not None:
            caller = Caller(holder_of(service, role, town), frozenset({role}))
            headers["Authorization"] = f"Bearer {app.extensions[TOKENS].issue(caller)}"
        path = path.replace("{base}", "USD").replace("{quoted}", "KES")
        answer = client.open(path, method=method, json=found[name], headers=headers)
        assert answer.status_code < 300, (name, found[name], answer.json)


def test_the_people_of_the_examples_are_those_of_the_town():
    assert (people.JUMA.msisdn, people.JUMA.pin) == (examples.CUSTOMER, examples.CUSTOMER_PIN)
    assert (
        people.WANJIRU.msisdn,
        people.WANJIRU.name,
    ) == (examples.RECEIVER, examples.RECEIVER_NAME)
    assert people.WANJIRU.pin == examples.RECEIVER_PIN
    assert people.AMINA.pin == examples.AGENT_PIN
    assert (people.MBOGA.msisdn, people.MBOGA.pin) == (examples.MERCHANT, examples.MERCHANT_PIN)
    assert people.SHOPS[0].tills[0][0] == examples.TILL


def test_signing_in_by_the_document_works(client, service, town, document):
    found = dict(bodies(document))
    sign_in = client.post("/v1/sign-ins", json=found["POST /v1/sign-ins"]).json["sign_in"]
    code = sms_to(service, examples.CUSTOMER)[-1][:6]
    content = document["paths"]["/v1/tokens"]["post"]["requestBody"]["content"]
    example = content["application/json"]["examples"]["sign_in"]["value"]
    body = {**example, "sign_in": sign_in, "code": code}
    assert client.post("/v1/tokens", json=body).status_code == 200


def of(app, service, person, *roles):
    with service.engine.connect() as connection:
        found = text("SELECT id FROM holders WHERE msisdn = :msisdn")
        id_ = connection.execute(found, {"msisdn": person.msisdn}).scalar_one()
    token = app.extensions[TOKENS].issue(Caller(id_, frozenset(roles)))
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}


@pytest.mark.parametrize(
    ("made_by", "act", "by"),
    [
        ("POST /v1/offers", "declines", people.WANJIRU),
        ("POST /v1/offers", "releases", people.JUMA),
        ("POST /v1/payments", "returns", people.MBOGA),
    ],
)
def test_what_is_done_to_held_money_by_the_document_works(
    app, service, town, document, made_by, act, by
):
    client, found = app.test_client(), dict(bodies(document))
    headers = of(app, service, people.JUMA, "consumer")
    made = client.post(made_by.split()[1], json=found[made_by], headers=headers).json["contract"]
    body = found[f"POST /v1/contracts/{{contract_id}}/{act}"]
    headers = of(app, service, by, "consumer")
    answer = client.post(f"/v1/contracts/{made}/{act}", json=body, headers=headers)
    assert answer.status_code == 201, answer.json


def test_a_payout_by_the_document_goes_to_the_default_destination(app, service, town, document):
    client, found = app.test_client(), dict(bodies(document))
    payer = of(app, service, people.JUMA, "consumer")
    amount = {"amount": "500.00", "currency": "KES"}
    paid = {**found["POST /v1/payments"], "amount": amount}
    made = client.post("/v1/payments", json=paid, headers=payer).json["contract"]
    body = found["POST /v1/contracts/{contract_id}/releases"]
    payer = of(app, service, people.JUMA, "consumer")
    client.post(f"/v1/contracts/{made}/releases", json=body, headers=payer)
    merchant = of(app, service, people.MBOGA, "merchant")
    answer = client.post("/v1/payouts", json=found["POST /v1/payouts"], headers=merchant)
    assert answer.status_code == 201, answer.json


def test_the_banks_statement_of_the_document_is_taken(app, service, town, document):
    content = document["paths"]["/v1/bank/files"]["post"]["requestBody"]["content"]
    headers = of(app, service, people.NEEMA, "operator")
    headers["Content-Type"] = "application/xml"
    answer = app.test_client().post(
        "/v1/bank/files", data=content["application/xml"]["example"], headers=headers
    )
    assert (answer.status_code, answer.json.get("lines")) == (201, 1), answer.json


def test_two_of_the_town_work_for_the_operator(service, town):
    query = text("SELECT count(*) FROM operators")
    with service.engine.connect() as connection:
        assert connection.execute(query).scalar_one() == len(people.STAFF) == 2


def test_a_token_of_nobody_here_is_never_our_fault(app, town, document):
    """As after a restore: the key that signed it is still ours, its holder is not there."""
    client = app.test_client()
    found = dict(bodies(document))
    nobody = Caller(id_of("0000000000AB") or 0, frozenset(ROLES))
    token = app.extensions[TOKENS].issue(nobody)
    answers = {}
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            name = f"{method.upper()} {path}"
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
            filled = re.sub(r"\{[a-z_]+_id\}", "0000000000AC", path)
            answer = client.open(filled, method=method, json=found.get(name), headers=headers)
            answers[name] = answer.status_code
    assert {name: status for name, status in answers.items() if status >= 500} == {}
    assert answers["POST /v1/sends"] == 404
