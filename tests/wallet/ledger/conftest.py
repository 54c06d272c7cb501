"""Two people, and another process of the same service."""

import pytest

from tests.town import Town, started


@pytest.fixture
def amina(town):
    return town.person("Amina", balance=10_000)


@pytest.fixture
def juma(town):
    return town.person("Juma")


@pytest.fixture
def other_town(service, town, database_url, redis_url, clock):
    """Another process of the same service."""
    with started(database_url, redis_url, clock) as other:
        yield Town(other)
