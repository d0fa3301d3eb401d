"""Machines from the command line: real hosts, real accounts on them, the real `ssh`."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Person
from tests.servers.process import absent, free_port, wait_until
from tests.servers.toolcrib import ToolcribServer
from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.machines.access import Access
from toolcrib.cli.machines.own_key import make_key
from toolcrib.cli.machines.sample_pool.base_root import CannotMakeHosts
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost, start_hosts

PASSWORD = "a root's $ecret; `id`"
NAMES = ("cli-1", "cli-2")
CODES = {"refused": 121, "lost": 122, "timed_out": 124, "no_answer": 125}


@pytest.fixture(scope="module")
def hosts(crib: ToolcribServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, LocalHost]]:
    folder = tmp_path_factory.mktemp("hosts")
    try:
        started = start_hosts([(name, free_port()) for name in NAMES], folder, password=PASSWORD)
    except CannotMakeHosts as cannot:
        absent(str(cannot))
    yield {host.name: host for host in started}
    for host in started:
        host.stop()


@pytest.fixture
def pool(hosts: dict[str, LocalHost], admin: Person) -> Iterator[dict[str, LocalHost]]:
    """Both hosts in the pool, free at the beginning and at the end."""
    for host in hosts.values():
        place = ("--host", host.address, "--port", str(host.port), "--tag", "cli")
        admin.run("machines", "add", host.name, *place, "--password-stdin", stdin=PASSWORD + "\n")
    yield hosts
    for one in admin.client.get("/api/pool/reservations", params={"mine": False}).json()["reservations"]:
        if one["state"] in ("waiting", "preparing", "ready"):
            admin.client.delete(f"/api/reservations/{one['id']}", params={"reason": "the test is over"})
    wait_until(lambda: states(admin) == dict.fromkeys(NAMES, "free"), "the machines to be free")
    admin.run("machines", "rm", *NAMES)


def states(person: Person) -> dict[str, str]:
    rows = person.client.get("/api/pool/machines").json()["machines"]
    return {row["name"]: row["state"] for row in rows}


def test_a_machine_behind_another_is_reached_through_it(
    pool: dict[str, LocalHost], ann: Person, admin: Person
) -> None:
    jump, behind = NAMES
    admin.client.patch(f"/api/pool/machines/{behind}", json={"jump": jump}).raise_for_status()
    try:
        ann.run("machines", "reserve", jump, behind)
        assert ann.run("ssh", behind, "--", "id -un; hostname").out.split() == [ann.name, behind]
        # It is really that way.
        pool[jump].run("echo 'AllowTcpForwarding no' >>/etc/ssh/sshd_config; kill -HUP 1")
        wait_until(lambda: ann.run("ssh", behind, "--", "true", code=None).code == 255, "a closed way", 30)
        pool[jump].run("sed -i '/^AllowTcpForwarding no/d' /etc/ssh/sshd_config; kill -HUP 1")
        wait_until(lambda: ann.run("ssh", behind, "--", "true", code=None).code == 0, "an open way", 30)
        ann.run("machines", "release", jump, behind)
        wait_until(lambda: states(admin) == dict.fromkeys(NAMES, "free"), "the machines to be free", 60)
        script = (
            f'for one in {jump} {behind}; do ssh -F "$TOOLCRIB_SSH_CONFIG" $one hostname </dev/null; done'
        )
        words = ("run", "--machine", jump, "--machine", behind, "--", "sh", "-c", script)
        assert ann.run(*words).out.split() == [jump, behind]
    finally:
        admin.client.patch(f"/api/pool/machines/{behind}", json={"jump": None})


def mine(person: Person) -> list[dict[str, Any]]:
    rows = person.client.get("/api/pool/reservations").json()["reservations"]
    return [row for row in rows if row["state"] in ("waiting", "preparing", "ready")]


def finish(process: subprocess.Popen[str], seconds: float = 60) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return process.returncode, out, err


def test_reserve_sign_in_extend_and_give_back(
    pool: dict[str, LocalHost], ann: Person, ben: Person, admin: Person
) -> None:
    assert ann.run("machines", "reservations").out == "You have reserved no machines.\n"
    assert "cli-1" in ann.run("reserve", "cli-1", "--for", "30m", "-m", "a trial").out
    assert "root" not in ann.run("ssh", "cli-1", "--", "id", "-un").out
    assert ann.run("ssh", "cli-1", "--", "id -un; hostname").out == "ann\ncli-1\n"
    assert ann.run("ssh", "cli-1", "--", "exit 7", code=7).code == 7

    listed = ann.run("machines", "ls").out
    assert [line.split()[1:3] for line in listed.splitlines() if "cli-1" in line] == [["held", "ann"]]
    assert "a trial" in ann.run("reservations").out
    before = mine(ann)[0]["seconds_remaining"]
    ann.run("extend", "cli-1", "--for", "30m")
    assert mine(ann)[0]["seconds_remaining"] > before + 1500

    assert "not reserved" in ben.run("ssh", "cli-1", code=1).err
    assert "held by ann" in ben.run("machines", "release", "cli-1", code=2).err
    ben.run("machines", "release", "cli-1", "--reason", "mine now", code=1)
    assert mine(ann)
    ben.run("reserve", "cli-1", code=3)

    ann.run("machines", "release", "cli-1")
    assert mine(ann) == []
    wait_until(lambda: states(admin)["cli-1"] == "free", "the account to be gone")
    assert "ann" not in pool["cli-1"].run("cut -d: -f1 /etc/passwd").split()
    assert "not reserved" in ann.run("ssh", "cli-1", code=1).err


def test_certificates_in_place_of_keys(pool: dict[str, LocalHost], ann: Person) -> None:
    ann.run("reserve", "cli-1", "--certificate")
    (reservation,) = mine(ann)
    assert reservation["certificate"] is True
    keys = pool["cli-1"].run("cat /home/ann/.ssh/authorized_keys").strip()
    assert keys.startswith("cert-authority,principals=")
    assert len(keys.splitlines()) == 1
    assert ann.run("ssh", "cli-1", "--", "id", "-un").out == "ann\n"


def test_a_host_with_another_key_is_refused(pool: dict[str, LocalHost], ann: Person) -> None:
    ann.run("reserve", "cli-2")
    (reservation,) = mine(ann)
    assert reservation["machines"][0]["host_key"] == pool["cli-2"].host_key
    pool["cli-2"].change_host_key()

    def refused() -> bool:
        done = ann.run("ssh", "cli-2", "--", "true", code=None)
        return done.code == 255 and "Host key verification failed" in done.err

    wait_until(refused, "the host to show the other key")
    restore = "cat > /etc/ssh/ssh_host_ed25519_key && rm -f /etc/ssh/*.pub && kill -HUP 1"
    pool["cli-2"].run(restore, stdin=(pool["cli-2"].folder / "host_key").read_text())
    wait_until(lambda: ann.run("ssh", "cli-2", "--", "true", code=None).code == 0, "the first key")


def test_administering_the_pool(
    pool: dict[str, LocalHost], admin: Person, ann: Person, tmp_path: Path
) -> None:
    assert "cli-1 is online, free" in admin.run("machines", "check", "cli-1").out
    assert "is quarantined" in admin.run("machines", "quarantine", "cli-1", "--reason", "smoke").out
    assert "smoke" in ann.run("machines", "ls").out
    admin.run("machines", "quarantine", "cli-1", "--off")
    assert "is maintenance" in admin.run("machines", "maintenance", "cli-1", "--reason", "disk").out
    admin.run("machines", "maintenance", "cli-1", "--off")
    assert admin.run("machines", "enroll", "--all").out == "".join(
        f"{name} has no password any more\n" for name in NAMES
    )
    assert admin.run("machines", "enroll", "--all").out == "No machine has a password.\n"
    assert "cli-1 is online, free" in admin.run("machines", "check", "cli-1").out
    wait_until(lambda: states(admin)["cli-1"] == "free", "the machine to be back")
    assert "no other host key" in admin.run("machines", "accept-host-key", "cli-1", code=1).err

    file = tmp_path / "pool.csv"
    admin.run("machines", "export", str(file))
    assert "cli-2" in file.read_text()
    assert PASSWORD not in file.read_text()
    assert "cli-1" in admin.run("machines", "export").out
    assert "cli-1 is there already" in admin.run("machines", "import", str(file)).out
    file.write_text("name,host,port,user,password\ncli-1,127.0.0.1,22,root,p\nimported,127.0.0.1,22,root,p\n")
    told = admin.run("machines", "import", str(file)).out
    assert told == "Added imported\ncli-1 is there already\n"
    admin.run("machines", "rm", "imported")

    for words in (
        ("check", "cli-1"),
        ("quarantine", "cli-1"),
        ("maintenance", "cli-1"),
        ("accept-host-key", "cli-1"),
        ("rm", "cli-1"),
        ("export",),
        ("import", str(file)),
    ):
        ann.run("machines", *words, code=1)
    assert ann.run("machines", "add", "x", "--host", "h", "--password-stdin", stdin="p\n", code=1).err
    assert set(states(admin)) == set(NAMES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("machine", "-oProxyCommand=id"),
        ("machine", "a\nHost *"),
        ("host", "-oProxyCommand=id"),
        ("host", "h;id"),
        ("host", "h\n    ProxyCommand id"),
        ("port", "22 -oProxyCommand=id"),
        ("port", 0),
        ("host_key", "ssh-ed25519 AAAA\n* ssh-ed25519 BBBB"),
        ("host_key", None),
        ("login", "-lroot"),
        ("login", "ann\n    ProxyCommand id"),
    ],
)
def test_ssh_is_not_told_more_than_where_and_who(field: str, value: object) -> None:
    """A server of ours tells no such values; whoever took it over might."""
    good = {"machine": "m1", "host": "10.0.0.1", "port": 22, "host_key": "ssh-ed25519 AAAA", "login": "ann"}
    told = good | {field: value}
    assert Access.of(good, good).host == "10.0.0.1"
    with pytest.raises(CannotTell):
        Access.of(told, told)


SHOW = 'for name in $TOOLCRIB_MACHINES; do ssh -F "$TOOLCRIB_SSH_CONFIG" $name hostname; done; exit 9'
ONE = (
    'ssh -i "$TOOLCRIB_SSH_KEY" -o UserKnownHostsFile="$TOOLCRIB_SSH_KNOWN_HOSTS" -o HostKeyAlias=$TOOLCRIB_MACHINES '
    '-p $TOOLCRIB_SSH_PORT $TOOLCRIB_SSH_USER@$TOOLCRIB_SSH_HOST hostname; echo "$TOOLCRIB_SSH_KEY"'
)


def test_run_has_its_machines_and_gives_them_back(pool: dict[str, LocalHost], ann: Person) -> None:
    words = ("run", "--tag", "cli", "-n", "2", "--for", "1h", "--", "sh", "-c", SHOW)
    assert sorted(ann.run(*words, code=9).out.split()) == list(NAMES)
    assert mine(ann) == []
    name, key = ann.run("run", "--tag", "cli", "--", "sh", "-c", ONE).out.split()
    assert name in NAMES
    assert not Path(key).parent.exists()
    assert ann.run("run", "--tag", "cli", "--", "no-such-command", code=127).err
    assert ann.run("run", "--tag", "cli", "--", __file__, code=126).err
    assert ann.run("run", "-n", "3", "--tag", "cli", "--no-wait", "--", "true", code=CODES["refused"]).err
    away = ("run", "--url", f"http://127.0.0.1:{free_port()}", "--", "true")
    ann.run(*away, code=CODES["no_answer"], env={"TOOLCRIB_TOKEN": "x"})


def test_run_waits_its_turn_and_no_longer_than_asked(
    pool: dict[str, LocalHost], ann: Person, ben: Person
) -> None:
    ann.run("reserve", *NAMES)
    over = ben.run("run", "--tag", "cli", "--timeout", "2s", "--", "true", code=CODES["timed_out"])
    assert "Waiting in line, place 1 of 1" in over.err
    assert mine(ben) == []
    waiting = ben.start("run", "--tag", "cli", "--", "sh", "-c", "echo $TOOLCRIB_MACHINES")
    wait_until(lambda: [one["state"] for one in mine(ben)] == ["waiting"], "ben to wait")
    assert "ben" in ann.run("queue").out
    assert "waits" in ann.run("extend", "cli-1", "--for", "1h", code=1).err
    ann.run("machines", "release", "cli-2")
    assert finish(waiting)[:2] == (0, "cli-2\n")
    assert mine(ben) == []


def test_what_the_pool_could_never_serve_is_refused_or_told(
    pool: dict[str, LocalHost], ann: Person, admin: Person
) -> None:
    three = ("-n", "3", "--tag", "cli")
    said = "3 machines are needed, and the pool has only 2 that match and that ann may reserve."
    assert said in ann.run("run", *three, "--", "true", code=CODES["refused"]).err
    assert said in ann.run("reserve", *three, "--wait", code=1).err
    assert mine(ann) == []
    admin.run("machines", "maintenance", "cli-2", "--reason", "a fan")
    waiting = ann.start("run", "-n", "2", "--tag", "cli", "--", "sh", "-c", "echo $TOOLCRIB_MACHINES")
    wait_until(lambda: [one["state"] for one in mine(ann)] == ["waiting"], "ann to wait")
    told = "2 machines are needed; in service of those that match: 1 of 2."
    assert told in " ".join(admin.run("queue").out.split())
    admin.run("machines", "maintenance", "cli-2", "--off")
    code, out, err = finish(waiting)
    assert (code, sorted(out.split())) == (0, list(NAMES))
    assert f"but others go first until that changes: {told}" in err


def test_run_ends_its_command_when_the_machines_are_lost(
    pool: dict[str, LocalHost], ann: Person, admin: Person
) -> None:
    running = ann.start("run", "--machine", "cli-1", "--for", "1m", "--", "sh", "-c", "echo go; sleep 600")
    assert running.stdout is not None
    assert running.stdout.readline() == "go\n"
    wait_until(lambda: mine(ann)[0]["seconds_remaining"] > 60, "the reservation to be extended")
    admin.run("machines", "release", "cli-1", "--reason", "needed elsewhere")
    code, _, err = finish(running)
    assert (code, "lost" in err) == (CODES["lost"], True), err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_run_gives_back_when_a_signal_ends_it(
    pool: dict[str, LocalHost], ann: Person, number: signal.Signals
) -> None:
    running = ann.start(
        "run", "--machine", "cli-1", "--", "sh", "-c", "echo $TOOLCRIB_SSH_KEY; exec sleep 600"
    )
    assert running.stdout is not None
    key = Path(running.stdout.readline().strip())
    assert key.stat().st_mode & 0o077 == 0
    running.send_signal(number)
    assert finish(running)[0] == 128 + number
    assert mine(ann) == []
    assert not key.exists()


def test_run_leaves_the_line_when_a_signal_ends_it(
    pool: dict[str, LocalHost], ann: Person, ben: Person
) -> None:
    ann.run("reserve", *NAMES)
    waiting = ben.start("run", "--tag", "cli", "--", "true")
    wait_until(lambda: bool(mine(ben)), "ben to wait")
    waiting.send_signal(signal.SIGTERM)
    assert finish(waiting)[0] == 128 + signal.SIGTERM
    assert mine(ben) == []


def test_a_booking_is_changed_and_shared_before_it_begins(
    pool: dict[str, LocalHost], ann: Person, ben: Person, tmp_path: Path
) -> None:
    made = ann.json("machines", "book", "cli-1", "--at", "3h", "--for", "1h")
    ben.run("machines", "book", "cli-1", "--at", "1h", "--for", "1h")
    moved = ann.json("machines", "rebook", "cli-1", "--at", "5h", "--for", "30m")
    assert (moved["id"], moved["minutes"], moved["starts_at"] > made["starts_at"]) == (made["id"], 30, True)
    taken = ann.run("machines", "rebook", made["id"], "--at", "90m", code=3)
    assert "others are booked" in taken.err
    assert "cli-2" in ann.run("machines", "rebook", "cli-1", "--at", "90m", "--machine", "cli-2").out
    ann.run("machines", "rebook", "cli-2", code=2)
    assert "not reserved" in ben.run("machines", "rebook", "cli-2", "--for", "2h", code=1).err
    assert "has not begun" in ann.run("ssh", "cli-2", code=1).err
    make_key(tmp_path / "key")
    shared = ann.run("machines", "share", "cli-2", "ben", "--key", tmp_path / "key.pub")
    assert shared.out == "Shared with ben\n"
    ann.run("machines", "book", "cli-2", "--at", "8h")
    assert "more than once" in ann.run("machines", "rebook", "cli-2", "--for", "2h", code=1).err
    cancelling = ann.run("machines", "release", "cli-2", code=1).err
    assert "You have booked cli-2." in cancelling
    assert made["id"] in cancelling
    ann.run("machines", "release", "--all")
    ben.run("machines", "release", "--all")


def test_output_tells_what_was_done_on_the_machines(
    pool: dict[str, LocalHost], ann: Person, ben: Person, admin: Person
) -> None:
    made = ann.json("machines", "reserve", "cli-1", "--password-stdin", stdin="a $ecret of ann's\n")
    told = ann.run("machines", "output", "cli-1").out
    assert told.startswith("cli-1: create done, ")
    (row,) = ann.json("machines", "output", made["id"])
    assert (row["machine"], row["what"], row["problem"]) == ("cli-1", "create", None)
    hashed = pool["cli-1"].run("getent shadow ann").split(":")[1]
    assert hashed.startswith("$6$")
    for secret in ("a $ecret of ann's", hashed, PASSWORD):
        assert secret not in told + row["output"]
    assert "not reserved" in ben.run("machines", "output", "cli-1", code=1).err
    ben.run("machines", "output", made["id"], code=1)
    assert "cli-1: create done" in admin.run("machines", "output", made["id"]).out
    ann.run("machines", "release", "cli-1")
    wait_until(lambda: states(admin)["cli-1"] == "free", "the account to be gone")
    assert "cli-1: remove done" in ann.run("machines", "output", made["id"]).out


def test_book_confirm_share_and_pass_on(
    pool: dict[str, LocalHost], ann: Person, ben: Person, admin: Person, tmp_path: Path
) -> None:
    booked = ann.json("machines", "book", "cli-1", "--at", "2s", "--for", "1h", "-m", "a trial")
    assert (booked["state"], booked["booked_machines"]) == ("booked", ["cli-1"])
    refused = ben.run("machines", "book", "cli-1", "--at", "30m", code=None)
    assert (refused.code, "others are booked" in refused.err) == (3, True)
    assert "a trial" in ben.run("machines", "calendar", "cli-1").out
    address = ben.run("machines", "calendar-feed", "--everything").out.strip()
    assert "cli-1" in ben.client.get(address).text
    ben.run("machines", "calendar-feed", "--off")
    assert ben.client.get(address).status_code == 404
    assert ben.client.get(f"{address}/").status_code == 404
    assert ben.client.head(address).status_code == 405
    # All three refusals are logged, without the secret.
    wait_until(lambda: ben.server.output().count("path=/api/pool/calendar/") >= 3, "the log")
    assert address.rpartition("/")[2].removesuffix(".ics") not in ben.server.output()
    wait_until(lambda: [one["state"] for one in mine(ann)] == ["ready"], "the booking to begin", 60)
    assert "Confirmed: cli-1" in ann.run("machines", "confirm", "cli-1").out
    key = make_key(tmp_path / "key")
    assert key in (tmp_path / "key.pub").read_text()
    shared = ann.run("machines", "share", "cli-1", "ben", "--key", tmp_path / "key.pub")
    assert shared.out == "Shared with ben\n"
    wait_until(lambda: [one["state"] for one in mine(ann)] == ["ready"], "the key to be there", 60)
    assert "cli-1" in ben.run("reservations").out
    signed_in = ben.run("machines", "ssh", "cli-1", "--identity", tmp_path / "key", "--", "id", "-un")
    assert signed_in.out == "ann\n"
    assert "not reserved" in ben.run("machines", "extend", "cli-1", "--for", "1h", code=1).err
    assert ben.run("machines", "release", "--all").out == ""
    assert ann.run("machines", "unshare", "cli-1", "ben").out == "No longer shared with ben\n"
    ann.run("machines", "access", "cli-1", "--key", tmp_path / "key.pub")
    wait_until(lambda: [one["state"] for one in mine(ann)] == ["ready"], "the keys to be changed", 60)
    assert ann.run("machines", "transfer", "cli-1", "--to", "ben").out == "Passed on to ben\n"
    (bens,) = mine(ben)
    wish = {"names": ["cli-1"], "password": "a password", "wait": True}
    waiting = ann.client.post("/api/reservations", json=wish).json()["id"]
    admin.run("machines", "priority", waiting, "--to", "3", "--reason", "A deadline.")
    assert ann.client.get(f"/api/reservations/{waiting}").json()["queue"]["priority"] == 3
    for person, typed, expected in (
        (ann, "machines reserve cli-", "cli-2"),
        (ben, "machines release cli-", "cli-1"),
        (ben, f"machines extend {bens['id'][:8]}", bens["id"]),
        (admin, f"machines move {waiting[:8]}", waiting),
    ):
        told = {"_TOOLCRIB_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"toolcrib {typed}"}
        assert expected in person.run(env=told, code=None).out
    ann.run("machines", "release", waiting)
    ben.run("machines", "release", bens["id"])
