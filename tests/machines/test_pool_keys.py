"""The pool's own keys on real hosts: in place of passwords, and as the CA of certificates that end with the hold."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncssh
import pytest

from tests.servers.hosts import MANAGER, SUDO, debian_hosts
from tests.servers.process import free_port, program, wait_until
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost
from toolcrib.machines.models import machines, pool_keys

if TYPE_CHECKING:
    from tests.machines.pool import PoolCrib
    from tests.servers.crib import Person


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[LocalHost]]:
    with debian_hosts(2, setup=SUDO) as made:
        yield made


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PoolCrib]:
    """A server with a pool of real hosts."""
    from tests.machines.pool import PoolCrib  # noqa: PLC0415 - loads the whole server
    from tests.servers.crib import Crib  # noqa: PLC0415
    from tests.servers.environment import SINGLE  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("real")
    crib = Crib.start(folder / "data", **SINGLE)
    pool = PoolCrib(crib, folder / "hosts")
    del pool.pool.driver  # the real one is opened when it is needed
    yield pool
    crib.close()


def register(real: PoolCrib, host: LocalHost, **fields: Any) -> str:
    values = {"host": host.address, "port": host.port, "password": host.password, **fields}
    (name,) = real.machines(**values)
    return name


def enroll(real: PoolCrib, name: str) -> Any:
    return real.admin.client.post(f"/api/pool/machines/{name}/enroll")


def rows(real: PoolCrib, table: Any) -> list[Any]:
    async def read() -> list[Any]:
        async with real.crib.app.kernel.database.read() as session:
            return list(await session.execute(table.select()))

    return real.crib.run(read())


def stored(real: PoolCrib, name: str) -> Any:
    (row,) = [row for row in rows(real, machines) if row.name == name]
    return row


@pytest.mark.parametrize("user", ["root", MANAGER])
def test_a_key_of_the_pools_own_replaces_the_password(
    real: PoolCrib, hosts: list[LocalHost], user: str
) -> None:
    host = hosts[0]
    name = register(real, host, user=user, sudo=user != "root")
    home = "/root" if user == "root" else f"/home/{user}"
    if user == MANAGER:
        refused = enroll(real, name)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_enrolled")
        assert "sudo without a password" in refused.json()["message"]
        machine = real.state(name)
        assert (machine["has_password"], machine["has_key"]) == (True, False)
        host.run(f"echo '{MANAGER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/free")
    done = enroll(real, name)
    assert done.status_code == 200, done.text
    assert (done.json()["has_password"], done.json()["has_key"]) == (False, True)
    row = stored(real, name)
    assert row.password is None
    (key,) = [key for key in rows(real, pool_keys) if key.name == "manager"]
    assert host.run(f"cat {home}/.ssh/authorized_keys").count(key.public_key) == 1
    assert "PRIVATE" not in row.private_key + key.private_key
    assert enroll(real, name).json()["has_password"] is False  # again: nothing to do
    # It needs no password from now on.
    host.run(f"echo '{user}:{uuid4()}' | chpasswd")
    assert real.admin.client.post(f"/api/pool/machines/{name}/check").json()["online"] is True
    made = real.have(real.person(), [name], minutes=5)
    assert made["state"] == "ready", made
    verbs = [
        each["verb"] for each in real.admin.client.get("/api/events?kind=machine&limit=500").json()["events"]
    ]
    assert "machine_enrolled" in verbs
    real.admin.client.post("/api/release_all").raise_for_status()
    real.settle()
    real.admin.client.delete(f"/api/machines/{name}").raise_for_status()
    host.run(f"echo '{user}:{'x' * 8}' | chpasswd; rm -f /etc/sudoers.d/free {home}/.ssh/authorized_keys")


def test_a_host_that_does_not_take_the_key_keeps_its_password(real: PoolCrib, hosts: list[LocalHost]) -> None:
    host = hosts[1]
    name = register(real, host)
    host.run("echo 'PubkeyAuthentication no' >>/etc/ssh/sshd_config; kill -HUP 1")
    try:
        refused = enroll(real, name)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_enrolled")
        assert refused.json()["message"].startswith(f"{name} still has its password")
    finally:
        host.run("sed -i '/^PubkeyAuthentication no/d' /etc/ssh/sshd_config; kill -HUP 1")
    assert real.state(name)["has_password"] is True
    check = f"/api/pool/machines/{name}/check"
    wait_until(lambda: real.admin.client.post(check).json()["online"] is True, "sshd to be back")
    away = register(real, host, port=free_port())
    gone = enroll(real, away)
    assert (gone.status_code, gone.json()["details"]["problem"]) == (409, "unreachable")
    for each in (name, away):
        real.admin.client.delete(f"/api/machines/{each}").raise_for_status()


# Certificates


class Key:
    """A key pair of somebody's, which no host has."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / f"key-{uuid4()}"
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.file.write_bytes(key.export_private_key())
        self.file.chmod(0o600)
        self.public = key.export_public_key().decode().strip()
        self.private = key

    def certificate(self, person: Person, made: dict[str, Any]) -> dict[str, Any]:
        route = f"/api/reservations/{made['id']}/certificate"
        answer = person.client.get(route, params={"public_key": self.public})
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        found: dict[str, Any] = answer.json()
        return found

    def opens(self, host: LocalHost, login: str, certificate: dict[str, Any]) -> bool:
        async def connect() -> bool:
            options: dict[str, Any] = {"agent_path": None, "config": None, "known_hosts": None}
            pair = (self.private, asyncssh.import_certificate(certificate["certificate"]))
            try:
                session = await asyncssh.connect(
                    host.address, host.port, username=login, client_keys=[pair], **options
                )
            except asyncssh.PermissionDenied:
                return False
            async with session:
                who = await session.run("id -un", check=True)
            return who.stdout == f"{login}\n"

        return asyncio.run(connect())


