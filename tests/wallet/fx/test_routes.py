"""/v1/quotes: priced, shown to their partner, accepted once; and the makers' /v1/prices."""

from uuid import uuid4

import pytest

from tests.village import kes, money, ref

KEY = uuid4()


def usd(amount):
    return money(amount, "USD")


@pytest.fixture
def brian(village):
    return village.person("Brian Otieno")


@pytest.fixture
def maker(village):
    """Gives 128 shillings for a dollar; the reference rate is 129."""
    maker = village.maker(KES=10_000_000_00)
    village.rate("USD", "KES", "129")
    village.price(maker, "USD", "KES", "128", "130")
    return maker


@pytest.fixture
def partner(village, maker):
    return village.partner("Gulf Remit", prefund=1_000_00)


def ask(village, partner, receiver, usd=None, kes=None, **changes):
    """Ask for so many dollars to be turned into shillings, or for so many shillings."""
    sides = {"source": {"currency": "USD"}, "target": {"currency": "KES"}}
    if usd is not None:
        sides["source"]["amount"] = usd
    if kes is not None:
        sides["target"]["amount"] = kes
    body = {"receiver": receiver.msisdn, **sides, **changes}
    return village.as_(partner).post("/v1/quotes", body)


def accept(village, partner, quote, key=None, **changes):
    seen = {"source": quote["source"], "target": quote["target"]}
    body = {**seen, "sender_name": "Joy Otieno", **changes}
    path = f"/v1/quotes/{quote['reference']}/acceptances"
    return village.as_(partner).post(path, body, key=key or uuid4())


def test_a_quote_fixes_both_amounts_fee_margin_and_expiry(village, partner, brian):
    answer = ask(village, partner, brian, usd="100.00")
    assert answer.status_code == 201
    assert answer.json == {
        "reference": answer.json["reference"],
        "state": "open",
        "receiver": {"name": "BRIAN O.", "msisdn": brian.msisdn},
        "source": usd("100.00"),
        "fee": usd("0.00"),
        "margin": usd("0.50"),
        "target": kes("12736.00"),
        "rate": "127.36",
        "quoted_at": "2026-01-05T09:00:00+00:00",
        "expires_at": "2026-01-05T09:02:00+00:00",
        "accepted_at": None,
    }


def test_a_source_currency_without_a_tariff_is_free(village, partner, maker):
    assert ("USD", "top_up") not in village.service.markets["TH"].tariffs
    village.rate("USD", "THB", "35")
    village.issue(maker.id, "maker", 10_000_00, "THB")
    village.price(maker, "USD", "THB", "35", "36")
    somchai = village.person(market="TH")
    body = {"receiver": somchai.msisdn, "source": usd("10.00"), "target": {"currency": "THB"}}
    answer = village.as_(partner).post("/v1/quotes", body)
    assert answer.json["fee"] == usd("0.00")


def test_a_fixed_target_is_what_arrives(village, partner, brian):
    answer = ask(village, partner, brian, kes="12736.00")
    assert (answer.json["source"], answer.json["target"]) == (usd("100.00"), kes("12736.00"))


def test_a_small_quote_pays_the_price_and_a_margin(village, partner, brian):
    bought = ask(village, partner, brian, kes="1.93").json  # USD 0.0151 at the price
    paid = ask(village, partner, brian, usd="0.99").json
    assert (bought["source"], bought["margin"]) == (usd("0.03"), usd("0.01"))
    assert (paid["margin"], paid["target"]) == (usd("0.01"), kes("125.44"))  # 0.98 at the price


def test_an_accepted_quote_credits_the_receiver_at_once(village, partner, brian, maker):
    quote = ask(village, partner, brian, usd="100.00").json
    answer = accept(village, partner, quote)
    assert (answer.status_code, answer.json["target"]) == (201, kes("12736.00"))
    assert answer.json["quote"] == quote["reference"]
    assert village.balance(brian) == 12_736_00
    assert village.balance(partner, "prefund", "USD") == 900_00
    assert village.balance(maker, "maker", "USD") == 99_50
    seen = village.as_(partner).get(f"/v1/quotes/{quote['reference']}").json
    assert (seen["state"], seen["accepted_at"]) == ("accepted", village.now.isoformat())


def test_a_quote_is_used_once_and_its_key_replays(village, partner, brian):
    quote = ask(village, partner, brian, usd="100.00").json
    first = accept(village, partner, quote, KEY)
    with village.unchanged():
        again = accept(village, partner, quote, KEY)
        other = accept(village, partner, quote)
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert (other.status_code, other.json["code"]) == (409, "quote_used")


