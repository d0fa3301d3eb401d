"""Jobs: nudges, turns, and what is left of them after an outage."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from tests.clock import FakeClock
from tests.servers import command
from tests.servers.environment import DEFAULTS, child_environment, settings, toolcrib
from tests.servers.process import free_port, wait_until
from tests.servers.redis import RedisServer
from tests.servers.smtp import MailServer
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.jobs import Job, Jobs, JobsFailing, schedule
from toolcrib.kernel.outbox import outbox
from toolcrib.server import build_kernel

pytestmark = pytest.mark.every_database

HOUR = timedelta(hours=1)
ENOUGH_SECONDS = 30

# It depends on where in its talk with Redis the listener is.
WAYS_TO_LOSE_REDIS = {"it cannot be reached", "nobody listens at its address", "the connection was lost"}


class Work:
    """What jobs do here: `runs` has an entry for each run, and while `gate` is closed they do not end."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, datetime]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False
        self._changed = asyncio.Condition()

    def job(self, name: str, every: timedelta | None = None, where: str = "", **more: Any) -> Job:
        async def run(_kernel: Kernel, now: datetime) -> None:
            async with self._changed:
                self.runs.append((where or name, now))
                self._changed.notify_all()
            await self.gate.wait()
            if self.fails:
                raise RuntimeError("as asked")

        return Job(name, run, every=every, **more)

    async def reached(self, count: int) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: len(self.runs) >= count), ENOUGH_SECONDS)


StartJobs = Callable[..., Awaitable[Jobs]]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
async def process(tmp_path: Path, clock: FakeClock, new_database_url: str) -> AsyncIterator[StartJobs]:
    """`await process(job, …)`: the jobs part of one more server process on the same database."""
    started: list[tuple[Jobs, Kernel]] = []

    async def start(*jobs: Job, clock: Callable[[], datetime] = clock, **changes: Any) -> Jobs:
        chosen = settings(**{"database_url": new_database_url, "data_dir": tmp_path, **changes})
        kernel = build_kernel(chosen, clock, ())
        kernel.jobs = Jobs(chosen, kernel.database, clock, jobs)
        started.append((kernel.jobs, kernel))
        await kernel.jobs.start(kernel)
        return kernel.jobs

    yield start
    for jobs, kernel in started:
        await jobs.stop()
        await kernel.database.close()


# Nudges: where they run has nothing to do with the database


@pytest.mark.databases("sqlite")
async def test_a_nudge_runs_the_job_with_the_time(process: StartJobs, work: Work, clock: FakeClock) -> None:
    jobs = await process(work.job("tidy"))
    jobs.nudge("tidy")
    await jobs.idle()
    assert work.runs == [("tidy", clock())]


@pytest.mark.databases("sqlite")
async def test_nudges_while_a_job_runs_make_for_one_more_run(process: StartJobs, work: Work) -> None:
    jobs = await process(work.job("tidy"))
    work.gate.clear()
    jobs.nudge("tidy")
    await work.reached(1)
    for _ in range(50):
        jobs.nudge("tidy")
        await asyncio.sleep(0)
    work.gate.set()
    await jobs.idle()
    assert len(work.runs) == 2


@pytest.mark.databases("sqlite")
async def test_jobs_do_not_wait_for_one_another(process: StartJobs, work: Work) -> None:
    jobs = await process(work.job("slow"), work.job("other"))
    work.gate.clear()
    jobs.nudge("slow")
    jobs.nudge("other")
    await work.reached(2)
    work.gate.set()


@pytest.mark.databases("sqlite")
async def test_a_job_that_fails_runs_again_when_nudged(process: StartJobs, work: Work) -> None:
    jobs = await process(work.job("tidy"))
    work.fails = True
    for _ in range(2):
        jobs.nudge("tidy")
        await jobs.idle()
    assert len(work.runs) == 2


@pytest.mark.databases("sqlite")
async def test_a_run_ends_at_its_limit(process: StartJobs, work: Work) -> None:
    jobs = await process(work.job("stuck", limit=timedelta(milliseconds=50)))
    work.gate.clear()
    jobs.nudge("stuck")
    await jobs.idle()
    assert len(work.runs) == 1


@pytest.mark.databases("sqlite")
async def test_a_misspelt_nudge_is_an_error(process: StartJobs) -> None:
    jobs = await process()
    with pytest.raises(LookupError):
        jobs.nudge("tydi")


