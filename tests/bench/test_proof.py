from pathlib import Path

import pytest

from bench.cpu import Meter
from bench.proof import counted_wrongly, unbalanced
from bench.seeding import Population, seed
from bench.sites import Site
from wallet.running.settings import read_settings


@pytest.fixture
def site(own_services):
    population = Population(wallets=10, sends=30)
    seed(own_services.postgres, "bench_proved", population, read_settings({}).pin_keys[0])
    return Site("proved", "bench_proved", "http://127.0.0.1:9", Path(), population, "", Meter({}))


def test_payments_that_were_answered_have_to_be_in_the_books(own_services, site):
    assert list(counted_wrongly(own_services.postgres, site)) == []
    assert unbalanced(own_services.postgres, site) == []
    site.answered["send"] = 1000
    assert "answered 1000 times, but there are 0" in next(
        counted_wrongly(own_services.postgres, site)
    )