def test_an_expired_quote_moves_nothing(village, partner, brian):
    quote = ask(village, partner, brian, usd="100.00").json
    village.service.clock.advance(120)
    with village.unchanged():
        assert accept(village, partner, quote).json["code"] == "quote_has_expired"
    seen = village.as_(partner).get(f"/v1/quotes/{quote['reference']}").json
    assert seen["state"] == "expired"


def test_a_changed_amount_moves_nothing(village, partner, brian):
    quote = ask(village, partner, brian, usd="100.00").json
    with village.unchanged():
        for changes in ({"source": usd("99.99")}, {"target": kes("12736.01")}):
            answer = accept(village, partner, quote, **changes)
            assert (answer.status_code, answer.json["code"]) == (409, "quote_changed")


def test_somebody_elses_quote_does_not_exist(village, partner, brian):
    other = village.partner("Other", prefund=1_000_00)
    quote = ask(village, partner, brian, usd="100.00").json
    with village.unchanged():
        seen = village.as_(other).get(f"/v1/quotes/{quote['reference']}")
        taken = accept(village, other, quote)
    assert (seen.status_code, seen.json["code"]) == (404, "quote_unknown")
    assert (taken.status_code, taken.json) == (404, seen.json)


def test_a_quote_lives_no_longer_than_the_makers_price(village, brian):
    maker = village.maker(KES=10_000_000_00)
    village.rate("USD", "KES", "129")
    village.price(maker, "USD", "KES", "128", "130", lifetime_s=30)
    quote = ask(village, village.partner(prefund=1_00), brian, usd="1.00").json
    assert quote["expires_at"] == "2026-01-05T09:00:30+00:00"


def test_a_stale_reference_rate_stops_quotes(village, partner, brian, maker):
    age_s = village.service.markets["KE"].reference_rate_max_age_s
    village.service.clock.advance(age_s)
    village.sql("UPDATE maker_prices SET expires_at = :later", later=village.now.replace(year=2027))
    assert ask(village, partner, brian, usd="1.00").status_code == 201
    village.service.clock.advance(1)
    with village.unchanged():
        answer = ask(village, partner, brian, usd="1.00")
    assert (answer.status_code, answer.json["code"]) == (409, "reference_rate_stale")


def test_without_a_price_that_can_be_filled_there_is_no_quote(village, partner, brian, maker):
    too_much = ask(village, partner, brian, kes="10000000.01")
    village.sql("DELETE FROM maker_prices")
    with village.unchanged():
        nobody = ask(village, partner, brian, usd="1.00")
    assert [each.json["code"] for each in (too_much, nobody)] == ["no_price", "no_price"]


def test_a_quote_below_the_least_names_it(village, partner):
    maker = village.maker(USD=1_000_00)
    village.price(maker, "USD", "KES", "128", "130")
    anna = village.person()
    village.open_account(anna.id, "wallet", "USD")
    body = {"receiver": anna.msisdn, "source": kes("0.10"), "target": {"currency": "USD"}}
    with village.unchanged():
        answer = village.as_(partner).post("/v1/quotes", body)
    assert answer.json["code"] == "less_than_transaction_min_value"
    assert answer.json["minimum"] == kes("1.31")


def test_a_partner_keeps_no_more_than_its_prefund_could_pay(village, partner, brian):
    first = ask(village, partner, brian, usd="600.00").json
    with village.unchanged():
        refused = ask(village, partner, brian, usd="400.01")
        alone = ask(village, partner, brian, usd="1000.01")
    assert (refused.status_code, refused.json["code"]) == (422, "open_quotes_exceed_prefund")
    assert (refused.json["needed"], refused.json["quoted"]) == ("400.01", "600.00")
    assert (alone.status_code, alone.json["code"]) == (422, "insufficient_funds")
    cancelled = village.as_(partner).call("DELETE", f"/v1/quotes/{first['reference']}")
    assert (cancelled.status_code, cancelled.data) == (204, b"")
    assert ask(village, partner, brian, usd="1000.00").status_code == 201
    assert accept(village, partner, first).json["code"] == "quote_has_expired"


def test_a_quote_that_cannot_be_cancelled_stays(village, partner, brian):
    quote = ask(village, partner, brian, usd="1.00").json
    accept(village, partner, quote)
    path, other = f"/v1/quotes/{quote['reference']}", village.partner()
    with village.unchanged():
        answers = [village.as_(each).call("DELETE", path) for each in (partner, other)]
    assert [(each.status_code, each.json["code"]) for each in answers] == [
        (409, "quote_used"), (404, "quote_unknown"),
    ]  # fmt: skip