@pytest.fixture
def pair(real: PoolCrib, hosts: list[LocalHost]) -> Iterator[list[str]]:
    """Both hosts in the pool."""
    names = [register(real, host) for host in hosts]
    yield names
    real.admin.client.post("/api/release_all")
    real.settle()
    for name in names:
        real.admin.client.delete(f"/api/machines/{name}").raise_for_status()


def test_a_certificate_opens_the_account_until_the_hold_ends(
    real: PoolCrib, hosts: list[LocalHost], pair: list[str], tmp_path: Path
) -> None:
    ann, ben, key = real.person(), real.person(), Key(tmp_path)
    now = datetime.now(UTC).replace(microsecond=0)
    real.crib.clock.now = now
    wish = {"certificate": True, "password": None, "login": "ann", "minutes": 30}
    made = real.have(ann, [pair[0]], **wish)
    assert (made["state"], made["certificate"]) == ("ready", True)
    first = key.certificate(ann, made)
    assert datetime.fromisoformat(first["valid_until"]) == now + timedelta(minutes=30)
    assert key.opens(hosts[0], "ann", first)
    _openssh_accepts(hosts[0], "ann", key, first, tmp_path)
    # Of another hold with the same login, and of a root: refused.
    theirs = real.have(ben, [pair[1]], **wish)
    assert theirs["state"] == "ready", theirs
    others = key.certificate(ben, theirs)
    assert key.opens(hosts[1], "ann", others)
    assert not key.opens(hosts[0], "ann", others)
    assert not key.opens(hosts[0], "root", first)
    # As long as it is shared.
    own = f"/api/reservations/{made['id']}"
    assert ben.client.get(f"{own}/certificate", params={"public_key": key.public}).status_code == 404
    ann.client.post(f"{own}/share", json={"username": ben.username}).raise_for_status()
    real.settle()
    shared = key.certificate(ben, made)
    assert key.opens(hosts[0], "ann", shared)
    ann.client.delete(f"{own}/share/{ben.username}").raise_for_status()
    real.settle()
    assert not key.opens(hosts[0], "ann", shared)
    assert key.opens(hosts[0], "ann", first)
    # Longer when it is extended, and not when it is over.
    ann.client.post(f"{own}/extend", json={"minutes": 15}).raise_for_status()
    longer = key.certificate(ann, made)
    assert datetime.fromisoformat(longer["valid_until"]) == now + timedelta(minutes=45)
    ann.client.delete(own).raise_for_status()
    real.settle()
    assert not key.opens(hosts[0], "ann", longer)
    over = ann.client.get(f"{own}/certificate", params={"public_key": key.public})
    assert (over.status_code, over.json()["code"]) == (409, "reservation_over")
    # The next account of this name is not theirs.
    again = real.have(ben, [pair[0]], **wish)
    assert not key.opens(hosts[0], "ann", longer)
    assert key.opens(hosts[0], "ann", key.certificate(ben, again))


