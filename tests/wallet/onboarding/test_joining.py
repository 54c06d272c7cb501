"""What all who join have in common."""

from uuid import uuid4

import pytest

from tests.wallet.onboarding.test_agent import an_agent
from tests.wallet.onboarding.test_merchant import a_merchant
from wallet.errors import Code, Refused
from wallet.onboarding import operator
from wallet.onboarding.records import holder_id_of


def test_a_shut_or_unknown_holder_becomes_nothing(town):
    anna = town.person()
    for status, code in (("frozen", Code.RECEIVER_FROZEN), ("closed", Code.RECEIVER_CLOSED)):
        town.set_status(anna, status)
        for onboarding in (an_agent, a_merchant):
            with pytest.raises(Refused) as refusal:
                onboarding(town, anna)
            assert refusal.value.code is code
    command = operator.Command(0, uuid4(), 17)
    with pytest.raises(Refused) as refusal:
        town.service.poster.post(operator.decide, command)
    assert refusal.value.code is Code.RECEIVER_UNKNOWN


def test_a_number_leads_to_its_holder(town):
    anna = town.person()
    assert holder_id_of(town.service.engine, anna.msisdn) == anna.id
    assert holder_id_of(town.service.engine, "+254711999999") is None