BAD_REQUESTS = (
    ({"receiver": "+254711999999"}, "receiver_unknown"),
    ({"receiver": "hello"}, "phone_malformed"),
    ({"source": {"currency": "USD"}}, "format_error"),
    ({"target": {"currency": "KES", "amount": "1.00"}}, "format_error"),
    ({"target": {"currency": "USD"}}, "format_error"),
    ({"target": None}, "format_error"),
    ({"target": {"currency": "XXX"}}, "currency_not_supported"),
    ({"target": {"currency": "THB"}}, "no_wallet_in_currency"),
    ({"source": {"currency": "XXX", "amount": "1.00"}}, "currency_not_supported"),
    ({"source": {"currency": "USD", "amount": "0"}}, "amount_not_positive"),
    ({"source": {"currency": "USD", "amount": "1.001"}}, "amount_too_precise"),
    ({"source": {"currency": "USD", "amount": 1.5}}, "amount_malformed"),
    ({"source": {"currency": "USD", "amount": "9999999999999.99"}}, "no_price"),
    ({"source": usd("1.00") | {"tip": 1}}, "format_error"),
    ({"tip": 1}, "format_error"),
)


def test_a_request_that_cannot_be_priced_is_refused(village, partner, brian):
    with village.unchanged():
        for changes, code in BAD_REQUESTS:
            body = {"receiver": brian.msisdn, "source": usd("1.00"), "target": {"currency": "KES"}}
            answer = village.as_(partner).post("/v1/quotes", body | changes)
            assert (changes, answer.json["code"]) == (changes, code)


def test_a_frozen_receiver_is_neither_quoted_nor_credited(village, partner, brian):
    quote = ask(village, partner, brian, usd="1.00").json
    village.set_status(brian, "frozen")
    with village.unchanged():
        answers = ask(village, partner, brian, usd="1.00"), accept(village, partner, quote)
    assert [each.json["code"] for each in answers] == ["receiver_frozen"] * 2


def test_only_a_partner_asks_for_quotes(village, brian, maker):
    anna = village.person()
    with village.unchanged():
        for other in (village.as_(anna), village.as_(maker, "maker")):
            assert other.post("/v1/quotes", {}).json["code"] == "forbidden"


# Makers' prices ----------------------------------------------------------------------------------


def a_price(**changes):
    return {"bid": "128.50", "ask": "129.60", "size": usd("500.00"), "lifetime_s": 60, **changes}


def put(village, maker, pair="USD-KES", **changes):
    return village.as_(maker, "maker").call("PUT", f"/v1/prices/{pair}", a_price(**changes))


def test_a_maker_posts_replaces_and_withdraws_a_price(village, maker):
    answer = put(village, maker)
    assert (answer.status_code, answer.json["bid"], answer.json["ask"]) == (200, "128.5", "129.6")
    assert answer.json["size"] == usd("500.00")
    assert answer.json["expires_at"] == "2026-01-05T09:01:00+00:00"
    first = village.as_(maker, "maker").call("DELETE", "/v1/prices/USD-KES")
    again = village.as_(maker, "maker").call("DELETE", "/v1/prices/USD-KES")
    assert (first.status_code, again.status_code) == (204, 404)


BAD_PRICES = (
    ({"bid": 128.5}, "format_error"),
    ({"bid": "NaN"}, "format_error"),
    ({"bid": "-1"}, "format_error"),
    ({"bid": "0"}, "format_error"),
    ({"bid": "129.61"}, "format_error"),
    ({"size": kes("500.00")}, "format_error"),
    ({"size": usd("0")}, "amount_not_positive"),
    ({"lifetime_s": 0}, "period_out_of_range"),
    ({"lifetime_s": 60.5}, "format_error"),
    ({"lifetime_s": 2**62}, "period_out_of_range"),
    ({"tip": 1}, "format_error"),
    ({"pair": "USD-USD"}, "format_error"),
    ({"pair": "XXX-KES"}, "currency_not_supported"),
)


def test_a_price_that_makes_no_sense_changes_nothing(village, maker):
    with village.unchanged():
        for changes, code in BAD_PRICES:
            answer = put(village, maker, **changes)
            assert (changes, answer.status_code, answer.json["code"]) == (changes, 422, code)


def own(village, maker):
    return village.as_(maker, "maker").get("/v1/prices").json["items"]


def unused(village, maker):
    (found,) = own(village, maker)
    return found["bid_unused"], found["ask_unused"]


# The reference is 129.00 and the band 3 % of it: 125.13 to 132.87, the ends included.
OUT_OF_BAND = (
    ({"bid": "125.129999999999", "ask": "129.00"}, "bid"),
    ({"bid": "129.00", "ask": "132.870000000001"}, "ask"),
    ({"bid": "200.00", "ask": "201.00"}, "bid"),
    ({"bid": "0.01", "ask": "129.00"}, "bid"),
)


