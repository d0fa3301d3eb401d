"""The server is killed at any step; desktops end by themselves, or lose what holds them up."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.desktops.local.computer import BEN, READY_SECONDS, Computer, wanted
from tests.desktops.local.elsewhere import (
    Elsewhere,
    delete,
    live_as,
    start,
    start_and_die,
    start_offline,
    stop,
)
from tests.desktops.local.test_sandbox import as_root, ready
from tests.servers.process import program, wait_until
from toolcrib.desktops.launchers.launcher import LauncherError, Phase
from toolcrib.desktops.launchers.local.running import Desktops

ENDING = {Phase.STOPPING, Phase.STOPPED, Phase.FAILED}
_KILLED = -signal.SIGKILL


async def test_desktops_outlive_the_server_and_are_used_by_the_next(
    computer: Computer, elsewhere: Elsewhere
) -> None:
    three = [wanted(), wanted(owner=BEN), wanted()]
    assert elsewhere.call(start_and_die, computer.settings, *three) == _KILLED
    launcher = computer.launcher
    assert {name: report.phase for name, report in (await launcher.statuses()).items()} == {
        one.name: Phase.READY for one in three
    }
    for one in three:
        address = await launcher.address(one.name)
        reader, writer = await asyncio.open_unix_connection(str(address.path))
        assert await reader.readexactly(12) == b"RFB 003.008\n"
        writer.close()
    await asyncio.gather(*(launcher.stop(one.name) for one in three))
    assert not computer.processes()


async def test_a_server_that_is_killed_at_any_step_of_a_start_leaves_nothing_unknown(
    computer: Computer, elsewhere: Elsewhere
) -> None:
    launcher, steps = computer.launcher, 0
    one = wanted()
    while elsewhere.call(start, computer.settings, one, steps) == _KILLED:
        # What has begun is recorded; what is not recorded ends by itself.
        wait_until(lambda: not unrecorded(computer), "the end of what is not recorded")
        assert set(await launcher.statuses()) <= {one.name}
        if steps % 6 == 0:
            await ready(launcher, one)
        assert await launcher.delete(one.name, home=True)
        assert computer.leftovers() == [], steps
        steps += 1
    assert steps > 10
    assert (await launcher.wait_ready(one.name, seconds=READY_SECONDS)).phase is Phase.READY


def unrecorded(computer: Computer) -> list[str]:
    return [
        name
        for name, report in Desktops(computer.settings).statuses().items()
        if "nothing is known" in report.text
    ]


async def test_a_desktop_that_a_killed_server_was_stopping_is_started_anew(computer: Computer) -> None:
    launcher, one = computer.launcher, wanted()
    await ready(launcher, one)
    path = computer.home(one.name).parent / "record.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"is_stopping": True}))
    for pid, words in computer.processes().items():
        if words[:2] == ["/bin/sh", "/run/toolcrib/session.sh"]:
            os.kill(pid, signal.SIGSTOP)
    before = await launcher.status(one.name)
    assert before is not None
    assert before.phase is Phase.STOPPING
    await ready(launcher, one)
    after = await launcher.status(one.name)
    assert after is not None
    assert after.started_at != before.started_at


@pytest.mark.parametrize("verb", [stop, delete])
async def test_a_server_that_is_killed_at_any_step_of_an_end_can_end_it_again(
    computer: Computer, elsewhere: Elsewhere, verb: Callable[..., None]
) -> None:
    launcher, step = computer.launcher, 0
    codes: list[int] = []
    while not codes or codes[-1] == _KILLED:
        one = wanted()
        await ready(launcher, one)
        codes.append(elsewhere.call(verb, computer.settings, one.name, step))
        for name, report in (await computer.reopen().statuses()).items():
            assert name != one.name or report.phase in ({Phase.READY} if step == 0 else ENDING)
        if step % 3 == 1:
            await ready(launcher, one)
        await launcher.stop(one.name)
        assert not computer.processes()
        assert await launcher.delete(one.name, home=True)
        assert computer.leftovers() == []
        step += 1
    assert codes[-1] == 0
    assert step > 3


async def test_why_a_desktop_ended_is_told(make_computer: Callable[..., Computer]) -> None:
    computer = make_computer(
        DESKTOP_LOCAL_SESSIONS={
            "openbox": "openbox --startup xterm",
            "broken": "exit 3",
            "endless": "sleep 100",
        }
    )
    launcher = computer.launcher

    async def ends(image: str, killed: str = "") -> str:
        one = wanted(image=image)
        await launcher.start(one)
        if killed:
            assert (await launcher.wait_ready(one.name, seconds=READY_SECONDS)).phase is Phase.READY
            for pid, words in computer.processes().items():
                if words[0] == killed:
                    os.kill(pid, signal.SIGKILL)
        desktops = Desktops(computer.settings)
        wait_until(
            lambda: (seen := desktops.status(one.name)) is None or seen.phase is Phase.FAILED, "its end"
        )
        report = await launcher.wait_ready(one.name, seconds=READY_SECONDS)
        assert report.phase is Phase.FAILED
        assert (await launcher.statuses())[one.name] == report
        with pytest.raises(LauncherError):
            await launcher.address(one.name)
        await launcher.stop(one.name)
        assert not computer.processes()
        return report.text

    assert "session ended" in await ends("broken")
    assert "session ended" in await ends("openbox", "openbox")
    assert "window server ended" in await ends("openbox", "Xvnc")
    # The process that holds the sandbox up is killed: the sandbox itself lives on, and is found.
    assert "from outside" in await ends("openbox", "bwrap")
    slow = wanted(image="endless")
    await launcher.start(slow)
    assert (await launcher.wait_ready(slow.name, seconds=0.5)).phase is Phase.STARTING


@as_root
async def test_a_computer_without_network_is_the_reason_that_is_told(
    computer: Computer, elsewhere: Elsewhere
) -> None:
    program("pasta")
    assert elsewhere.call(start_offline, computer.settings, wanted(network=True)) == 0


def change_record(computer: Computer, name: str, **values: Any) -> None:
    path = computer.home(name).parent / "record.json"
    content = json.loads(path.read_bytes())
    content["process"] |= values
    path.write_text(json.dumps(content))


async def test_a_record_of_an_earlier_boot_or_of_another_process_is_not_mistaken_for_a_desktop(
    computer: Computer,
) -> None:
    launcher, one = computer.launcher, wanted()
    await ready(launcher, one)
    name = one.name
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            change_record(computer, name, pid=other.pid)
            report = await launcher.status(name)
            assert report is not None
            assert report.phase is Phase.FAILED
            change_record(computer, name, boot="0f7a2c1e-0000-4000-8000-000000000000")
            report = await launcher.status(name)
            assert report is not None
            assert (report.phase, report.text) == (Phase.FAILED, "This computer was restarted.")
            await launcher.stop(name)
            assert other.poll() is None
            assert not computer.processes()
        finally:
            other.kill()


async def test_what_else_lies_in_the_folders_is_no_hindrance(computer: Computer) -> None:
    launcher, one = computer.launcher, wanted()
    await ready(launcher, one)
    root = computer.folder / "desktops"
    for name in ("lost+found", "UPPER", "d1-without-record"):
        (root / "desktops" / name).mkdir()
        (root / "volumes" / name).mkdir()
    (root / "desktops" / "d1-file").touch()
    change = root / "desktops" / one.name / "record.json"
    change.write_text(json.dumps({**json.loads(change.read_bytes()), "of_a_newer_release": 1}))
    assert list(await launcher.statuses()) == [one.name]
    assert not await launcher.volumes()
    await launcher.delete_volume("d1-without-record")
    await launcher.stop(one.name)
    for name in ("lost+found", "UPPER", "d1-without-record"):
        (root / "desktops" / name).rmdir()
    (root / "desktops" / "d1-file").unlink()


async def test_processes_without_a_record_are_found_and_ended(computer: Computer) -> None:
    launcher, one = computer.launcher, wanted()
    await ready(launcher, one)
    (computer.home(one.name).parent / "record.json").unlink()
    assert (await launcher.statuses())[one.name].phase is Phase.FAILED
    shutil.rmtree(computer.home(one.name).parent)
    assert (await launcher.statuses())[one.name].phase is Phase.FAILED
    await launcher.stop(one.name)
    assert not computer.processes()
    assert not await launcher.statuses()


async def test_programs_have_a_moment_to_save_before_a_desktop_stops(
    make_computer: Callable[..., Computer],
) -> None:
    program = (
        "trap '' HUP; trap 'sleep 0.2; echo saved >saved.txt; exit' TERM; touch begun.txt; sleep 100 & wait"
    )
    computer = make_computer(
        DESKTOP_LOCAL_SESSIONS={"saving": f'xterm -e sh -c "{program}" & exec openbox --startup xterm'}
    )
    one = wanted(image="saving")
    await ready(computer.launcher, one)
    home = computer.home(one.name)
    wait_until((home / "begun.txt").exists, "the program")
    await computer.launcher.stop(one.name)
    assert (home / "saved.txt").read_text() == "saved\n"


@as_root
def test_a_server_of_an_ordinary_user_runs_desktops_too(worker_number: int, elsewhere: Elsewhere) -> None:
    user = 1_920_000_000 + worker_number
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, user, user)
    try:
        computer = Computer(folder / "data", 900 + worker_number)
        assert elsewhere.call(live_as, user, computer.settings, wanted()) == 0
        assert (folder / "data" / "desktops").stat().st_uid == user
        assert computer.leftovers() == []
    finally:
        shutil.rmtree(folder)
