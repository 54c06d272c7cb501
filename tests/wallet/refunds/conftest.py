"""A shop, and somebody who pays there."""

import pytest

from tests.wallet.refunds.shop import a_shop


@pytest.fixture
def shop(town):
    return a_shop(town, name="Mary")


@pytest.fixture
def payer(town):
    return town.person("Anna", balance=500_00)