def test_a_price_outside_the_band_is_refused_by_its_ends_and_changes_nothing(village, maker):
    with village.unchanged():
        for changes, side in OUT_OF_BAND:
            answer = put(village, maker, **changes)
            assert (answer.status_code, answer.json["code"]) == (422, "price_out_of_band"), changes
            told = {name: answer.json[name] for name in ("field", "lowest", "highest", "reference")}
            assert told == {
                "field": side, "lowest": "125.13", "highest": "132.87", "reference": "129",
            }  # fmt: skip
            assert f"lowest: {told['lowest']} highest: {told['highest']}" in answer.json["detail"]


def test_a_price_at_the_ends_of_the_band_is_taken_and_used(village, partner, brian, maker):
    village.sql("DELETE FROM maker_prices")
    answer = put(village, maker, bid="125.13", ask="132.87")
    assert (answer.status_code, answer.json["bid_unused"]) == (200, None)
    assert ask(village, partner, brian, usd="1.00").status_code == 201


def test_the_ends_of_a_band_that_no_decimal_hits_can_be_posted(village, maker):
    village.rate("KES", "USD", "0.0077")
    refused = put(village, maker, bid="1", ask="1").json
    ends = {"bid": refused["lowest"], "ask": refused["highest"]}
    assert put(village, maker, **ends).status_code == 200, refused


def test_a_price_that_falls_out_of_the_band_says_so_when_it_is_read_back(village, maker):
    assert put(village, maker, bid="128.50", ask="129.60").status_code == 200
    village.rate("USD", "KES", "132.50")  # the band begins at 128.525
    (found,) = own(village, maker)
    assert (found["bid_unused"], found["ask_unused"]) == ("out_of_band", "no_inventory")
    assert found["band"] == {
        "lowest": "128.525", "highest": "136.475", "reference": "132.5",
        "as_of": "2026-01-05T09:00:00+00:00",
    }  # fmt: skip


def test_each_side_of_a_price_tells_why_no_quote_uses_it(village):
    maker = village.maker(KES=100_00)
    village.rate("USD", "KES", "129.00")
    assert put(village, maker).json["ask_unused"] == "no_inventory"
    village.issue(maker.id, "maker", 1_00, "USD")
    assert unused(village, maker) == (None, None)
    village.set_status(maker, "frozen")
    assert unused(village, maker) == ("not_active",) * 2
    village.set_status(maker, "active")
    village.sql("UPDATE reference_rates SET as_of = :then", then=village.now.replace(year=2025))
    assert unused(village, maker) == ("reference_rate_stale",) * 2
    assert put(village, maker, bid="1", ask="1").status_code == 200  # nobody knows better
    village.owner_sql("DELETE FROM reference_rates")
    assert unused(village, maker) == ("no_reference_rate",) * 2
    assert own(village, maker)[0]["band"] is None


def test_a_side_whose_inventory_open_quotes_keep_says_so_until_they_are_over(
    village, partner, brian
):
    village.sql("DELETE FROM maker_prices")
    maker = village.maker(KES=253_44)  # what USD 2.00 deliver
    put(village, maker, bid="128.00", lifetime_s=600)
    assert ask(village, partner, brian, usd="1.00").status_code == 201
    assert unused(village, maker) == (None, "no_inventory")
    asked = ask(village, partner, brian, usd="1.00")
    assert unused(village, maker) == ("inventory_promised", "no_inventory")
    refused = ask(village, partner, brian, kes="1.28")
    assert refused.json["code"] == "no_price"
    village.as_(partner).call("DELETE", f"/v1/quotes/{asked.json['reference']}")
    assert unused(village, maker) == (None, "no_inventory")
    assert ask(village, partner, brian, usd="1.00").status_code == 201
    village.service.clock.advance(119)
    assert unused(village, maker) == ("inventory_promised", "no_inventory")
    village.service.clock.advance(1)  # nobody has asked since
    assert unused(village, maker) == (None, "no_inventory")


def test_a_maker_reads_back_their_own_live_prices_alone(village, maker):
    other = village.maker(KES=100_00)
    village.sql("DELETE FROM maker_prices")
    posted = put(village, maker, lifetime_s=60).json
    assert own(village, maker) == [posted]
    assert own(village, other) == []
    village.service.clock.advance(60)
    assert own(village, maker) == []


def test_quotes_of_a_reference_that_is_none_are_not_found(village, partner):
    for path in ("x", ref(1), "U" * 12):
        assert village.as_(partner).get(f"/v1/quotes/{path}").status_code == 404
