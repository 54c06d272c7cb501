"""Questions of an event loop are asked together, and each gets its own reply."""

import asyncio

import pytest

from ussd.batched_lookups import MOST, BatchedLookups


async def asked_at_once(lookups, questions):
    return await asyncio.gather(*map(lookups.ask, questions), return_exceptions=True)


def test_each_question_gets_its_own_reply():
    async def squares(asked):
        return [each * each for each in asked]

    lookups = BatchedLookups[int, int](squares)
    questions = range(2 * MOST)
    assert asyncio.run(asked_at_once(lookups, questions)) == [each * each for each in questions]


def test_what_is_asked_meanwhile_is_asked_together():
    batches = []

    async def main():
        is_free = asyncio.Event()

        async def answer(questions):
            batches.append(list(questions))
            await is_free.wait()
            return questions

        lookups = BatchedLookups(answer)
        first = asyncio.create_task(lookups.ask(0))
        while not batches:  # noqa: ASYNC110 -- a task fills it
            await asyncio.sleep(0)
        others = [asyncio.create_task(lookups.ask(each)) for each in (1, 2, 3)]
        await asyncio.sleep(0)
        is_free.set()
        await asyncio.gather(first, *others)

    asyncio.run(main())
    assert batches == [[0], [1, 2, 3]]


def test_no_more_is_asked_at_once_than_may_be():
    sizes = []

    async def answer(questions):
        sizes.append(len(questions))
        return questions

    asyncio.run(asked_at_once(BatchedLookups(answer), range(MOST + 1)))
    assert sizes == [MOST, 1]


def test_an_error_reaches_all_who_asked_and_none_who_ask_later():
    async def answer(questions):
        if "bad" in questions:
            raise LookupError("no")
        return questions

    lookups = BatchedLookups(answer)
    found = asyncio.run(asked_at_once(lookups, ["bad", "worse"]))
    assert [type(each) for each in found] == [LookupError, LookupError]
    assert asyncio.run(asked_at_once(lookups, ["good"])) == ["good"]


def test_who_has_gone_stops_nobody():
    async def main():
        going = asyncio.Event()

        async def answer(questions):
            await going.wait()
            return questions

        lookups = BatchedLookups(answer)
        gone, stays = (asyncio.create_task(lookups.ask(each)) for each in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        going.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(main()) == 2
