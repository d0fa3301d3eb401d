"""Group commits: many callers, one transaction, an answer for each after the commit.

While one batch is being written, the next gathers. Nobody is delayed on purpose: an idle writer starts at once,
and under load the batch grows to whatever came in while the write lock was somebody else's: this process's last
commit, or another process.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.failure_words import database_failure
from toolcrib.kernel.problems import DatabaseUnavailable, Problem

log = structlog.get_logger()

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class Request(Generic[Asked, Answer]):
    """What one caller asked for, and where the answer goes."""

    asked: Asked
    answer: asyncio.Future[Answer | Problem]


class GroupCommits(ABC, Generic[Asked, Answer]):
    """`name` is for logs. A batch ends when it is as large as `most`, so that one commit stays short."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        # Added to by the event loop, taken from by whichever thread holds the write lock.
        self._waiting: deque[Request[Asked, Answer]] = deque()
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def _transact(self, batch: list[Request[Asked, Answer]]) -> Sequence[Answer | Problem]:
        """Carry out `batch` in one transaction, filled by `_fill` if it is empty: once the write lock is held. Return
        an answer for each, after the commit."""

    def _size(self, asked: Asked) -> int:
        del asked
        return 1

    async def ask(self, asked: Asked) -> Answer:
        """Have `asked` carried out. Returns after the commit.

        Raises:
            Problem: why it was refused.
            DatabaseUnavailable: it was not committed, or nobody can tell (503).
        """
        answer: asyncio.Future[Answer | Problem] = asyncio.get_running_loop().create_future()
        self._waiting.append(Request(asked, answer))
        if self._task is None:
            self._task = asyncio.create_task(self._write_until_empty(), name=self._name)
        found = await answer
        if isinstance(found, Problem):
            raise found
        return found

    async def close(self) -> None:
        """Finish what was submitted."""
        if self._task is not None:
            await self._task

    async def _write_until_empty(self) -> None:
        try:
            while self._waiting:
                await self._write()
        finally:
            self._task = None

    async def _write(self) -> None:
        batch: list[Request[Asked, Answer]] = []
        try:
            answers = await self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets this one
            if not batch:  # whoever came while we waited in vain for the lock has waited enough
                batch = self._all_waiting()
            if len(batch) > 1 and database_failure(error) is None:
                # One of them poisons the batch (a value the database cannot store): let each answer for itself.
                for request in batch:
                    await self._write_alone(request)
            else:
                self._refuse(batch, error)
            return
        _answer(batch, answers)

    async def _write_alone(self, request: Request[Asked, Answer]) -> None:
        batch = [request]
        try:
            answers = await self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whoever waits for this answer gets it
            self._refuse(batch, error)
        else:
            _answer(batch, answers)

    def _fill(self, batch: list[Request[Asked, Answer]]) -> None:
        size = 0
        while self._waiting:
            size += self._size(self._waiting[0].asked)
            if size > self._most and batch:
                return
            batch.append(self._waiting.popleft())

    def _all_waiting(self) -> list[Request[Asked, Answer]]:
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _refuse(self, batch: Sequence[Request[Asked, Answer]], error: Exception) -> None:
        why = database_failure(error) or type(error).__name__
        log.error("batch_failed", writer=self._name, error=why, groups=len(batch))
        for request in batch:
            if not request.answer.done():
                request.answer.set_exception(
                    DatabaseUnavailable("The database did not take the change. Try again.")
                    if isinstance(error, SQLAlchemyError | OSError)
                    else error
                )


def _answer(batch: Sequence[Request[Asked, Answer]], answers: Sequence[Answer | Problem]) -> None:
    for request, answer in zip(batch, answers, strict=True):
        if not request.answer.done():  # the caller may have hung up
            request.answer.set_result(answer)
