"""/v1/wallets: one's own balances and statements, and another currency."""

from uuid import uuid4

from tests.village import kes, ref


def test_all_my_accounts_are_listed_and_nobody_elses(village):
    agent = village.agent(float_minor=90_00, balance=10_00)
    items = village.as_(agent).get("/v1/wallets").json["items"]
    assert [(each["kind"], each["balance"]) for each in items] == [
        ("float", kes("90.00")),
        ("wallet", kes("10.00")),
    ]
    assert items[1]["reference"] == village.wallet(agent)


def test_a_partner_sees_its_prefund(village):
    partner = village.partner(prefund=1_000_00)
    (item,) = village.as_(partner).get("/v1/wallets").json["items"]
    assert (item["kind"], item["balance"]) == ("prefund", {"amount": "1000.00", "currency": "USD"})


def test_a_statement_is_newest_first_in_pages(village):
    anna, brian = village.person(balance=500_00), village.person("Brian")
    sent = village.send(anna, brian, 200_00)
    path = f"/v1/wallets/{village.wallet(anna)}/entries?limit=1"
    first = village.as_(anna).get(path).json
    second = village.as_(anna).get(f"{path}&before={first['next']}").json
    assert first["items"] == [
        {
            "reference": ref(village.id_in(sent)),
            "kind": "send",
            "amount": kes("-207.00"),
            "balance": kes("293.00"),
            "counterpart": "Brian",
            "original": None,
            "posted_at": village.now.isoformat(),
        }
    ]
    assert [each["counterpart"] for each in second["items"]] == ["Agent Cashier"]
    assert second["next"] is None


def test_anothers_statement_does_not_exist(village):
    anna, brian = village.person(balance=500_00), village.person()
    answer = village.as_(brian).get(f"/v1/wallets/{village.wallet(anna)}/entries")
    nothing = village.as_(brian).get("/v1/wallets/000000000001/entries")
    assert (answer.status_code, answer.json) == (404, nothing.json)


def test_the_operators_own_accounts_are_nobodys(village):
    anna = village.person(balance=500_00)
    ((trust,),) = village.sql("SELECT id FROM accounts WHERE kind = 'trust'")
    assert village.as_(anna).get(f"/v1/wallets/{ref(trust)}/entries").status_code == 404


def open_wallet(village, person, currency, key=None):
    return village.as_(person).post("/v1/wallets", {"currency": currency}, key=key or uuid4())


def test_a_wallet_opens_in_another_currency_of_the_market(village):
    anna, key = village.person(), uuid4()
    first = open_wallet(village, anna, "USD", key)
    again = open_wallet(village, anna, "USD", key)
    assert (first.status_code, first.json["currency"]) == (201, "USD")
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    currencies = [
        each["balance"]["currency"] for each in village.as_(anna).get("/v1/wallets").json["items"]
    ]
    assert currencies == ["KES", "USD"]


def test_money_can_be_sent_between_new_wallets(village):
    anna, brian = village.person(), village.person()
    for person in (anna, brian):
        open_wallet(village, person, "USD")
    village.pay_in(anna, 20_00, "USD")
    assert village.send(anna, brian, 5_00, "USD").answer["balance"]["amount"] == "14.95"


def test_a_wallet_that_may_not_be_is_not_opened(village):
    anna, shut = village.person(), village.person()
    village.set_status(shut, "frozen")
    cases = (
        (anna, "KES", 409, "incorrect_state"),
        (anna, "THB", 422, "currency_not_supported"),
        (anna, "XXX", 422, "currency_not_supported"),
        (anna, 17, 422, "format_error"),
        (shut, "USD", 403, "sender_frozen"),
    )
    with village.unchanged():
        for person, currency, status, code in cases:
            answer = open_wallet(village, person, currency)
            assert (currency, answer.status_code, answer.json["code"]) == (currency, status, code)
