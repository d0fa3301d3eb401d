"""Who gets which machines, and who gives theirs back, decided for many requests in one transaction.

The requests that arrive while one batch is being written are the next one (`kernel.group_commits`). A batch reads the
pool once, under the write lock, so that nothing that it goes by changes before the commit. Each request is then decided
as if it had come alone, in the order of their arrival: what those before it were given or promised is not free.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from toolcrib.kernel.claims.changes import Hooks
from toolcrib.kernel.claims.commands import Group
from toolcrib.kernel.claims.groups import carry_out
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.database import after_commit, take_write_lock
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.group_commits import GroupCommits, Request
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.requester import Requester
from toolcrib.machines.errors import BookedThen, NotEnoughMachines
from toolcrib.machines.hook import WORK_JOB
from toolcrib.machines.models import State
from toolcrib.machines.pool import pool_of
from toolcrib.machines.reservation_views import ReservationRead
from toolcrib.machines.service import managing, told
from toolcrib.machines.service.fairness import Want, free_beside, is_open
from toolcrib.machines.service.fleet import Machine, WouldDo, fleet_of
from toolcrib.machines.service.reading import holds_in, jump_hosts_in
from toolcrib.machines.service.reserving import Patience, Terms, acquiring, new_row, rows_of, shares_of
from toolcrib.machines.service.showing import shown
from toolcrib.machines.service.wanted import (
    Waiting,
    check_enough_exist,
    check_wanted,
    obstacle,
    queue_of,
    would_do_of,
)
from toolcrib.machines.wanted import Wanted
from toolcrib.settings import Settings

# A commit stays short, and so does its answer.
BATCH = 200


@dataclass(frozen=True, slots=True)
class Reserve:
    """Hold machines for `me`, or with `patience` stand in the queue for them. It ends unless it is confirmed by
    `confirm_by`. What is promised to people in the queue is not free for anybody else; nor is what is booked for a part
    of the time.

    Refused with:
        MachineNotFound: (404).
        UnknownTag, BadTags: (400).
        LimitReached: (409).
        TooFewMachines: fewer exist, so that waiting is no use (409).
        NotEnoughMachines: fewer are free, and the caller does not wait (409; `too_few` where a contract differs, also
            in place of TooFewMachines).
        BookedThen: so are enough, but some are booked before the end (409).
    """

    me: Principal
    by: Requester
    wanted: Wanted
    terms: Terms
    patience: Patience | None = None
    too_few: type[NotEnoughMachines] = NotEnoughMachines
    confirm_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """End a reservation, leave the queue, or cancel a booking. Refused as `managing.give_back` says."""

    me: Principal
    by: Requester
    reservation_id: str
    reason: str | None


class Decisions:
    """The decisions of this process. Races with those of others are the database's to decide: see decision 1."""

    def __init__(self, kernel: Kernel) -> None:
        self._reserving = _Reserving(kernel)
        self._giving_back = _GivingBack(kernel)

    async def reserve(self, wish: Reserve) -> ReservationRead | str:
        """Return the reservation, after the commit; of one that waits its id.

        Raises:
            Problem: it was refused.
            DatabaseUnavailable: it was not committed, or nobody can tell (503).
        """
        return await self._reserving.ask(wish)

    async def give_back(self, wish: GiveBack) -> ReservationRead:
        """Return the reservation as it then is, after the commit. Raises what `reserve` does."""
        return await self._giving_back.ask(wish)

    async def close(self) -> None:
        await self._reserving.close()
        await self._giving_back.close()


def decisions_of(kernel: Kernel) -> Decisions:
    """Return those of this process."""
    decisions: Decisions = pool_of(kernel).decisions
    return decisions


class _GivingBack(GroupCommits[GiveBack, ReservationRead]):
    def __init__(self, kernel: Kernel) -> None:
        super().__init__("machines-given-back", BATCH)
        self._kernel = kernel

    async def _transact(
        self, batch: list[Request[GiveBack, ReservationRead]]
    ) -> list[ReservationRead | Problem]:
        kernel, now = self._kernel, self._kernel.clock()
        answers: list[ReservationRead | Problem] = []
        async with kernel.database.write() as session:
            await take_write_lock(session)
            if not batch:
                self._fill(batch)
            for wish in (request.asked for request in batch):
                try:
                    await managing.give_back(
                        session, wish.me, wish.by, wish.reservation_id, wish.reason, now=now
                    )
                    row = await managing.find(session, wish.me, wish.reservation_id)
                    answers += await shown(session, kernel.settings, [row], now)
                except Problem as problem:
                    answers.append(problem)
            after_commit(session, lambda: kernel.jobs.nudge(WORK_JOB))
        return answers


