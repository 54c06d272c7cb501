"""Who may call what: every route, every role. A route without a row here fails.

Each object's own rule, that only those whom it concerns find it, is tested with its route.
"""

import pytest

from wallet.web.auth import ROLES

ANYBODY = None
SIGNED_IN = set(ROLES)

WHO = {
    "POST /v1/registrations": ANYBODY,  # a code proves the number
    "POST /v1/agents/registrations": {"agent"},
    "POST /v1/sign-ins": ANYBODY,
    "POST /v1/tokens": ANYBODY,  # a code and a PIN, a token or a secret prove who
    "POST /v1/tokens/revoke": ANYBODY,  # the token itself proves it
    "GET /v1/me": SIGNED_IN,
    "PATCH /v1/me": SIGNED_IN,
    "GET /v1/names/<msisdn>": SIGNED_IN,
    "POST /v1/pin-changes": {"consumer"},
    "POST /v1/sends": {"consumer"},
    "POST /v1/payments": {"consumer"},
    "GET /v1/contracts": {"consumer"},
    "GET /v1/contracts/<reference:contract_id>": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/releases": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/returns": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/disputes": {"consumer"},
    "GET /v1/contracts/<reference:contract_id>/disputes": {"consumer", "operator"},
    "GET /v1/contracts/<reference:contract_id>/timeline": {"consumer", "operator"},
    "GET /v1/disputes": {"operator"},
    "GET /v1/disputes/<reference:dispute_id>": {"consumer", "operator"},
    "POST /v1/disputes/<reference:dispute_id>/answers": {"consumer"},
    "POST /v1/disputes/<reference:dispute_id>/acceptances": {"consumer"},
    "POST /v1/disputes/<reference:dispute_id>/decisions": {"operator"},
    "POST /v1/contracts/<reference:contract_id>/declines": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/extensions": {"consumer"},
    "POST /v1/offers": {"consumer"},
    "POST /v1/claims": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/orders": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/shipments": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/deliveries": {"consumer"},
    "GET /v1/contracts/<reference:contract_id>/trade": {"consumer"},
    "GET /v1/contracts/<reference:contract_id>/customs": {"consumer"},
    "POST /v1/plans": {"merchant"},
    "GET /v1/plans": {"consumer"},
    "GET /v1/plans/<reference:plan_id>": {"consumer"},
    "POST /v1/plans/<reference:plan_id>/withdrawals": {"merchant"},
    "POST /v1/plans/<reference:plan_id>/purchases": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/visits": {"consumer"},
    "POST /v1/contracts/<reference:contract_id>/visit-codes": {"consumer"},
    "POST /v1/visits": {"merchant"},
    "POST /v1/cash-ins": {"agent"},
    "GET /v1/wallets": SIGNED_IN,
    "POST /v1/wallets": {"consumer"},
    "GET /v1/wallets/<reference:account_id>/entries": SIGNED_IN,
    "GET /v1/transactions": SIGNED_IN,
    "GET /v1/transactions/<reference:posting_id>": SIGNED_IN,
    "POST /v1/qr-codes": {"merchant"},
    "POST /v1/qr-codes/decode": {"consumer"},
    "GET /v1/tills/<number>/qr.png": ANYBODY,  # it hangs on the wall
    "GET /v1/tills/<number>/qr.svg": ANYBODY,
    "POST /v1/quotes": {"partner"},
    "GET /v1/quotes/<reference:quote_id>": {"partner"},
    "DELETE /v1/quotes/<reference:quote_id>": {"partner"},
    "POST /v1/quotes/<reference:quote_id>/acceptances": {"partner"},
    "POST /v1/bulks": {"consumer", "partner"},
    "GET /v1/bulks": {"consumer", "partner"},
    "GET /v1/bulks/<reference:bulk_id>": {"consumer", "partner"},
    "POST /v1/bulks/<reference:bulk_id>/confirmations": {"consumer", "partner"},
    "GET /v1/bulks/<reference:bulk_id>/errors": {"consumer", "partner"},
    "GET /v1/bulks/<reference:bulk_id>/rows": {"consumer", "partner"},
    "POST /v1/payouts": {"merchant"},
    "GET /v1/payouts": {"merchant"},
    "GET /v1/payouts/<reference:payout_id>": {"merchant"},
    "GET /v1/payouts/schedule": {"merchant"},
    "PUT /v1/payouts/schedule": {"merchant"},
    "GET /v1/destinations": {"merchant"},
    "POST /v1/destinations": {"merchant"},
    "POST /v1/destinations/<reference:destination_id>/confirmations": {"merchant"},
    "POST /v1/destinations/<reference:destination_id>/removals": {"merchant"},
    "POST /v1/destinations/<reference:destination_id>/defaults": {"merchant"},
    "POST /v1/collections": {"agent"},
    "GET /v1/payout-batches": {"operator"},
    "GET /v1/payout-batches/exceptions": {"operator"},
    "GET /v1/payout-batches/<reference:batch_id>": {"operator"},
    "POST /v1/payout-batches/<reference:batch_id>/releases": {"operator"},
    "POST /v1/payout-batches/<reference:batch_id>/declines": {"operator"},
    "GET /v1/prices": {"maker"},
    "PUT /v1/prices/<base>-<quoted>": {"maker"},
    "DELETE /v1/prices/<base>-<quoted>": {"maker"},
    "POST /v1/merchants": {"operator"},
    "POST /v1/merchants/<reference:holder_id>/pricings": {"operator"},
    "GET /v1/merchants/<reference:holder_id>/pricings": {"operator"},
    "GET /v1/settlements/balance": {"merchant"},
    "GET /v1/settlements/terms": {"merchant"},
    "GET /v1/settlements/statements/<day>": {"merchant"},
    "POST /v1/agents": {"operator"},
    "POST /v1/partners": {"operator"},
    "POST /v1/deposits": {"operator"},
    "PATCH /v1/holders/<reference:holder_id>": {"operator"},
    "PUT /v1/rates/<base>-<quoted>": {"operator"},
    "POST /v1/refunds": {"merchant"},
    "GET /v1/refunds": {"merchant"},
    "GET /v1/refunds/<reference:refund_id>": {"consumer", "merchant"},
    "POST /v1/refunds/<reference:refund_id>/declines": {"operator"},
    "POST /v1/reversals": {"operator"},
    "GET /v1/approvals": {"operator"},
    "GET /v1/approvals/<reference:approval_id>": {"operator"},
    "POST /v1/approvals/<reference:approval_id>/approvals": {"operator"},
    "POST /v1/approvals/<reference:approval_id>/declines": {"operator"},
    "POST /v1/bank/files": {"operator"},
    "GET /v1/bank/statements": {"operator"},
    "GET /v1/bank/payouts": {"operator"},
    "GET /v1/bank/exceptions": {"operator"},
    "GET /v1/bank/exceptions/<reference:exception_id>": {"operator"},
    "POST /v1/bank/exceptions/<reference:exception_id>/resolutions": {"operator"},
    "GET /health/live": ANYBODY,
    "GET /health/ready": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/assets/<path:filename>": ANYBODY,
    "GET /errors": ANYBODY,
    "POST /sms/africastalking/report": ANYBODY,  # the secret in the address is another guard
    "POST /sms/africastalking/inbound": ANYBODY,
    "POST /ussd/africastalking": ANYBODY,
    "POST /ussd/africastalking/ended": ANYBODY,
    "POST /callbacks/mtn-momo": ANYBODY,  # likewise, and it only makes us ask
    "PUT /callbacks/mtn-momo": ANYBODY,
    "GET /dev/inbox/<msisdn>": ANYBODY,  # only in development
}
SHUT_OUT = {"unauthenticated", "token_expired", "forbidden"}


