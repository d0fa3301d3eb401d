"""Viewing, messages, gateways, limits, and what is missing."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import struct
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from pydantic import ValidationError

from tests.desktops.local.computer import PASSWORD, READY_SECONDS, Computer, wanted
from tests.desktops.local.test_sandbox import ready
from tests.servers.process import wait_until
from toolcrib.desktops.launchers.launcher import (
    LauncherDown,
    LauncherError,
    LauncherMissing,
    LauncherRefused,
    NotSupported,
    Phase,
)
from toolcrib.desktops.launchers.local import programs, x11
from toolcrib.desktops.launchers.local.folders import Folders
from toolcrib.settings import Settings


async def test_a_viewer_connects_to_a_socket_that_only_the_server_reaches(computer: Computer) -> None:
    one = wanted()
    await computer.launcher.start(one)
    address = await computer.launcher.address(one.name)
    assert address.path
    assert not address.needs_password
    assert stat.S_IMODE(address.path.parent.stat().st_mode) == 0o700
    # A viewer that comes before the window server is there waits, and is not refused.
    reader, writer = await asyncio.open_unix_connection(str(address.path))
    assert await reader.readexactly(12) == b"RFB 003.008\n"
    writer.write(b"RFB 003.008\n")
    assert await reader.readexactly(2) == b"\1\1"
    writer.write(b"\1")
    assert await reader.readexactly(4) == b"\0\0\0\0"
    writer.write(b"\1")
    assert struct.unpack(">HH", (await reader.readexactly(24))[:4]) == (800, 600)
    writer.close()


async def test_a_data_directory_with_a_long_path_is_no_hindrance(tmp_path: Path, worker_number: int) -> None:
    computer = Computer(tmp_path / ("long-" * 20) / "data", worker_number)
    one = wanted()
    await ready(computer.launcher, one)
    address = await computer.launcher.address(one.name)
    assert address.path
    assert stat.S_IMODE(address.path.parent.stat().st_mode) == 0o700
    reader, writer = await asyncio.open_unix_connection(str(address.path))
    assert await reader.readexactly(3) == b"RFB"
    writer.close()
    await computer.close()
    assert not address.path.parent.exists()


def test_sockets_are_not_put_where_another_user_could_exchange_them(tmp_path: Path) -> None:
    folders = Folders(tmp_path / ("long-" * 20))
    folders.make()
    place = folders.socket("d1").parent
    try:
        place.mkdir()
        place.chmod(0o777)
        with pytest.raises(LauncherRefused, match="Another user"):
            folders.make_socket_folder("d1")
        place.rmdir()
        place.symlink_to(tmp_path)
        with pytest.raises(LauncherRefused, match="Another user"):
            folders.make_socket_folder("d1")
    finally:
        place.unlink(missing_ok=True)


async def test_many_callers_at_once_start_one_desktop_and_give_one_user_to_a_person(
    computer: Computer,
) -> None:
    launchers = [computer.reopen() for _ in range(8)]
    one, others = wanted(), [wanted(owner=str(uuid.uuid4())) for _ in range(4)]
    await asyncio.gather(*(launcher.start(one) for launcher in launchers))
    assert sum(words[0] == "Xvnc" for words in computer.processes().values()) <= 1
    await ready(computer.launcher, one)
    assert sum(words[0] == "Xvnc" for words in computer.processes().values()) == 1
    await asyncio.gather(
        *(launcher.start(each) for launcher, each in zip(launchers, others + others, strict=True))
    )
    reports = await asyncio.gather(
        *(computer.launcher.wait_ready(each.name, seconds=READY_SECONDS) for each in others)
    )
    assert {report.phase for report in reports} == {Phase.READY}
    if os.geteuid() == 0:
        assert len({computer.home(each.name).stat().st_uid for each in (one, *others)}) == 5
    for launcher in launchers:
        await launcher.aclose()


async def test_a_message_is_shown_as_it_is(computer: Computer) -> None:
    one = wanted()
    await ready(computer.launcher, one)
    hostile = 'Ends at 18:00 – Grüße\n\'; touch ~/a; "$(touch ~/b)" `touch ~/c` \x1b]0;x\x07 \\n %s \x9b -e touch ~/d'

    def shown() -> list[str]:
        return [
            words[-2]
            for words in computer.processes().values()
            if words[0] == "xterm" and "Toolcrib" in words
        ]

    await computer.launcher.say(one.name, hostile)
    wait_until(lambda: bool(shown()), "the message")
    text = shown()[0].replace("\x1f", " ")
    assert text.startswith('Ends at 18:00 – Grüße \'; touch ~/a; "$(touch ~/b)" `touch ~/c`')
    assert text.isprintable()
    await computer.launcher.say(one.name, "x" * 100_000 + "\n" * 1000)
    wait_until(lambda: len(shown()) == 2, "the second message")
    names = {path.name for path in computer.home(one.name).iterdir()}
    assert not names & {"a", "b", "c", "d"}


async def vnc_says(host: str, port: int, password: str) -> int:
    """Sign in as VNC clients do; 0: let in."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        assert await reader.readexactly(12) == b"RFB 003.008\n"
        writer.write(b"RFB 003.008\n")
        assert await reader.readexactly(2) == b"\1\2"
        writer.write(b"\2")
        challenge = await reader.readexactly(16)
        key = bytes(int(f"{byte:08b}"[::-1], 2) for byte in password.encode()[:8])
        encryptor = Cipher(TripleDES(key * 3), modes.ECB()).encryptor()
        writer.write(encryptor.update(challenge))
        return int.from_bytes(await reader.readexactly(4), "big")
    finally:
        writer.close()