class _Reserving(GroupCommits[Reserve, ReservationRead | str]):
    def __init__(self, kernel: Kernel) -> None:
        super().__init__("machines-reserved", BATCH)
        self._kernel = kernel

    async def _transact(
        self, batch: list[Request[Reserve, ReservationRead | str]]
    ) -> list[ReservationRead | str | Problem]:
        kernel = self._kernel
        hooks = kernel.database.claim_hooks

        def work(connection: Connection, events: EventWriter) -> list[ReservationRead | str | Problem]:
            if not batch:
                self._fill(batch)
            pool = _Pool(connection, events, kernel.settings, [each.asked for each in batch], kernel.clock())
            events.nudges.add(WORK_JOB)
            return pool.decide(hooks)

        answers: list[ReservationRead | str | Problem] = await kernel.database.group_write(work)
        return answers


class _Pool:
    """The pool as one batch sees it: as it was read, less what the batch has given away."""

    def __init__(
        self,
        connection: Connection,
        events: EventWriter,
        settings: Settings,
        wishes: Sequence[Reserve],
        now: datetime,
    ) -> None:
        self._connection, self._events, self._settings, self._now = connection, events, settings, now
        self._wishes = wishes
        fleet = fleet_of(connection)
        self._registered, self._booked = fleet.registered, fleet.booked_times()
        queue: list[Waiting] = []
        if fleet.somebody_waits:
            open_projects = settings.unknown_projects == "open"
            queue = queue_of(connection, self._registered.machines, open_projects=open_projects)
        self._line = [(each.row.priority, each.want) for each in queue]
        self._shares = shares_of(
            connection, settings, {wish.me.uuid for wish in wishes}, [each.row for each in queue]
        )
        self._idle = set(self._registered.in_service.difference(fleet.ends))
        self._would_do: dict[int, tuple[WouldDo, list[Machine]]] = {}  # by the identity of the former
        self._checked: set[Hashable] = set()
        # What is to be written: rows of reservations, and the claims of those that wait for nothing.
        self._rows: dict[str, dict[str, Any]] = {}
        self._grants: dict[str, Group] = {}
        self._look()

    def decide(self, hooks: Hooks) -> list[ReservationRead | str | Problem]:
        """Return each reservation, of one that waits the id, or why there is none."""
        found = [self._answer(wish) for wish in self._wishes]
        groups = list(self._grants.values())
        outcomes = carry_out(self._connection, self._events, groups, self._now, hooks, is_last=True)
        refused = {  # by the claim itself, which is held though the machine seemed free
            id_: outcome.problem
            for id_, outcome in zip(self._grants, outcomes, strict=True)
            if outcome.problem is not None
        }
        made = [row for id_, row in self._rows.items() if id_ not in refused]
        if made:
            self._events.rows.append(rows_of(made))
        self._events.write_events(self._connection)
        views = self._views([id_ for id_ in self._grants if id_ not in refused])
        answers: list[ReservationRead | str | Problem] = []
        for outcome in found:
            if isinstance(outcome, Problem):
                answers.append(outcome)
            elif outcome in refused:
                answers.append(refused[outcome])
            elif outcome in views:
                answers.append(views[outcome])
            else:
                answers.append(outcome)
        return answers

    def _views(self, ids: Sequence[str]) -> dict[str, ReservationRead]:
        held = holds_in(self._connection, ids)
        jumps = jump_hosts_in(self._connection, [each for of in held.values() for each in of])
        names = {wish.me.uuid: wish.me.username for wish in self._wishes}
        return {
            id_: ReservationRead.of(SimpleNamespace(**self._rows[id_]), held[id_], names, self._now, jumps)
            for id_ in ids
        }

    def _answer(self, wish: Reserve) -> str | Problem:
        try:
            return self._decide(wish)
        except Problem as problem:
            return problem

    def _look(self) -> None:
        """Find out what is free for whoever does not wait."""
        self._free = free_beside([want for _, want in self._line], self._idle, self._booked, self._now)

    def _decide(self, wish: Reserve) -> str:
        """Return the id of the reservation. Raises what `Reserve` says."""
        now, me, terms, share = self._now, wish.me, wish.terms, self._shares[wish.me.uuid]
        would_do, free = self._find(wish)
        wanted = share.allows(self._settings, me, wish.wanted, waits=wish.patience is not None)
        end = now + timedelta(seconds=terms.seconds)
        chosen: list[Machine] = []
        for machine in free:
            if machine.id in self._free and is_open(self._booked, machine.id, now, end):
                chosen.append(machine)
                if len(chosen) == wanted.count:
                    break
        if len(chosen) < wanted.at_least and wish.too_few is NotEnoughMachines:
            check_enough_exist(wanted, would_do, me)
        id_ = str(uuid4())
        row = new_row(id_, me, wanted, terms, now)
        if len(chosen) >= wanted.at_least:
            row |= {"ends_at": end, "starts_at": now, "reminded_at": now, "confirm_by": wish.confirm_by}
            commands = acquiring(id_, terms.login, me.holder, chosen, terms.purpose, end)
            self._grants[id_] = Group(commands, wish.by)
            self._give({machine.id for machine in chosen})
            share.held += len(chosen)
        elif wish.patience is None:
            raise self._too_few(wish, wanted, free, chosen)
        else:
            row |= {
                "state": State.WAITING,
                "wait_until": wish.patience.until,
                "lease_ends_at": wish.patience.lease_ends_at,
                # The answer says so: nobody needs to be told of it once more.
                "blocked_at": now if obstacle(wanted, would_do, me) else None,
                "place": told.note_of_reservation(
                    self._events,
                    "reservation_waiting",
                    id_,
                    me.uuid,
                    actor=me.username,
                    now=now,
                    count=wanted.count,
                ),
            }
            share.waits_for.append(wanted)
            ids = [machine.id for machine in would_do.usable]
            self._stand_in_line(Want(id_, wanted.count, wanted.at_least, ids, terms.seconds), chosen)
        self._rows[id_] = row
        return id_

    def _find(self, wish: Reserve) -> tuple[WouldDo, list[Machine]]:
        """Return what `which_would_do` does, and which of them were free when that was first asked."""
        me, wanted, registered = wish.me, wish.wanted, self._registered
        sees = frozenset(scope for scope in registered.scopes if me.may(scope))
        if (sees, wanted.names, wanted.tags) not in self._checked:
            check_wanted(wanted, registered.machines, me)
            self._checked.add((sees, wanted.names, wanted.tags))
        found = would_do_of(registered, wanted, wish.terms.login, me)
        if id(found) not in self._would_do:
            free = [machine for machine in found.usable if machine.id in self._free]
            self._would_do[id(found)] = found, free
        return self._would_do[id(found)]

    def _give(self, ids: set[int]) -> None:
        # Nothing that is promised changes: what is given was promised to nobody, so no plan went by it.
        self._free -= ids
        self._idle -= ids

    def _stand_in_line(self, want: Want, promised: Sequence[Machine]) -> None:
        """Behind all but those who were given a lower priority."""
        place = next((at for at, (priority, _) in enumerate(self._line) if priority < 0), len(self._line))
        self._line.insert(place, (0, want))
        if place == len(self._line) - 1:
            self._free.difference_update(machine.id for machine in promised)
        else:
            self._look()

    def _too_few(
        self, wish: Reserve, wanted: Wanted, free: Sequence[Machine], available: Sequence[Machine]
    ) -> NotEnoughMachines | BookedThen:
        details = {"available": len(available), "wanted": wanted.count, "at_least": wanted.at_least}
        at_first = sum(machine.id in self._free for machine in free)
        if wish.too_few is NotEnoughMachines and at_first >= wanted.at_least:
            return BookedThen(
                f"Only {len(available)} machines are free for so long: others are booked.", details
            )
        return wish.too_few(f"Only {len(available)} machines available", details)
