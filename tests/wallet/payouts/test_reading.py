"""Payouts are seen by their merchant."""

from wallet.payouts.reading import payout_of, payouts_of


def test_a_payout_is_its_merchants_alone_and_hides_the_bank_account(town):
    anna, shop, other = town.person(balance=900_00), town.merchant(period_s=0), town.merchant()
    town.pay(anna, shop, 500_00)
    payout_id = town.id_in(town.payout(shop, 100_00))
    seen = payout_of(town.service.engine, shop.id, payout_id)
    assert seen is not None
    assert (seen.amount.minor, seen.state) == (100_00, "requested")
    assert "4567" in seen.destination
    assert "1234567" not in seen.destination
    assert payout_of(town.service.engine, other.id, payout_id) is None


def test_payouts_come_newest_first_in_pages(town):
    anna, shop = town.person(balance=900_00), town.merchant(period_s=0)
    town.pay(anna, shop, 500_00)
    ids = [town.id_in(town.payout(shop, minor)) for minor in (10_00, 20_00, 30_00)]
    first = payouts_of(town.service.engine, shop.id, limit=2)
    second = payouts_of(town.service.engine, shop.id, first.next_cursor, limit=2)
    assert [each.id for each in first.items + second.items] == ids[::-1]
    assert (len(first.items), second.next_cursor) == (2, None)
