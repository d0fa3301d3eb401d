"""Changing thousands of claims, all or none, in pieces that leave others time at the write lock.

Each piece is a transaction, and between two pieces others take and release what they like. So others may see a part
of the change before the whole, but none is left half done: see `planned_releases`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import TypeVar
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.claims import planned_releases, queries, service
from toolcrib.kernel.claims.commands import Acquire, Group
from toolcrib.kernel.claims.models import Claim, Holder
from toolcrib.kernel.claims.planned_releases import LEASE, Ending, Piece
from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database, take_write_lock
from toolcrib.kernel.long_answers import Turns
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.spelling import folded

log = structlog.get_logger()

Item = TypeVar("Item")

GIVEN_UP = "The change took too long. What it had taken is being released again. Try again in a moment."
CARRIED_ON = "The change took too long to wait for. The server is releasing the rest of it."

# So many claims change in one transaction, with so many characters in their keys: some ten milliseconds, and the wait
# for the disk. A key is written several times: with its claim, with its event, and into their indexes.
PIECE, PIECE_LENGTH = 500, 64 * 1024
# How often a call looks whether another one of the same person has ended.
LOOK_SECONDS = 0.1

# Returns the fences and keys of the claims that are to be released, under the write lock, or raises why none is.
Find = Callable[[AsyncSession, datetime], Awaitable[Sequence[tuple[int, str]]]]


def in_pieces(items: Sequence[Item], key_of: Callable[[Item], str]) -> list[list[Item]]:
    """Return `items`, divided into what may change in one transaction."""
    found: list[list[Item]] = []
    length = 0
    for item in items:
        its = len(key_of(item))
        if not found or len(found[-1]) == PIECE or length + its > PIECE_LENGTH:
            found.append([])
            length = 0
        found[-1].append(item)
        length += its
    return found


def _place(command: Acquire) -> tuple[str, str]:
    """Where a command comes in the order that all calls keep, so that of two for the same things one gets them all.
    Keys that differ only in case may stand in each other's way, so they come together."""
    return folded(command.ref.key), command.ref.key


class ClaimPieces:
    """The pieces of several calls take turns, so that a person's single change waits for one piece at most."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._turns = Turns(at_once=1)

    async def take(
        self, holder: Holder, commands: Sequence[Acquire], may_go_on: Callable[[], Awaitable[None]]
    ) -> list[Claim]:
        """Take all of what `commands` ask for, or none of it. `may_go_on` is asked before each further piece; it raises
        if the caller's rights have ended meanwhile.

        Raises:
            Problem: why it was refused.
            ChangeInterrupted: the server stood still meanwhile; all is being released again (503).
        """
        parts = in_pieces(sorted(commands, key=_place), lambda each: each.ref.key)
        if len(parts) <= 1:
            async with self.database.write() as session:
                return await self._take(session, commands)
        name, undoing = str(uuid4()), Ending(holder.uuid, holder.username)
        taken: dict[str, Claim] = {}
        try:
            for number, part in enumerate(parts):
                if number:
                    await may_go_on()
                async with self._turns.turn(holder.uuid), self.database.write() as session:
                    due_at = self.clock() + LEASE
                    if number:
                        await planned_releases.postpone(session, name, due_at, number, GIVEN_UP)
                    new = await self._take(session, part)
                    if number < len(parts) - 1:
                        fences = [claim.fence for claim in new]
                        await planned_releases.plan(session, name, undoing, [(number, fences)], due_at)
                    else:
                        await planned_releases.forget(session, name)
                taken.update((claim.digest, claim) for claim in new)
        except Problem:
            if taken:
                await self._carry_out(name, holder.uuid)
            raise
        return [taken[each.ref.digest] for each in commands]

    async def release(self, ending: Ending, find: Find) -> list[Claim]:
        """Release what `find` finds. If that is much, it is certain from the moment when it was found: what ends
        otherwise, or passes on, before its piece comes is not released again.

        Raises:
            Problem: why none is.
            ChangeInterrupted: the server stood still meanwhile; another process releases the rest (503).
        """
        name = str(uuid4())
        async with self.database.write() as session:
            await take_write_lock(session)
            now = self.clock()
            found = in_pieces(await find(session, now), itemgetter(1))
            parts = [(number, [fence for fence, _ in piece]) for number, piece in enumerate(found)]
            if len(parts) <= 1:
                fences = parts[0][1] if parts else []
                claims = await queries.by_fences(session, fences, now=now)
                together = [ending.of(claims[fence]) for fence in fences if fence in claims]
                ended = await service.run_group(session, together, now=now) if together else []
                return [claim for claim in ended if claim is not None]
            await planned_releases.plan(session, name, ending, parts, now + LEASE)
        released: list[Claim] = []
        for left in range(len(parts), 0, -1):
            async with self._turns.turn(ending.asked_by), self.database.write() as session:
                await planned_releases.postpone(session, name, self.clock() + LEASE, left, CARRIED_ON)
                piece = await planned_releases.next_piece(session, name)
                released += await self._release(session, piece) if piece else []
        return released

    async def settle(self, uuid: str) -> bool:
        """Wait for the calls of a person that are under way, and end what a crash left of one. Returns whether there
        was any."""
        found = False
        until = asyncio.get_running_loop().time() + 2 * LEASE.total_seconds()
        while asyncio.get_running_loop().time() < until:
            async with self.database.read() as session:
                if not await planned_releases.of_person(session, uuid):
                    break
            found = True
            await self.end_lapsed(self.clock())
            await asyncio.sleep(LOOK_SECONDS)
        return found

    async def end_lapsed(self, now: datetime) -> None:
        """Release what was planned by calls that nobody carries on with."""
        async with self.database.read() as session:
            lapsed = await planned_releases.due(session, now)
        for name in lapsed:
            log.warning("planned_releases_carried_out", plan=name)
            await self._carry_out(name, "", now)

    async def _carry_out(self, name: str, person: str, due_at: datetime | None = None) -> None:
        """Release what the plan has left. With `due_at`, as long as nobody carries on with it after all."""
        done = False
        while not done:
            async with self._turns.turn(person), self.database.write() as session:
                await take_write_lock(session)
                piece = await planned_releases.next_piece(session, name, due_at)
                if piece is not None:
                    await self._release(session, piece)
                done = piece is None

    async def _take(self, session: AsyncSession, commands: Sequence[Acquire]) -> list[Claim]:
        found = await service.run_group(session, commands, now=self.clock())
        return [claim for claim in found if claim is not None]

    async def _release(self, session: AsyncSession, piece: Piece) -> list[Claim]:
        """Release those that are still held. One that is refused stops no other."""
        now = self.clock()
        found = await queries.by_fences(session, piece.fences, now=now)
        groups = [Group([piece.ending.of(found[fence])]) for fence in piece.fences if fence in found]
        outcomes = await service.run_groups(session, groups, now=now) if groups else []
        return [claim for each in outcomes for claim in each.claims if claim is not None]
