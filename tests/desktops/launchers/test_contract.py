"""What every launcher promises (`launchers/launcher.py`)."""

from __future__ import annotations

import asyncio

import pytest

from tests.desktops.launchers.subjects import Subject
from toolcrib.desktops.launchers.launcher import LauncherError, NotSupported, Phase, Wanted


async def started(subject: Subject, wanted: Wanted) -> None:
    await subject.launcher.start(wanted)
    report = await subject.launcher.wait_ready(wanted.name, seconds=subject.seconds)
    assert report.phase is Phase.READY, report


async def test_a_desktop_starts_tells_how_far_it_is_and_is_seen_by_every_process(subject: Subject) -> None:
    await subject.launcher.check()
    one, told = subject.wanted(), []

    async def progress(text: str) -> None:
        told.append(text)

    await subject.launcher.start(one)
    report = await subject.launcher.wait_ready(one.name, seconds=subject.seconds, progress=progress)
    assert report.phase is Phase.READY
    assert told
    assert all(text and "\n" not in text for text in told)
    for launcher in (subject.launcher, subject.reopen()):
        seen = await launcher.status(one.name)
        assert seen is not None
        assert (seen.phase, seen.started_at) == (Phase.READY, report.started_at)
        assert dict(await launcher.statuses()) == {one.name: seen}
        address = await launcher.address(one.name)
        assert address.path or (address.host and address.port)
        with pytest.raises(NotSupported):
            await launcher.gateway_address(one.name)


async def test_a_home_survives_stop_and_resume_and_goes_when_it_is_asked_to(subject: Subject) -> None:
    one = subject.wanted()
    await started(subject, one)
    await subject.put_into_home(one.name)
    await subject.launcher.stop(one.name)
    report = await subject.launcher.status(one.name)
    assert report is not None
    assert report.phase is Phase.STOPPED
    with pytest.raises(LauncherError):
        await subject.launcher.address(one.name)
    await started(subject, one)
    assert await subject.is_in_home(one.name)
    await subject.launcher.stop(one.name)
    assert await subject.launcher.delete(one.name, home=False)
    assert await subject.launcher.status(one.name) is None
    await started(subject, one)
    assert await subject.is_in_home(one.name)
    await subject.launcher.stop(one.name)
    assert await subject.launcher.delete(one.name, home=True)
    assert not await subject.launcher.statuses()
    assert subject.leftovers() == []


async def test_a_home_that_is_not_persistent_goes_with_its_desktop(subject: Subject) -> None:
    one = subject.wanted(persistent_home=False)
    await started(subject, one)
    await subject.launcher.stop(one.name)
    assert await subject.launcher.delete(one.name, home=False)
    assert subject.leftovers() == []


async def test_verbs_may_be_repeated(subject: Subject) -> None:
    one = subject.wanted()
    await started(subject, one)
    before = await subject.launcher.status(one.name)
    await subject.reopen().start(one)
    assert await subject.launcher.wait_ready(one.name, seconds=subject.seconds) == before
    for _ in range(2):
        await subject.launcher.stop(one.name)
    for _ in range(2):
        assert await subject.launcher.delete(one.name, home=True)
    assert subject.leftovers() == []


async def test_two_callers_at_once_get_one_desktop(subject: Subject) -> None:
    one, other = subject.wanted(), subject.wanted()
    second = subject.reopen()
    await asyncio.gather(subject.launcher.start(one), second.start(one), second.start(other))
    reports = await asyncio.gather(
        subject.launcher.wait_ready(one.name, seconds=subject.seconds),
        second.wait_ready(one.name, seconds=subject.seconds),
        second.wait_ready(other.name, seconds=subject.seconds),
    )
    assert [report.phase for report in reports] == [Phase.READY] * 3
    assert reports[0].started_at == reports[1].started_at
    await asyncio.gather(subject.launcher.stop(one.name), second.stop(one.name))
    assert {name: report.phase for name, report in (await second.statuses()).items()} == {
        one.name: Phase.STOPPED,
        other.name: Phase.READY,
    }
    await asyncio.gather(subject.launcher.stop(other.name), subject.launcher.start(one))
    deleted = await asyncio.gather(
        subject.launcher.delete(other.name, home=True), second.delete(other.name, home=True)
    )
    assert all(deleted)
    report = await second.wait_ready(one.name, seconds=subject.seconds)
    assert report.phase is Phase.READY


async def test_what_is_not_there_is_stopped_deleted_and_has_no_status(subject: Subject) -> None:
    launcher, name = subject.launcher, subject.wanted().name
    await launcher.stop(name)
    assert await launcher.delete(name, home=True)
    assert await launcher.status(name) is None
    assert not await launcher.statuses()
    assert (await launcher.wait_ready(name, seconds=1)).phase is Phase.FAILED
    for verb in (launcher.address, launcher.gateway_address, launcher.usage):
        with pytest.raises(LauncherError):
            await verb(name)
    with pytest.raises(LauncherError):
        await launcher.say(name, "hello")
    await launcher.delete_volume("never-made")
    assert subject.leftovers() == []


async def test_volumes_are_made_once_listed_and_removed(subject: Subject) -> None:
    launcher = subject.launcher
    made = await launcher.create_volume("data1", "5Gi")
    assert (made.name, made.size) == ("data1", "5Gi")
    assert (await subject.reopen().create_volume("data1", "5Gi")).name == "data1"
    await launcher.create_volume("data.2", "1Gi")
    assert {name: one.size for name, one in (await launcher.volumes()).items()} == {
        "data1": "5Gi",
        "data.2": "1Gi",
    }
    for name in ("data1", "data1", "data.2"):
        await launcher.delete_volume(name)
    assert not await launcher.volumes()


async def test_a_desktop_with_a_volume_runs(subject: Subject) -> None:
    await subject.launcher.create_volume("data1", "1Gi")
    one = subject.wanted(volume="data1")
    await started(subject, one)
    await subject.launcher.stop(one.name)
    assert await subject.launcher.delete(one.name, home=True)
    await subject.launcher.delete_volume("data1")
    assert not await subject.launcher.volumes()