def routes(app):
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}", method, filled(app, rule)


def filled(app, rule):
    """The route's address with something plausible in its gaps."""
    values = dict.fromkeys(rule.arguments, 7 if "reference" in rule.rule else "x")
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values, method=None)


def answered(client, method, path, token=None):
    """The code of the answer, where it is one that shuts a caller out."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with client.open(path, method=method, headers=headers) as answer:
        found = answer.json if answer.is_json else {}
        code = found.get("code") if isinstance(found, dict) else None
        return code if code in SHUT_OUT else "let in"


def test_every_route_has_a_row(app):
    assert {name for name, _, _ in routes(app)} == WHO.keys()


def test_without_a_token_only_what_is_anybody_s_is_open(app, client):
    found = {name: answered(client, method, path) for name, method, path in routes(app)}
    assert found == {
        name: "let in" if roles is ANYBODY else "unauthenticated" for name, roles in WHO.items()
    }


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_call_what_is_its_own_and_no_more(app, client, callers, role):
    somebody = callers.person()
    token = callers.as_role(somebody.holder_id, "", "", frozenset({role})).token
    found = {name: answered(client, method, path, token) for name, method, path in routes(app)}
    assert found == {
        name: "let in" if roles is ANYBODY or role in roles else "forbidden"
        for name, roles in WHO.items()
    }


def test_a_token_without_roles_opens_only_what_everybody_signed_in_may(app, client, callers):
    somebody = callers.person()
    token = callers.as_role(somebody.holder_id, "", "", frozenset()).token
    found = {name: answered(client, method, path, token) for name, method, path in routes(app)}
    assert found == {
        name: "let in" if roles is ANYBODY or roles is SIGNED_IN else "forbidden"
        for name, roles in WHO.items()
    }


def test_an_expired_token_opens_nothing(app, client, callers, clock):
    somebody = callers.person("Amina Odhiambo", *ROLES[1:4])
    clock.advance(minutes=10)
    for name, method, path in routes(app):
        expected = "let in" if WHO[name] is ANYBODY else "token_expired"
        assert (name, answered(client, method, path, somebody.token)) == (name, expected)
