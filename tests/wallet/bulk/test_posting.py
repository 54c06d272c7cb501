"""Posting a list: each row exactly once, whatever happens in between."""

from tests.wallet.bulk.lists import csv_of, pay_list


def test_a_list_pays_everybody_on_it(town, service):
    farm = town.partner("Shamba Ltd", prefund=1_000_00, currency="KES")
    amina, juma = town.person("Amina"), town.person("Juma")
    pay_list(service, farm, csv_of((amina.msisdn, "100.00"), (juma.msisdn, "250.50")))
    assert (town.balance(amina), town.balance(juma)) == (100_00, 250_50)
    assert town.balance(farm, "prefund") == 1_000_00 - 350_50 - 2 * 5_00
    assert "You received KSh 250.50 from Shamba Ltd" in town.texts(juma)[-1]
