"""Who offers, who is offered to, and what a worker does when it is time."""

import pytest

from wallet.escrow.jobs import CONTRACTS
from wallet.ledger.due import TimerLoop


@pytest.fixture
def anna(town):
    return town.person("Anna", balance=20_000_000)


@pytest.fixture
def juma(town):
    return town.person("Juma", tier=0)


@pytest.fixture
def due(service):
    return TimerLoop(service.engine, service.poster, CONTRACTS)
