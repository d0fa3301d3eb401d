"""Jobs: work that is done later, or on a schedule.

The database holds the truth; a nudge only asks for a job to be run soon. Whatever is left to do is a row with a state,
a job moves such rows forward, and running a job twice, at the same time or late does no harm. Losing every nudge loses
no work: a job whose results people wait for also runs periodically.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Column, Row, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from toolcrib.kernel.clock import Clock
from toolcrib.kernel.database import Database
from toolcrib.kernel.due_times import CLOCK_DIFFERENCE, is_due
from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.job_queue import JobQueue
from toolcrib.kernel.problems import NotWell
from toolcrib.kernel.tables import Base, UtcDateTime, exact_string
from toolcrib.kernel.waits import end_tasks, set_within
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel

log = structlog.get_logger()

# A periodic run that fails, or whose process dies, is repeated after at most this time.
RETRY = timedelta(minutes=5)
# A job is overdue if no turn has ended for three intervals plus this.
OVERDUE_AFTER = timedelta(minutes=2)
DRAIN_SECONDS = 20.0
LONGEST_NAP_SECONDS = 30.0
SHORTEST_NAP_SECONDS = 0.05

schedule = Table(
    "schedule",
    Base.metadata,
    Column("name", exact_string(80), primary_key=True),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("last_started_at", UtcDateTime()),
    Column("last_finished_at", UtcDateTime()),
    Column("last_error", exact_string(200)),
)


@dataclass(frozen=True)
class Job:
    """A job. `run(kernel, now)` is called after a nudge and, if `every` is set, when a turn is due; it is cancelled
    after `limit`."""

    name: str
    run: Callable[[Kernel, datetime], Awaitable[None]]
    every: timedelta | None = None
    limit: timedelta = timedelta(minutes=10)


class Jobs:
    """The jobs of this process, the queue for their nudges, and this process's share of the schedule."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, jobs: Iterable[Job] = ()
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = {job.name: job for job in jobs}
        self._queue = JobQueue(settings.redis_url, self._run)
        self._kernel: Kernel | None = None
        self._enrolled = False
        self._stopping = asyncio.Event()
        self._clockwork: asyncio.Task[None] | None = None
        self._nudged: set[str] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._runs: dict[str, asyncio.Task[Exception | None]] = {}
        self._turns: set[asyncio.Task[None]] = set()
        # One at a time, so that `run_due` also waits for turns that the schedule is just taking.
        self._taking = asyncio.Lock()

    def add(self, *jobs: Job) -> None:
        """Register a job. Call before `start`."""
        self._jobs |= {job.name: job for job in jobs}

    async def start(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._queue.start(self._jobs)
        self._clockwork = asyncio.create_task(self._keep_schedule(), name="schedule")

    async def stop(self) -> None:
        """Start no more jobs and wait a while for those that run. One that is cut off is run again later."""
        if self._kernel is None:
            return
        self._kernel = None
        self._stopping.set()
        for timer in self._timers.values():
            timer.cancel()
        await self._queue.stop()
        running = {*self._senders.values(), *self._runs.values(), *self._turns}
        if self._clockwork is not None:
            running.add(self._clockwork)  # do not cancel it: it may be in the middle of a statement
        if running:
            _done, late = await asyncio.wait(running, timeout=DRAIN_SECONDS)
            await end_tasks(*late)

    # Nudges

    def nudge(self, name: str) -> None:
        """Have the job run soon, in this or another process. Call after the commit, so that the job sees the rows.
        Returns at once.

        Nudges that arrive while the job runs cause one more run, however many there are. In a process that runs no
        jobs, like a command, this does nothing: the servers find the rows at their next turn.
        """
        if name not in self._jobs:
            raise LookupError(f"there is no job named {name}")
        if self._kernel is None:
            return
        self._nudged.add(name)
        if name not in self._senders:
            self._senders[name] = asyncio.create_task(self._send(name), name=f"nudge {name}")

    def nudge_after(self, name: str, seconds: float) -> None:
        """As `nudge`, after some time. Of several for one job the earliest is kept: the job asks for the next one."""
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        former = self._timers.get(name)
        if self._kernel is None or (former is not None and former.when() <= at):
            return
        if former is not None:
            former.cancel()
        self._timers[name] = loop.call_at(at, self._ring, name)

    def _ring(self, name: str) -> None:
        del self._timers[name]
        self.nudge(name)

    async def _send(self, name: str) -> None:
        try:
            while name in self._nudged:
                self._nudged.discard(name)
                await self._queue.send(name)
        finally:
            del self._senders[name]

    async def idle(self) -> None:
        """Wait until this process has no job left to run, nudged or due."""
        while running := {*self._senders.values(), *self._runs.values(), *self._turns}:
            await asyncio.wait(running)

    # Running

    async def _run(self, name: str) -> None:
        await self._run_and_report(name)

    async def _run_and_report(self, name: str) -> Exception | None:
        """Run a job, or if it is running here have it run once more after that. Returns the exception that ended the
        last run, if any."""
        self._again.add(name)
        if name not in self._runs:
            self._runs[name] = asyncio.create_task(self._run_until_quiet(name), name=f"job {name}")
        return await asyncio.shield(self._runs[name])

    async def _run_until_quiet(self, name: str) -> Exception | None:
        outcome: Exception | None = None
        try:
            while name in self._again and self._kernel is not None:
                self._again.discard(name)
                outcome = await self._run_once(self._jobs[name], self._kernel)
        finally:
            del self._runs[name]
        return outcome

    async def _run_once(self, job: Job, kernel: Kernel) -> Exception | None:
        try:
            async with asyncio.timeout(job.limit.total_seconds()):
                await job.run(kernel, self._clock())
        except Exception as error:
            log.error("job_failed", job=job.name, exc_info=error)
            return error
        return None

    # The schedule

    async def run_due(self) -> None:
        """Run the turns that are due now and wait until this process has no job left to run."""
        await self._take_turns()
        await self.idle()

    async def _keep_schedule(self) -> None:
        while not self._stopping.is_set():
            try:
                nap = await self._take_turns()
            except Exception as error:  # noqa: BLE001 - the database will be back, and the schedule is in it
                log.warning("schedule_unavailable", error=failure_in_words(error))
                nap = LONGEST_NAP_SECONDS / 6
            await set_within(self._stopping, nap)

    def _periodic(self) -> dict[str, timedelta]:
        return {job.name: job.every for job in self._jobs.values() if job.every is not None}

    async def _insert_schedule(self) -> None:
        """Insert the schedule row of every periodic job. An existing row keeps its time, so that repeated restarts do
        not postpone a turn, unless the job's interval has become shorter."""
        now = self._clock()
        async with self._database.connection() as connection:
            rows = await connection.execute(select(schedule.c.name, schedule.c.next_at))
            known: dict[str, datetime] = {row.name: row.next_at for row in rows}
        periodic = self._periodic()
        if missing := sorted(
            periodic.keys() - known
        ):  # in one order in all processes, so that none waits in a circle
            try:
                await self._insert(missing, now)
            except IntegrityError:  # another process has inserted some of them
                for name in missing:
                    with suppress(IntegrityError):
                        await self._insert([name], now)
        too_late = {name: now + periodic[name] for name in sorted(periodic.keys() & known)}
        too_late = {name: next_at for name, next_at in too_late.items() if known[name] > next_at}
        if too_late:
            async with self._database.short_write() as connection:
                for name, next_at in too_late.items():
                    sooner = update(schedule).where(schedule.c.name == name, schedule.c.next_at > next_at)
                    await connection.execute(sooner.values(next_at=next_at))
        self._enrolled = True

    async def _insert(self, names: list[str], now: datetime) -> None:
        async with self._database.short_write() as connection:
            await connection.execute(insert(schedule), [{"name": name, "next_at": now} for name in names])

    async def _take_turns(self) -> float:
        """Start every due turn that no other process takes. Returns the number of seconds until the next one."""
        async with self._taking:
            return await self._take_turns_alone()

    async def _take_turns_alone(self) -> float:
        if not self._enrolled:
            await self._insert_schedule()
        periodic = self._periodic()
        now = self._clock()
        query = select(schedule.c.name, schedule.c.next_at).where(schedule.c.name.in_(periodic))
        async with self._database.connection() as connection:
            rows = list(await connection.execute(query))
        upcoming = [now + timedelta(seconds=LONGEST_NAP_SECONDS)]
        ahead = {name: next_at - now - periodic[name] for name, next_at in rows}
        ahead = {name: by for name, by in ahead.items() if by > CLOCK_DIFFERENCE}
        if ahead:  # one line: after a jump of the clock these are nearly all
            note = "The clock was set back, or these jobs run more often than before."
            log.warning("turn_too_far_ahead", jobs=sorted(ahead), by=str(max(ahead.values())), note=note)
        for name, next_at in rows:
            if next_at > now and name not in ahead:
                upcoming.append(next_at)
                continue
            upcoming.append(now + min(periodic[name], RETRY))
            began_at = await self._take_turn(name, periodic[name])
            if began_at is not None:
                turn = asyncio.create_task(
                    self._turn(name, began_at, began_at + periodic[name]), name=f"turn {name}"
                )
                self._turns.add(turn)
                turn.add_done_callback(self._turns.discard)
        return max(SHORTEST_NAP_SECONDS, (min(upcoming) - self._clock()).total_seconds())

    async def _take_turn(self, name: str, every: timedelta) -> datetime | None:
        """Take a turn that is due and that no other process has taken. Returns when it began, if it was taken."""
        async with self._database.short_write() as connection:
            # Not before the transaction: by an old time, a turn that another process has just finished would seem to
            # lie too far ahead, and be taken again.
            now = self._clock()
            taken = await connection.execute(
                update(schedule)
                .where(schedule.c.name == name, is_due(schedule.c.next_at, now, every))
                .values(next_at=now + min(every, RETRY), last_started_at=now)
            )
        return now if taken.rowcount == 1 else None

    async def _turn(self, name: str, started_at: datetime, next_at: datetime) -> None:
        error = await self._run_and_report(name)
        values: dict[str, object] = {"last_error": failure_in_words(error)[:200] if error else None}
        if error is None:
            values |= {"next_at": next_at, "last_finished_at": self._clock()}
        # Only if no other process has started a later turn meanwhile.
        mine = update(schedule).where(schedule.c.name == name, schedule.c.last_started_at == started_at)
        try:
            async with self._database.short_write() as connection:
                await connection.execute(mine.values(**values))
        except Exception as failure:  # noqa: BLE001 - the turn comes again, as after a crash
            log.warning("schedule_unavailable", error=failure_in_words(failure))

    async def check(self, *names: str) -> str:
        """Return a text for the health page; raises if a turn's last run failed or none has ended for too long. Checks
        only the jobs in `names`, if given."""
        periodic, now = list(names or self._periodic()), self._clock()
        async with self._database.connection() as connection:
            rows = await connection.execute(select(schedule).where(schedule.c.name.in_(periodic)))
            failing = [f"{row.name}: {row.last_error or 'overdue'}" for row in rows if self._fails(row, now)]
        if failing:
            raise JobsFailing(", ".join(failing))
        return f"{len(names or self._jobs)} jobs"

    def _fails(self, row: Row[Any], now: datetime) -> bool:
        every = self._periodic()[row.name]
        ended = row.last_finished_at or row.next_at
        return row.last_error is not None or now > ended + 3 * every + OVERDUE_AFTER


class JobsFailing(NotWell):
    """The last turn of these jobs failed, or no turn has ended for too long; they are tried again."""
