"""Batches above the limit: released by two operators, declined by one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.facts import KEY, NOW, refusal, some_facts
from wallet.errors import Code
from wallet.payouts.batch_records import BatchDecided, PayoutBatch
from wallet.payouts.release_batch import Decline, Release, decide_decline, decide_release

BATCH, NEEMA, OTIENO = 77, 5, 6
SECOND = timedelta(seconds=1)
A_BATCH = PayoutBatch(BATCH, "bank", "KE", "KES", 2, 20_000, "waiting_approval", NOW + SECOND)
RELEASE, DECLINE = Release(NEEMA, KEY, BATCH, OTIENO), Decline(NEEMA, KEY, BATCH, "not ours")

both = pytest.mark.parametrize(
    ("decide", "command"), [(decide_release, RELEASE), (decide_decline, DECLINE)]
)


def the_facts(**changes):
    return some_facts(records=[replace(A_BATCH, **changes)])


def test_one_operator_alone_releases_nothing():
    alone = replace(RELEASE, approved_by=None)
    assert refusal(decide_release, alone, the_facts()).code is Code.APPROVAL_NEEDED


def test_a_second_operator_releases_it():
    decision = decide_release(RELEASE, the_facts())
    assert decision.rows == (BatchDecided(A_BATCH, "released", OTIENO, NOW),)
    assert decision.answer["total"] == {"amount": "200.00", "currency": "KES"}


def test_one_operator_declines_it_with_a_reason():
    decision = decide_decline(DECLINE, the_facts())
    assert decision.rows == (BatchDecided(A_BATCH, "declined", NEEMA, NOW),)
    assert decision.answer["reason"] == "not ours"


@both
@pytest.mark.parametrize("state", ["released", "sent", "declined"])
def test_what_was_decided_stays_so(decide, command, state):
    refused = refusal(decide, command, the_facts(state=state))
    assert (refused.code, refused.facts) == (Code.INCORRECT_STATE, {"state": state})


@both
def test_at_its_time_it_has_lapsed(decide, command):
    assert refusal(decide, command, the_facts(next_at=NOW)).facts == {"state": "lapsed"}


@both
def test_an_unknown_batch_is_not_found(decide, command):
    assert refusal(decide, command, some_facts()).code is Code.NOT_FOUND
