"""The group-commit writer of claims: for verbs whose whole effect is a claim and its event."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from toolcrib.kernel.claims.commands import Command, Group
from toolcrib.kernel.claims.groups import Outcome, carry_out
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.group_commits import GroupCommits, Request
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.requester import Requester

BATCH_COMMANDS = 1_000

Claims = list[Claim | None]


class ClaimWriter(GroupCommits[Group, Claims]):
    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__("claim-writer", BATCH_COMMANDS)
        self._database = database
        self._clock = clock

    async def submit(self, commands: Sequence[Command], by: Requester | None = None) -> Claims:
        """Carry out `commands`, all or nothing. Returns after the commit. `by` is who asked, for the kind's hook.

        Raises:
            Problem: why the group was refused.
            DatabaseUnavailable: it was not committed, or nobody can tell (503).
        """
        return await self.ask(Group(commands, by))

    def _size(self, asked: Group) -> int:
        return len(asked.commands)

    async def _transact(self, batch: list[Request[Group, Claims]]) -> list[Claims | Problem]:
        def work(connection: Connection, events: EventWriter) -> list[Outcome]:
            if not batch:
                self._fill(batch)
            groups = [request.asked for request in batch]
            hooks = self._database.claim_hooks
            return carry_out(connection, events, groups, self._clock(), hooks, is_last=True)

        outcomes: list[Outcome] = await self._database.group_write(work)
        return [outcome.problem or outcome.claims for outcome in outcomes]