@pytest.mark.databases("sqlite")
async def test_stopping_lets_what_runs_finish_and_starts_nothing(process: StartJobs, work: Work) -> None:
    jobs = await process(work.job("tidy"))
    work.gate.clear()
    jobs.nudge("tidy")
    await work.reached(1)
    jobs.nudge("tidy")
    stopping = asyncio.create_task(jobs.stop())
    await asyncio.sleep(0)
    assert not stopping.done()
    work.gate.set()
    await asyncio.wait_for(stopping, ENOUGH_SECONDS)
    jobs.nudge("tidy")
    await jobs.idle()
    assert len(work.runs) == 1


# Turns


async def test_each_turn_is_run_by_one_process(process: StartJobs, work: Work, clock: FakeClock) -> None:
    processes = [await process(work.job("sweep", HOUR)) for _ in range(5)]
    for turn in range(1, 4):
        await asyncio.gather(*(jobs.run_due() for jobs in processes))
        await asyncio.gather(*(jobs.run_due() for jobs in processes))
        assert len(work.runs) == turn
        clock.advance(hours=1)


async def test_restarts_do_not_postpone_a_turn(process: StartJobs, work: Work, clock: FakeClock) -> None:
    first = await process(work.job("sweep", HOUR))
    await first.run_due()
    for _ in range(12):
        await first.stop()
        clock.advance(minutes=6)
        first = await process(work.job("sweep", HOUR))
        await first.run_due()
    assert [(at - work.runs[0][1]).total_seconds() / 60 for _name, at in work.runs] == [0, 60]


async def test_a_job_that_became_more_frequent_does_not_wait_for_its_old_turn(
    process: StartJobs, work: Work, clock: FakeClock
) -> None:
    await (await process(work.job("sweep", 24 * HOUR))).run_due()
    clock.advance(minutes=1)
    await (await process(work.job("sweep", HOUR))).run_due()
    clock.advance(hours=1)
    await (await process(work.job("sweep", HOUR))).run_due()
    assert len(work.runs) == 2


async def test_a_failed_turn_comes_again_soon_and_shows(
    process: StartJobs, work: Work, clock: FakeClock
) -> None:
    jobs = await process(work.job("sweep", HOUR))
    work.fails = True
    await jobs.run_due()
    with pytest.raises(JobsFailing, match="sweep: RuntimeError"):
        await jobs.check()
    clock.advance(minutes=4)
    await jobs.run_due()
    assert len(work.runs) == 1
    work.fails = False
    clock.advance(minutes=1)
    await jobs.run_due()
    assert len(work.runs) == 2
    assert await jobs.check()
    clock.advance(minutes=59)
    await jobs.run_due()
    assert len(work.runs) == 2
    clock.advance(minutes=1)
    await jobs.run_due()
    assert len(work.runs) == 3


async def test_a_turn_whose_process_died_comes_again_elsewhere(
    process: StartJobs, work: Work, clock: FakeClock
) -> None:
    work.gate.clear()
    await process(work.job("sweep", HOUR))
    await work.reached(1)  # and never ends
    other = await process(work.job("sweep", HOUR, where="other"))
    clock.advance(minutes=5)
    due = asyncio.create_task(other.run_due())
    await work.reached(2)
    assert work.runs[1] == ("other", clock())
    work.gate.set()
    await due


async def test_a_clock_set_back_stops_no_job(process: StartJobs, work: Work, clock: FakeClock) -> None:
    jobs = await process(*(work.job(name, HOUR) for name in ("sweep", "tidy", "mail")))
    await jobs.run_due()
    clock.advance(days=-1)
    with capture_logs() as told:
        await jobs.run_due()
        await jobs.run_due()
    assert [(each["event"], each["jobs"], each["by"]) for each in told] == [
        ("turn_too_far_ahead", ["mail", "sweep", "tidy"], "1 day, 0:00:00")
    ]
    assert len(work.runs) == 6


async def test_a_job_that_has_no_turn_for_long_shows(
    process: StartJobs, work: Work, clock: FakeClock
) -> None:
    jobs = await process(work.job("sweep", HOUR))
    await jobs.run_due()
    clock.advance(hours=3, minutes=2)
    assert await jobs.check()
    clock.advance(seconds=1)
    with pytest.raises(JobsFailing, match="sweep: overdue"):
        await jobs.check()
    await jobs.run_due()
    assert await jobs.check()


@pytest.mark.databases("sqlite")
async def test_turns_come_by_themselves(process: StartJobs, work: Work) -> None:
    await process(work.job("sweep", timedelta(milliseconds=20)), clock=system_clock)
    await work.reached(3)