async def test_a_gateway_is_let_in_with_the_password_of_this_run(computer: Computer) -> None:
    launcher = computer.launcher
    one = wanted(gateway=True)
    await ready(launcher, one)
    address = await launcher.gateway_address(one.name)
    assert (address.host, address.path, address.needs_password) == ("127.0.0.1", None, True)
    assert await launcher.address(one.name) == address
    assert await vnc_says(address.host, address.port, PASSWORD) == 0
    for _ in range(8):  # wrong passwords do not shut the others out
        assert await vnc_says(address.host, address.port, "wrong" + PASSWORD) == 1
    assert await vnc_says(address.host, address.port, PASSWORD) == 0
    await launcher.stop(one.name)
    with pytest.raises(ConnectionRefusedError):
        await vnc_says(address.host, address.port, PASSWORD)
    await ready(launcher, wanted(one.name, gateway=True, password="new" + PASSWORD))
    address = await launcher.gateway_address(one.name)
    assert await vnc_says(address.host, address.port, PASSWORD) == 1
    assert await vnc_says(address.host, address.port, "new" + PASSWORD) == 0
    everything = b"".join(
        path.read_bytes() for path in computer.folder.rglob("*") if path.is_file() and not path.is_symlink()
    )
    assert PASSWORD.encode()[:8] not in everything


