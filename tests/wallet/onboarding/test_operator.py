"""The operator's staff."""

from uuid import uuid4

from wallet.onboarding import operator


def test_an_operator_is_made_of_a_holder(town):
    anna = town.person()
    command = operator.Command(0, uuid4(), anna.id)
    town.service.poster.post(operator.decide, command)
    assert town.sql("SELECT holder_id FROM operators") == [(anna.id,)]
