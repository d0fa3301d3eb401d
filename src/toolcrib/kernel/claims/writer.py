"""The group-commit writer: many callers, one transaction, an answer for each after the commit.

While one batch is being written, the next gathers. Nobody is delayed on purpose: an idle writer starts at once,
and under load the batch grows to whatever came in while the write lock was somebody else's: this process's last
commit, or another process.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from toolcrib.kernel.claims.commands import Command, Group
from toolcrib.kernel.claims.groups import Outcome, carry_out
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.failure_words import database_failure
from toolcrib.kernel.problems import DatabaseUnavailable
from toolcrib.kernel.requester import Requester

log = structlog.get_logger()

# A batch ends when it holds this many commands, so that one commit stays short.
BATCH_COMMANDS = 1_000


class _Request(NamedTuple):
    group: Group
    answer: asyncio.Future[Outcome]


class ClaimWriter:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Added to by the event loop, taken from by whichever thread holds the write lock.
        self._waiting: deque[_Request] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, commands: Sequence[Command], by: Requester | None = None) -> list[Claim | None]:
        """Carry out `commands`, all or nothing. Returns after the commit. `by` is who asked, for the kind's hook.

        Raises:
            Problem: why the group was refused.
            DatabaseUnavailable: it was not committed, or nobody can tell (503).
        """
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(Group(commands, by), answer))
        if self._task is None:
            self._task = asyncio.create_task(self._write_until_empty(), name="claim-writer")
        outcome = await answer
        if outcome.problem is not None:
            raise outcome.problem
        return outcome.claims

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
        batch: list[_Request] = []
        try:
            outcomes = await self._transact(batch)
        except Exception as error:  # noqa: BLE001 - whoever waits for an answer gets this one
            if not batch:  # whoever came while we waited in vain for the lock has waited enough
                batch = self._all_waiting()
            if len(batch) > 1 and database_failure(error) is None:
                # One group poisons the batch (a value the database cannot store): let each answer for itself.
                for request in batch:
                    await self._write_alone(request)
            else:
                _refuse(batch, error)
            return
        _answer(batch, outcomes)

    async def _write_alone(self, request: _Request) -> None:
        batch = [request]
        try:
            outcomes = await self._transact(batch)
        except Exception as error:  # noqa: BLE001 - as above
            _refuse(batch, error)
        else:
            _answer(batch, outcomes)

    async def _transact(self, batch: list[_Request]) -> list[Outcome]:
        """Carry out `batch`, filled from those who wait if it is empty: once the write lock is held."""

        def work(connection: Connection, events: EventWriter) -> list[Outcome]:
            if not batch:
                self._fill(batch)
            groups = [request.group for request in batch]
            return carry_out(connection, events, groups, self._clock(), self._database.claim_hooks)

        outcomes: list[Outcome] = await self._database.group_write(work)
        return outcomes

    def _fill(self, batch: list[_Request]) -> None:
        size = 0
        while self._waiting:
            size += len(self._waiting[0].group.commands)
            if size > BATCH_COMMANDS and batch:
                return
            batch.append(self._waiting.popleft())

    def _all_waiting(self) -> list[_Request]:
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting


def _answer(batch: Sequence[_Request], outcomes: Sequence[Outcome]) -> None:
    for request, outcome in zip(batch, outcomes, strict=True):
        if not request.answer.done():  # the caller may have hung up
            request.answer.set_result(outcome)


def _refuse(batch: Sequence[_Request], error: Exception) -> None:
    log.error("claim_batch_failed", error=database_failure(error) or type(error).__name__, groups=len(batch))
    for request in batch:
        if not request.answer.done():
            request.answer.set_exception(
                DatabaseUnavailable("The database did not take the change. Try again.")
                if isinstance(error, SQLAlchemyError | OSError)
                else error
            )