async def test_what_is_missing_is_named_by_its_debian_package(
    computer: Computer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await computer.launcher.check()
    (tmp_path / "bin").mkdir()
    for name in programs.PACKAGES:
        if name not in ("Xvnc", "bwrap"):
            (tmp_path / "bin" / name).symlink_to("/bin/true")
    monkeypatch.setattr(programs, "PATH", str(tmp_path / "bin"))
    with pytest.raises(LauncherMissing, match=r"\(Xvnc, bwrap\).* bubblewrap tigervnc-standalone-server$"):
        await computer.launcher.check()
    with pytest.raises(LauncherMissing, match="bubblewrap"):
        await computer.launcher.start(wanted())
    assert not await computer.launcher.statuses()
    (tmp_path / "bin" / "pasta").unlink()
    for name in ("Xvnc", "bwrap"):
        (tmp_path / "bin" / name).symlink_to("/bin/true")
    with pytest.raises(LauncherMissing, match=r"\(pasta\).* passt$"):
        await computer.launcher.start(wanted(network=True))
    await computer.launcher.check()
    (tmp_path / "bin" / "bwrap").unlink()
    (tmp_path / "bin" / "bwrap").symlink_to("/bin/false")
    (tmp_path / "bin" / "unshare").unlink()
    (tmp_path / "bin" / "unshare").symlink_to("/bin/false")
    with pytest.raises(LauncherMissing, match="user namespaces"):
        await computer.launcher.check()
    old = tmp_path / "bin" / ("unshare" if os.geteuid() == 0 else "bwrap")
    old.unlink()
    old.write_text("#!/bin/sh\necho 'bwrap: Unknown option --disable-userns' >&2; exit 1")
    old.chmod(0o755)
    with pytest.raises(LauncherMissing, match=r"0\.8 or newer"):
        await computer.launcher.check()


async def test_images_are_sessions_that_the_operator_has_set_up(
    make_computer: Callable[..., Computer],
) -> None:
    computer = make_computer(DESKTOP_LOCAL_SESSIONS={"small": "xterm", "large": "openbox"})
    launcher = computer.launcher
    assert launcher.default_image == "small"
    assert [launcher.check_image(image) for image in ("", "small", "large")] == [None] * 3
    assert (
        launcher.check_image("debian:13")
        == "There is no session of this name on the server. It has: small, large."
    )
    with pytest.raises(LauncherRefused, match="no session"):
        await launcher.start(wanted(image="debian:13"))
    with pytest.raises(NotSupported):
        await launcher.prepare_images(["small"])
    assert not await launcher.statuses()


async def test_a_data_directory_that_cannot_be_used_is_told_in_words(computer: Computer) -> None:
    computer.folder.parent.mkdir(exist_ok=True)
    (computer.folder).mkdir()
    (computer.folder / "desktops").write_text("a file")
    launcher, name = computer.launcher, wanted().name
    for verb in (
        launcher.start(wanted()),
        launcher.stop(name),
        launcher.delete(name, home=True),
        launcher.create_volume("data1", "1Gi"),
    ):
        with pytest.raises(LauncherDown, match="cannot be used"):
            await verb
    assert await launcher.status(name) is None
    assert not await launcher.statuses()
    (computer.folder / "desktops").unlink()


def test_settings_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    for name, values in {
        "DESKTOP_LOCAL_SESSIONS": ({}, {"": "x"}, {"a b": "x"}, {"a": " "}, {"../a": "x"}),
        "DESKTOP_LOCAL_UIDS": ("", "5", "0-10", "2000-1000", "1000-9999999999"),
        "DESKTOP_LOCAL_FOLDERS": ("opt", "/", "/opt/../etc"),
        "DESKTOP_LOCAL_GATEWAY_HOST": ("0.0.0.0", "::", "localhost"),
    }.items():
        for value in values:
            with pytest.raises(ValidationError, match=name):
                Settings.model_validate({"DATA_DIR": tmp_path, name: value})


def delegated_group() -> Path | None:
    """A control group that this test may make groups in, or None."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if line.split()[2] == "cgroup2":
            group = Path(line.split()[1]) / f"toolcrib-test-{os.getpid()}"
            try:
                group.mkdir()
            except OSError:
                return None
            return group
    return None


async def test_a_control_group_limits_and_measures_where_there_is_one(
    make_computer: Callable[..., Computer],
) -> None:
    parent = delegated_group()
    if parent is None:
        pytest.skip("no control groups of version 2 can be made here")
    try:
        computer = make_computer(DESKTOP_LOCAL_CGROUP=str(parent))
        one = wanted(max_cpu=1, max_ram="1Gi")
        await ready(computer.launcher, one)
        group = next(path for path in parent.iterdir() if path.is_dir())
        inside = {int(pid) for pid in (group / "cgroup.procs").read_text().split()}
        assert set(computer.processes()) <= inside
        used = await computer.launcher.usage(one.name)
        assert used.cpu_seconds
        assert used.memory_bytes
        for file, value in (("cpu.max", "100000 100000"), ("memory.max", str(2**30))):
            if (group / file).exists():
                assert (group / file).read_text().strip() == value
        await computer.launcher.stop(one.name)
        wait_until(lambda: not group.exists(), "the end of the group")
    finally:
        parent.rmdir()


async def test_a_false_window_server_is_not_believed(request: pytest.FixtureRequest) -> None:
    """Programs of a desktop may put another socket, or another's, in the place of their window server's."""
    short = Path(tempfile.mkdtemp())  # the paths of sockets are
    request.addfinalizer(lambda: shutil.rmtree(short))
    folder, elsewhere = short / "x11", short / "elsewhere"
    folder.mkdir()
    answers: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(12)
        writer.write(answers[0])
        if len(answers) == 1:
            writer.close()
        else:
            await reader.read()

    server = await asyncio.start_unix_server(answer, str(elsewhere))
    place = folder / "X1"
    user = os.geteuid()
    with pytest.raises(x11.NoDisplay):
        x11.connect(folder, user)
    place.symlink_to(elsewhere)
    with pytest.raises(x11.NoDisplay):
        x11.connect(folder, user)
    place.unlink()
    place.write_text("a file")
    with pytest.raises(x11.NoDisplay):
        x11.connect(folder, user)
    place.unlink()
    elsewhere.rename(place)
    with pytest.raises(x11.NoDisplay):
        x11.connect(folder, user + 1)
    x11.connect(folder, user).close()
    for wrong in (
        b"",
        b"\0" * 7,
        b"\0" * 8,
        b"\1" + b"\xff" * 7,
        b"\1" + b"\0" * 5 + b"\1\0" + b"x" * 4,
        os.urandom(5000),
    ):
        answers[:] = [wrong]
        with pytest.raises(x11.NoDisplay):
            await x11.wait_for_window(x11.connect(folder, user))
    answers[:] = [b"", b"silent"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(x11.wait_for_window(x11.connect(folder, user)), 0.1)
    server.close()


async def test_a_desktop_that_is_never_ready_is_reported_in_time(
    make_computer: Callable[..., Computer],
) -> None:
    computer = make_computer(DESKTOP_LOCAL_SESSIONS={"hidden": "sleep 1000"})
    one = wanted(image="hidden")
    await computer.launcher.start(one)
    told: list[str] = []

    async def progress(text: str) -> None:
        told.append(text)

    report = await computer.launcher.wait_ready(one.name, seconds=2, progress=progress)
    assert report.phase is Phase.STARTING
    assert told[0] == "starting the window server"
    assert report.text == "starting the session"
    with pytest.raises(LauncherError):
        await computer.launcher.say("d1-other", "hello")
