"""The demo town's people, on a real ledger."""

import pytest
from sqlalchemy import text

from tests.roles import owner_of
from wallet.errors import Refused
from wallet.fx.pricing import Request, make_quote
from wallet.money import Money
from wallet.people.partners import check_client
from wallet.running.town.people import AMINA, HOUSE, JUMA, MAKERS, MBOGA, SHOPS, WANJIRU
from wallet.running.town.seed import seed
from wallet.running.town.shown import NOBODY
from wallet.web import examples


def count(service, table):
    with service.engine.connect() as connection:
        return connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()


def seed_town(service, **but):
    return seed(service, owner_of(service), **but)


def balance(service, msisdn):
    query = text("""
        SELECT a.balance_minor FROM accounts a JOIN holders h ON h.id = a.holder_id
         WHERE h.msisdn = :msisdn AND a.kind = 'wallet'
    """)
    with service.engine.connect() as connection:
        return connection.execute(query, {"msisdn": msisdn}).scalar_one()


def test_a_town_seeded_twice_is_the_same_town(service):
    seed_town(service)
    before = {table: count(service, table) for table in ("holders", "postings", "tills", "texts")}
    seed_town(service)
    assert {table: count(service, table) for table in before} == before


def test_customers_have_what_they_paid_in(service):
    seed_town(service)
    assert balance(service, WANJIRU.msisdn) == 1_200_000
    assert balance(service, JUMA.msisdn) == 2_000_000


def test_who_registers_themselves_is_left_out(service):
    seed_town(service, without=(WANJIRU,))
    query = text("SELECT count(*) FROM holders WHERE msisdn = :msisdn")
    with service.engine.connect() as connection:
        assert connection.execute(query, {"msisdn": WANJIRU.msisdn}).scalar_one() == 0


@pytest.mark.parametrize("firm", [HOUSE, *MAKERS], ids=lambda firm: firm.name)
def test_the_published_secret_of_a_firm_is_its_secret(service, firm):
    client_id = seed_town(service)[firm.name].client_id
    keys = service.settings.pin_keys
    with service.engine.connect() as connection:
        assert check_client(connection, client_id, firm.secret, keys)
        with pytest.raises(Refused):
            check_client(connection, client_id, "another", keys)


@pytest.mark.parametrize(
    ("receiver", "currency", "best"),
    [(JUMA.msisdn, "KES", "129.05"), ("+639171234567", "PHP", "58.30")],
)
def test_the_better_of_two_makers_is_taken(service, receiver, currency, best):
    partner = seed_town(service)[HOUSE.name].holder_id
    with service.engine.connect() as connection:
        bid = text("SELECT bid FROM maker_prices WHERE maker_id = :id AND quoted = :quoted")
        quote = make_quote(
            service.engine, service.markets, service.ids, service.clock.now(),
            Request(partner, receiver, "USD", currency, Money("USD", 10_000)),
        )  # fmt: skip
        asked = {"id": quote.maker_id, "quoted": currency}
        assert f"{connection.execute(bid, asked).scalar_one():.2f}" == best


def test_a_shop_holds_for_a_week_another_for_a_moment_and_one_not_at_all():
    periods = sorted(shop.period_s for shop in SHOPS)
    assert periods[0] == 0
    assert 0 < periods[1] < 60
    assert periods[2] == 7 * 86400


def test_the_examples_of_the_document_are_people_of_the_town():
    assert (JUMA.msisdn, JUMA.pin) == (examples.CUSTOMER, examples.CUSTOMER_PIN)
    assert (WANJIRU.msisdn, WANJIRU.name) == (examples.RECEIVER, examples.RECEIVER_NAME)
    assert (AMINA.pin, MBOGA.pin) == (examples.AGENT_PIN, examples.MERCHANT_PIN)
    assert examples.TILL in dict(SHOPS[0].tills)
    assert examples.NEWCOMER == NOBODY
