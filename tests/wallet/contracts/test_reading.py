"""Contracts are seen by those they concern."""

from wallet.contracts.reading import contract_of, contracts_of


def test_a_contract_is_seen_by_payer_and_payee_and_nobody_else(town):
    anna, eve, shop = town.person("Anna", balance=500_00), town.person(), town.merchant("Mary")
    contract_id = town.hold(anna, shop, 100_00)
    for party in (anna, shop):
        seen = contract_of(town.service.engine, party.id, contract_id)
        assert seen is not None
        assert (seen.payer_name, seen.payee_name) == ("Anna", "Duka Mary")
        assert seen.contract.held.minor == 100_00
    assert contract_of(town.service.engine, eve.id, contract_id) is None


def test_contracts_come_newest_first_from_both_sides_in_pages(town):
    mary, shop = town.merchant("Mary", balance=500_00), town.merchant("Njeri")
    anna = town.person(balance=500_00)
    ids = [town.hold(anna, mary, 1_00), town.hold(mary, shop, 2_00), town.hold(anna, mary, 3_00)]
    town.hold(anna, shop, 4_00)  # not hers
    first = contracts_of(town.service.engine, mary.id, limit=2)
    second = contracts_of(town.service.engine, mary.id, limit=2, before=first.next_cursor)
    assert [each.contract.id for each in first.items + second.items] == ids[::-1]
    assert second.next_cursor is None


def test_one_side_can_be_asked_for(town):
    mary, shop, anna = town.merchant(balance=500_00), town.merchant(), town.person(balance=500_00)
    taken, made = town.hold(anna, mary, 1_00), town.hold(mary, shop, 2_00)
    asked = [
        [each.contract.id for each in contracts_of(town.service.engine, mary.id, side=side).items]
        for side in ("payer", "payee")
    ]
    assert asked == [[made], [taken]]


def test_closed_contracts_can_be_left_out(town):
    anna, shop = town.person(balance=500_00), town.merchant()
    closed, held = town.hold(anna, shop, 1_00), town.hold(anna, shop, 2_00)
    town.release(anna, closed)
    found = contracts_of(town.service.engine, anna.id, only_open=True)
    assert [each.contract.id for each in found.items] == [held]