async def test_what_a_turn_left_in_the_table(process: StartJobs, work: Work, clock: FakeClock) -> None:
    jobs = await process(work.job("sweep", HOUR))
    await jobs.run_due()
    async with jobs._database.connection() as connection:
        row = (await connection.execute(select(schedule))).one()
    assert (row.name, row.next_at, row.last_error) == ("sweep", clock() + HOUR, None)
    assert row.last_started_at == row.last_finished_at == clock()


@pytest.mark.databases("sqlite")
async def test_without_a_database_nudges_still_run(process: StartJobs, work: Work) -> None:
    unreachable = f"postgresql://nobody:x@127.0.0.1:{free_port()}/none"
    jobs = await process(work.job("tidy"), work.job("sweep", HOUR), database_url=unreachable)
    jobs.nudge("tidy")
    await work.reached(1)
    assert work.runs[0][0] == "tidy"


# Several processes and Redis


@pytest.mark.databases("sqlite")
async def test_a_nudge_is_run_once_by_whichever_process_is_free(
    process: StartJobs, work: Work, redis: RedisServer
) -> None:
    one = await process(work.job("tidy", where="one"), redis_url=redis.url)
    await process(work.job("tidy", where="other"), redis_url=redis.url)
    work.gate.clear()
    one.nudge("tidy")
    await work.reached(1)
    work.gate.set()
    for count in range(2, 30):
        one.nudge("tidy")
        await work.reached(count)
        await one.idle()
    assert len(work.runs) == 29
    assert {where for where, _now in work.runs} == {"one", "other"}


@pytest.mark.databases("sqlite")
async def test_without_redis_a_nudge_runs_where_it_arose(
    process: StartJobs, work: Work, redis: RedisServer
) -> None:
    one = await process(work.job("tidy", where="one"), redis_url=redis.url)
    one.nudge("tidy")
    await work.reached(1)
    with capture_logs() as told:
        redis.stop()
        one.nudge("tidy")
        await work.reached(2)
        one.nudge("tidy")
        await work.reached(3)
        async with asyncio.timeout(10):
            while not (failed := [line for line in told if line["event"] == "job_listener_failed"]):
                await asyncio.sleep(0.01)  # nothing else tells of it
    assert failed[0]["error"] in WAYS_TO_LOSE_REDIS


@pytest.mark.databases("sqlite")
async def test_a_redis_that_lost_its_data_carries_nudges_again(
    process: StartJobs, work: Work, redis: RedisServer
) -> None:
    await process(work.job("tidy", where="one"), redis_url=redis.url)
    other = await process(work.job("tidy", where="other"), redis_url=redis.url)
    other.nudge("tidy")
    await work.reached(1)
    redis.clear()
    other.nudge("tidy")
    await work.reached(2)
    async with asyncio.timeout(20):  # a read whose cancellation the driver loses stops nobody from stopping
        await other.stop()


@pytest.mark.databases("sqlite")
async def test_starting_without_redis_holds_nothing_up(
    process: StartJobs, work: Work, redis: RedisServer
) -> None:
    redis.stop()
    jobs = await process(work.job("tidy"), redis_url=redis.url)
    jobs.nudge("tidy")
    await work.reached(1)


async def test_a_worker_sends_what_no_server_is_there_to_send(
    new_database_url: str, redis: RedisServer, smtp: MailServer, tmp_path: Path, clock: FakeClock
) -> None:
    kernel = build_kernel(settings(database_url=new_database_url, data_dir=tmp_path), clock, ())
    row = {"to_address": "ann@example.com", "subject": "s", "text": "t", "html": "h", "attempts": 0}
    async with kernel.database.write() as session:
        await session.execute(insert(outbox).values(**row, created_at=clock(), next_attempt_at=clock()))
    await kernel.database.close()
    environment = {**DEFAULTS, **smtp.settings, "DATABASE_URL": new_database_url, "REDIS_URL": redis.url}
    environment["DATA_DIR"] = str(tmp_path)
    worker = command.Background(
        [toolcrib(), "worker"], output=tmp_path / "worker.log", env=child_environment(**environment)
    )
    try:
        await asyncio.to_thread(smtp.wait_for, 1)
        await asyncio.to_thread(wait_until, lambda: "The worker runs jobs" in worker.text(), "the worker")
        assert await asyncio.to_thread(worker.stop, signal.SIGTERM) == 0
    finally:
        worker.kill()
    # A mail server that is slow to say yes may be given the same mail twice.
    assert len({message["Message-ID"] for message in smtp.messages}) == 1
