"""What is due: tried, left alone for a while where it was refused, and done before it is seen."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from wallet.errors import Code, Refused, Unavailable
from wallet.ledger.due import Timer, TimerLoop, outcomes, up_to_date
from wallet.ledger.poster import Poster

ONE = text("""
    SELECT 7 AS id
     WHERE cast(:now AS timestamptz) IS NOT NULL AND 7 <> ALL(cast(:resting AS bigint[]))
     LIMIT :limit
""")
MINUTE = timedelta(minutes=1)
LATE = Refused(Code.CONTRACT_CLOSED)
NO = Refused(Code.INSUFFICIENT_FUNDS)


@dataclass
class Act:
    """All that is asked of a command here."""

    id: int

    @property
    def key(self):
        return UUID(int=self.id)


class Scripted(Poster):
    """A poster that answers each command with what stands for its id, and remembers them."""

    def __init__(self, **errors):
        self.errors = {int(name[1:]): error for name, error in errors.items()}
        self.tried = []

    def submit_all(self, commands):
        ids = [command.id for _, command in commands]
        self.tried += ids
        return [Answer(self.errors.get(id_)) for id_ in ids]


@dataclass
class Answer:
    error: Exception | None

    def wait(self):
        if self.error is not None:
            raise self.error


def due(*ids):
    return [(None, Act(id_)) for id_ in ids]


def a_loop(engine, poster):
    timer = Timer(
        "thing", ONE, lambda row: due(row.id)[0], frozenset({Code.CONTRACT_CLOSED}), MINUTE
    )
    return TimerLoop(engine, poster, timer)


def test_one_that_is_refused_rests_twice_as_long_each_time_up_to_its_longest(engine, clock):
    loop, rests = a_loop(engine, Scripted(_7=NO)), []
    for _ in range(9):
        assert loop.step(clock.now()) == 1
        began = clock.now()
        while not loop._find(clock.advance(1), 1, {}):
            pass
        rests.append((clock.now() - began).seconds)
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_one_that_somebody_was_quicker_with_does_not_rest_and_is_no_news(engine, clock, caplog):
    loop = a_loop(engine, Scripted(_7=LATE))
    assert (loop.step(clock.now()), loop.step(clock.now())) == (1, 1)
    assert caplog.text == ""


@pytest.mark.parametrize(("error", "reason"), [(NO, "insufficient_funds"), (KeyError(), "KeyErr")])
def test_one_that_is_refused_is_news_once(engine, clock, caplog, error, reason):
    loop = a_loop(engine, Scripted(_7=error))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            loop.step(clock.advance(60))
    (told,) = caplog.messages
    assert reason in told


def test_what_has_not_been_found_for_long_is_forgotten(engine, clock):
    loop = a_loop(engine, Scripted(_7=NO))
    loop.step(clock.now())
    loop._forget(clock.advance(days=1))
    assert loop._rests == {}


def test_what_fails_stops_no_other_but_an_outage_ends_it_all():
    assert outcomes(Scripted(_1=NO), due(1, 2)) == [NO, None]
    with pytest.raises(Unavailable):
        outcomes(Scripted(_1=Unavailable("away")), due(1, 2))


def test_what_is_due_is_done_before_it_is_seen_and_what_that_brings_into_view_too():
    poster = Scripted()
    seen = up_to_date(poster, lambda: len(poster.tried), lambda done: due(*range(done + 1)))
    assert (seen, poster.tried) == (3, [0, 1, 2])


def test_what_cannot_be_done_is_tried_once_by_who_looks_and_seen_as_it_stands():
    poster = Scripted(_1=NO, _2=KeyError())
    assert up_to_date(poster, lambda: "open", lambda _: due(1, 2)) == "open"
    assert poster.tried == [1, 2]
