"""Look-ups of an event loop, asked in batches: while one is being answered, the next collects.

One round trip then serves all who wait. All of it happens on the loop: a thread that asks would
take turns with it for the interpreter, which costs a hop more than all that is done for it. There
is no timer: whoever asks alone is answered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

MOST: Final = 256

Question = TypeVar("Question")
Reply = TypeVar("Reply")


class BatchedLookups(Generic[Question, Reply]):
    """Answers questions of one event loop, many at a time.

    `answer` is called with the questions and returns as many replies; what it raises is raised to
    each who asked.
    """

    def __init__(self, answer: Callable[[Sequence[Question]], Awaitable[Sequence[Reply]]]) -> None:
        self._answer = answer
        self._waiting: list[tuple[Question, asyncio.Future[Reply]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Reply:
        """Return the reply to a question."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((question, future))
        if self._answering is None:
            self._answering = loop.create_task(self._answer_all())
        return await future

    async def _answer_all(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._reply(taken)
        finally:
            self._answering = None

    async def _reply(self, taken: Sequence[tuple[Question, asyncio.Future[Reply]]]) -> None:
        try:
            replies = await self._answer([question for question, _ in taken])
        except Exception as error:  # noqa: BLE001 -- whoever asked is told
            for _, future in taken:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), reply in zip(taken, replies, strict=True):
            if not future.done():  # else whoever asked has gone
                future.set_result(reply)