def _openssh_accepts(
    host: LocalHost, login: str, key: Key, certificate: dict[str, Any], folder: Path
) -> None:
    file = folder / "cert.pub"
    file.write_text(certificate["certificate"] + "\n")
    options = ["-F", "none", "-o", "IdentitiesOnly=yes", "-o", f"CertificateFile={file}", "-i", str(key.file)]
    options += [
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        f"UserKnownHostsFile={folder / 'known'}",
        "-o",
        "BatchMode=yes",
    ]
    command = [program("ssh"), *options, "-p", str(host.port), f"{login}@{host.address}", "id -un"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, f"{login}\n"), done.stderr
    listed = subprocess.run(
        [program("ssh-keygen"), "-L", "-f", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert "permit-pty" in listed


def test_a_certificate_that_has_run_out_opens_nothing_even_if_the_account_is_there(
    real: PoolCrib, hosts: list[LocalHost], pair: list[str], tmp_path: Path
) -> None:
    ann, key = real.person(), Key(tmp_path)
    # By the server's clock it is good for a minute more, by the host's it ended a minute ago.
    real.crib.clock.now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=2)
    made = real.have(ann, [pair[0]], certificate=True, password=None, minutes=1, login="ann")
    ended = key.certificate(ann, made)
    assert datetime.fromisoformat(ended["valid_until"]) < datetime.now(UTC)
    assert not key.opens(hosts[0], "ann", ended)
    assert hosts[0].run("ls /home").split() == ["ann", MANAGER]
    real.crib.clock.now = datetime.now(UTC).replace(microsecond=0)


def test_who_gets_which_certificate(real: PoolCrib, pair: list[str], tmp_path: Path) -> None:
    real.crib.clock.now = datetime.now(UTC).replace(microsecond=0)
    ann, ben, key = real.person(), real.person(), Key(tmp_path)
    ca = ann.client.get("/api/pool/ca").json()["public_key"]
    assert ca.startswith("ssh-ed25519 ")
    assert ben.client.get("/api/pool/ca").json()["public_key"] == ca
    assert real.crib.client().get("/api/pool/ca").status_code == 401
    plain = real.have(ann, [pair[0]], minutes=5)
    long = real.have(ann, [pair[1]], minutes=40_000, certificate=True, public_keys=[key.public])

    def ask(person: Any, made: dict[str, Any], **params: str) -> tuple[int, str]:
        answer = person.get(f"/api/reservations/{made['id']}/certificate", params=params)
        return answer.status_code, answer.json().get("code", "")

    assert ask(ann.client, plain, public_key=key.public) == (409, "no_certificates")
    assert ask(ben.client, long, public_key=key.public)[0] == 404
    assert ask(real.admin.client, long, public_key=key.public)[0] == 403
    assert ask(real.crib.client(), long, public_key=key.public)[0] == 401
    bad = ("x", "ssh-ed25519 AAAA", "ssh-ed25519 " + "A" * 68, f"{key.public}\nssh-rsa AAAA", "")
    codes = [ask(ann.client, long, public_key=one) for one in bad]
    assert codes[:-1] == [(400, "invalid_request")] * 4
    assert codes[-1] == (200, "")  # as if none was given: that of the reservation
    signed = ann.client.get(f"/api/reservations/{long['id']}/certificate").json()
    until = datetime.fromisoformat(signed["valid_until"])
    assert until == real.crib.clock.now + timedelta(minutes=720)
    certificate: Any = asyncssh.import_certificate(signed["certificate"])
    assert certificate.signing_key == asyncssh.import_public_key(ca)
