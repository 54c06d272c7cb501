"""Questions of an event loop are asked together, and each gets its own reply."""

import asyncio
import threading

import pytest

from ussd.batched_lookups import BatchedLookups


async def asked_at_once(lookups, questions):
    return await asyncio.gather(*map(lookups.ask, questions), return_exceptions=True)


def test_each_question_gets_its_own_reply():
    lookups = BatchedLookups[int, int]("squares", lambda asked: [each * each for each in asked])
    assert asyncio.run(asked_at_once(lookups, range(500))) == [each * each for each in range(500)]


def test_what_is_asked_meanwhile_is_asked_together():
    batches, busy = [], threading.Event()

    def answer(questions):
        batches.append(list(questions))
        busy.wait(10)
        return questions

    lookups = BatchedLookups("together", answer)

    async def main():
        first = asyncio.create_task(lookups.ask(0))
        while not batches:  # noqa: ASYNC110 -- a thread fills it
            await asyncio.sleep(0)
        others = [asyncio.create_task(lookups.ask(each)) for each in (1, 2, 3)]
        await asyncio.sleep(0)
        busy.set()
        await asyncio.gather(first, *others)

    asyncio.run(main())
    assert batches == [[0], [1, 2, 3]]


def test_an_error_reaches_all_who_asked_and_none_who_ask_later():
    def answer(questions):
        if "bad" in questions:
            raise LookupError("no")
        return questions

    lookups = BatchedLookups("errors", answer)
    (found,) = asyncio.run(asked_at_once(lookups, ["bad"]))
    assert isinstance(found, LookupError)
    assert asyncio.run(asked_at_once(lookups, ["good"])) == ["good"]


def test_who_has_gone_stops_nobody():
    going = threading.Event()

    def answer(questions):
        going.wait(10)
        return questions

    lookups = BatchedLookups("gone", answer)

    async def main():
        gone, stays = (asyncio.create_task(lookups.ask(each)) for each in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        going.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(main()) == 2
