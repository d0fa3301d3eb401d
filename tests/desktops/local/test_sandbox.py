"""What a desktop sees of the computer that it runs on, and what it may use of it."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desktops.local.computer import ANN, BEN, PASSWORD, READY_SECONDS, Computer, wanted
from tests.desktops.local.elsewhere import BRIDGE, BRIDGE_PORT, Elsewhere, start_beside_a_bridge
from tests.servers.process import program
from toolcrib.desktops.launchers.launcher import Launcher, LauncherRefused, Phase, Wanted

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give desktops users of their own")

PROBE = """{
id -u; hostname; pwd
echo "processes: $(ls /proc | grep -c '^[0-9]')"
grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status
echo "routes: $(tail -n +2 /proc/net/route | wc -l)"
for path in /root /home /srv /boot /sys /var/lib /etc/shadow /etc/ssh /etc/ssl/private FOLDER; do
    if [ -e "$path" ]; then echo "sees $path: $(ls "$path" 2>/dev/null | tr '\\n' ' ')"; fi
done
for path in / /usr /etc /dev /run /storage /tmp /dev/shm "$XDG_RUNTIME_DIR"; do
    if touch "$path/probe" 2>/dev/null; then echo "writes $path"; fi
done
unshare --user true 2>/dev/null && echo "makes user namespaces"
grep -E 'core file|open files|processes|data size' /proc/self/limits | tr -s ' '
echo "cores: $(nproc)"
touch /tmp/.X11-unix/../../home/user/.probed
} >probe.txt 2>&1
exec openbox --startup xterm
"""


# Takes the socket of the gateway from the window server, and uses it for something else.
TAKER = """
import ctypes, os, socket, struct
libc = ctypes.CDLL(None)
PIDFD_OPEN, PIDFD_GETFD = 434, 438

def disconnect(taken):
    assert libc.connect(taken.fileno(), struct.pack("=H14x", socket.AF_UNSPEC), 16) == 0

server = next(int(pid) for pid in os.listdir("/proc")
              if pid.isdecimal() and open(f"/proc/{pid}/comm").read().strip() in ("Xvnc", "Xtigervnc"))
taken = socket.socket(fileno=libc.syscall(PIDFD_GETFD, libc.syscall(PIDFD_OPEN, server, 0), 0, 0))
print("took", taken.family.name)
disconnect(taken)
taken.settimeout(1)
try:
    taken.connect(("127.0.0.1", OUT))
    print("reaches the server")
except OSError as error:
    print("does not:", type(error).__name__)
