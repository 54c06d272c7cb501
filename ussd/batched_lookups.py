"""Look-ups of an event loop, asked in batches: while one is being answered, the next collects.

One round trip then serves all who wait, and the loop and the thread that asks take turns once for
many instead of once for each. There is no timer: whoever asks alone is answered at once.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

MOST: Final = 256

Question = TypeVar("Question")
Reply = TypeVar("Reply")
Waiting = tuple[Question, "asyncio.Future[Reply]"]


class BatchedLookups(Generic[Question, Reply]):
    """Answers questions of one event loop, many at a time, in a thread of its own.

    `answer` is called in that thread with the questions and returns as many replies; what it
    raises is raised to each who asked.
    """

    def __init__(self, name: str, answer: Callable[[Sequence[Question]], Sequence[Reply]]) -> None:
        self._waiting: queue.SimpleQueue[Waiting[Question, Reply] | None] = queue.SimpleQueue()
        weakref.finalize(self, self._waiting.put, None)
        threading.Thread(target=_run, args=(self._waiting, answer), name=name, daemon=True).start()

    async def ask(self, question: Question) -> Reply:
        """Return the reply to a question."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.put((question, future))
        return await future


def _run(
    waiting: queue.SimpleQueue[Waiting[Question, Reply] | None],
    answer: Callable[[Sequence[Question]], Sequence[Reply]],
) -> None:
    while (first := waiting.get()) is not None:
        taken = [first]
        while len(taken) < MOST and not waiting.empty():
            found = waiting.get()  # nobody else takes any
            if found is None:
                waiting.put(None)
                break
            taken.append(found)
        futures = [future for _, future in taken]
        try:
            replies: Sequence[Reply] | Exception = answer([question for question, _ in taken])
        except Exception as error:  # noqa: BLE001 -- whoever asked is told
            replies = error
        loop = futures[0].get_loop()
        if not loop.is_closed():  # else the server has stopped: nobody waits any more
            loop.call_soon_threadsafe(_tell, futures, replies)


def _tell(futures: Sequence[asyncio.Future[Reply]], replies: Sequence[Reply] | Exception) -> None:
    if isinstance(replies, Exception):
        for future in futures:
            if not future.done():
                future.set_exception(replies)
        return
    for future, reply in zip(futures, replies, strict=True):
        if not future.done():  # else whoever asked has gone
            future.set_result(reply)