disconnect(taken)
taken.bind(("127.0.0.1", IN))
taken.listen()
"""


async def ready(launcher: Launcher, one: Wanted) -> None:
    await launcher.start(one)
    report = await launcher.wait_ready(one.name, seconds=READY_SECONDS)
    assert report.phase is Phase.READY, report


async def read(launcher: Launcher, name: str, path: str) -> str:
    return b"".join([block async for block in launcher.read_home(name, path)]).decode()


async def test_a_desktop_sees_programs_its_home_and_its_volume_and_nothing_else(
    make_computer: Callable[..., Computer], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "one.lic").touch()
    request.addfinalizer(lambda: shutil.rmtree(folder))
    probe = PROBE.replace("FOLDER", f"{tmp_path} {folder}")
    computer = make_computer(DESKTOP_LOCAL_SESSIONS={"probe": probe}, DESKTOP_LOCAL_FOLDERS=[str(folder)])
    await computer.launcher.create_volume("data1", "1Gi")
    one = wanted(image="probe", volume="data1", max_cpu=1, max_ram="2048Mi")
    await ready(computer.launcher, one)
    found = (await read(computer.launcher, one.name, "probe.txt")).splitlines()
    assert found[:3] == ["1000", "desktop", "/home/user"]
    assert [line for line in found if line.startswith(("Cap", "NoNew"))] == [
        "CapEff:\t0000000000000000",
        "CapBnd:\t0000000000000000",
        "NoNewPrivs:\t1",
    ]
    assert int(next(line for line in found if line.startswith("processes")).split()[1]) < 20
    assert "routes: 0" in found
    assert [line for line in found if line.startswith("sees")] == [
        "sees /home: user ",
        f"sees {folder}: one.lic ",
    ]
    assert [line for line in found if line.startswith("writes")] == [
        "writes /storage",
        "writes /tmp",
        "writes /dev/shm",
        "writes /run/user/1000",
    ]
    assert "makes user namespaces" not in found
    assert f"Max data size {2 * 2**30} {2 * 2**30} bytes " in found
    assert "Max core file size 0 0 bytes " in found
    assert "cores: 1" in found
    for pid, words in computer.processes().items():
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
        assert PASSWORD[:8] not in " ".join(words) + environment


@as_root
async def test_desktops_of_different_people_run_as_different_users_and_share_only_volumes(
    computer: Computer,
) -> None:
    launcher = computer.launcher
    await launcher.create_volume("data1", "1Gi")
    anns, again, bens = (
        wanted(owner=ANN, volume="data1"),
        wanted(owner=ANN),
        wanted(owner=BEN, volume="data1"),
    )
    for one in (anns, again, bens):
        await ready(launcher, one)
    homes = [computer.home(one.name).stat() for one in (anns, again, bens)]
    assert homes[0].st_uid == homes[1].st_uid != homes[2].st_uid
    assert {home.st_uid for home in homes} <= set(computer.users)
    assert {stat.S_IMODE(home.st_mode) for home in homes} == {0o700}
    owners = {Path(f"/proc/{pid}").stat().st_uid for pid in computer.processes()}
    assert owners == {homes[0].st_uid, homes[2].st_uid}
    files = computer.folder / "desktops" / "volumes" / "data1" / "files"
    assert stat.S_IMODE(files.stat().st_mode) == 0o2770
    assert files.stat().st_gid not in {home.st_uid for home in homes}
    with pytest.raises(LauncherRefused, match="running desktop"):
        await launcher.delete_volume("data1")
    # A person who gets another's desktop, by a mistake elsewhere, does not get the home.
    await launcher.stop(anns.name)
    with pytest.raises(LauncherRefused, match="another person"):
        await launcher.start(wanted(anns.name, owner=BEN))
    with pytest.raises(LauncherRefused, match="not there"):
        await launcher.start(wanted(volume="data2"))


async def test_a_desktop_with_network_reaches_other_computers_and_not_this_one(
    make_computer: Callable[..., Computer],
) -> None:
    program("pasta")
    with socket.create_server(("127.0.0.1", 0)) as local:
        port = local.getsockname()[1]
        probe = (
            f"{{ tail -n +2 /proc/net/route | wc -l; cat /etc/resolv.conf; "
            f"bash -c 'echo >/dev/tcp/127.0.0.1/{port}' && echo reached; }} >probe.txt 2>&1; "
            "exec openbox --startup xterm"
        )
        computer = make_computer(DESKTOP_LOCAL_SESSIONS={"probe": probe})
        one = wanted(image="probe", network=True)
        await ready(computer.launcher, one)
        found = (await read(computer.launcher, one.name, "probe.txt")).splitlines()
    assert int(found[0]) > 0
    assert "nameserver 169.254.1.53" in found
    assert "reached" not in found


@as_root
async def test_a_desktop_with_network_reaches_no_other_address_of_this_computer_either(
    make_computer: Callable[..., Computer], elsewhere: Elsewhere
) -> None:
    program("pasta")
    probe = (
        f"{{ bash -c 'echo >/dev/tcp/{BRIDGE}/{BRIDGE_PORT}' && echo reached || echo not; }} >probe.txt 2>/dev/null; "
        "exec openbox --startup xterm"
    )
    computer = make_computer(DESKTOP_LOCAL_SESSIONS={"probe": probe})
    one = wanted(image="probe", network=True)
    assert elsewhere.call(start_beside_a_bridge, computer.settings, one) == 0
    assert await read(computer.launcher, one.name, "probe.txt") == "not\n"


async def test_programs_may_make_user_namespaces_where_the_operator_allows_it(
    make_computer: Callable[..., Computer],
) -> None:
    probe = "unshare --user true && echo made >probe.txt; exec openbox --startup xterm"
    computer = make_computer(DESKTOP_LOCAL_SESSIONS={"probe": probe}, DESKTOP_LOCAL_USER_NAMESPACES="true")
    one = wanted(image="probe")
    await ready(computer.launcher, one)
    assert await read(computer.launcher, one.name, "probe.txt") == "made\n"


async def test_what_a_desktop_uses_is_measured(computer: Computer) -> None:
    one = wanted()
    await ready(computer.launcher, one)
    used = await computer.launcher.usage(one.name)
    assert used.cpu_seconds is not None
    assert 0 < used.cpu_seconds < 60
    assert used.memory_bytes is not None
    assert 10 * 2**20 < used.memory_bytes < 500 * 2**20


async def test_the_socket_for_a_gateway_is_good_for_nothing_else(
    make_computer: Callable[..., Computer],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as out, socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.close()
        script = TAKER.replace("OUT", str(out.getsockname()[1])).replace("IN", str(port))
        words = f"cat >taker.py <<'EOF'\n{script}\nEOF\n/usr/bin/python3 taker.py >taken.txt 2>&1\n"
        computer = make_computer(DESKTOP_LOCAL_SESSIONS={"taker": f"{words}exec openbox --startup xterm"})
        one = wanted(image="taker", gateway=True)
        await ready(computer.launcher, one)
        found = (await read(computer.launcher, one.name, "taken.txt")).splitlines()
        assert found == ["took AF_INET", "does not: TimeoutError"]
        with pytest.raises(TimeoutError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
