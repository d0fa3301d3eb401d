"""Hosts that are away, slow, full, changed or hostile: each is an outcome of its own, within its time and bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import asyncssh
import pytest

from tests.machines.hosts.conftest import Subject
from tests.servers.hosts import MANAGER, PASSWORD, as_host, debian_hosts
from tests.servers.process import free_port
from tests.servers.tcp_proxy import tcp_proxy
from toolcrib.cli.machines.sample_pool.namespaces import LocalHost
from toolcrib.machines.hosts import certificates
from toolcrib.machines.hosts.driver import OUTPUT_BYTES, Account, Driver, Host, Problem
from toolcrib.machines.hosts.passwords import hash_password

SECONDS = 60
ACCOUNT = Account("fay", "r-3", hash_password("pw"))


@asynccontextmanager
async def speaking(
    say: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Host]:
    """A host that says what `say` writes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await say(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Host("hostile", "127.0.0.1", server.sockets[0].getsockname()[1], "root", "secret-of-hostile")
    finally:
        server.close()


@pytest.mark.ansible_too
async def test_one_failing_host_does_not_spoil_the_others(shadow_host: Subject, driver: Driver) -> None:
    away = Host("away", "127.0.0.1", free_port(), "root", "x")
    wrong = replace(shadow_host.host, name="wrong", password="not-it")
    outcomes = await driver.create([away, shadow_host.host, wrong], ACCOUNT, seconds=SECONDS)
    assert [outcomes[name].problem for name in ("away", "host-1", "wrong")] == [
        Problem.UNREACHABLE,
        None,
        Problem.REFUSED,
    ]
    await driver.remove([shadow_host.host], "fay", "r-3", home="wipe", seconds=SECONDS)


async def test_a_host_that_stops_answering_is_given_up_at_the_deadline(
    shadow_host: Subject, driver: Driver
) -> None:
    with tcp_proxy(shadow_host.local.port) as proxy:
        host = as_host(shadow_host.local, port=proxy.port)
        assert (await driver.check([host], seconds=SECONDS))["host-1"].done
        proxy.swallow(new=True)
        outcome = (await driver.check([host], seconds=1))["host-1"]
        assert outcome.problem is Problem.TIMED_OUT


async def test_a_connection_that_died_while_it_was_kept_is_replaced(
    shadow_host: Subject, driver: Driver
) -> None:
    with tcp_proxy(shadow_host.local.port) as proxy:
        host = as_host(shadow_host.local, port=proxy.port)
        assert (await driver.check([host], seconds=SECONDS))["host-1"].done
        proxy.cut()
        assert (await driver.check([host], seconds=SECONDS))["host-1"].done


@pytest.mark.ansible_too
@pytest.mark.parametrize(
    "words", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"x" * 65536, b"SSH-2.0-x\r\n" + b"\xff" * 4096]
)
async def test_what_does_not_speak_ssh_is_garbage(words: bytes, driver: Driver) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    async with speaking(say) as host:
        outcome = (await driver.check([host], seconds=10))["hostile"]
        assert outcome.problem in (Problem.GARBAGE, Problem.UNREACHABLE)
        assert "secret-of-hostile" not in repr(outcome)


@pytest.mark.ansible_too
async def test_an_endless_greeting_is_cut_off(driver: Driver) -> None:
    said = 0

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal said
        while True:
            writer.write(b"greetings\r\n" * 1000)
            await writer.drain()
            said += 11_000

    async with speaking(say) as host:
        outcome = (await driver.check([host], seconds=10))["hostile"]
        assert outcome.problem in (Problem.GARBAGE, Problem.UNREACHABLE)
        assert said < 32 * 2**20


@pytest.mark.ansible_too
async def test_a_greeting_that_never_comes_ends_at_the_deadline(driver: Driver) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await asyncio.Event().wait()

    async with speaking(say) as host:
        began = time.monotonic()
        outcome = (await driver.check([host], seconds=1))["hostile"]
        assert outcome.problem is Problem.TIMED_OUT
        assert time.monotonic() - began < 30


async def test_output_is_bounded_and_masked(shadow_host: Subject, driver: Driver) -> None:
    hosts = [shadow_host.host]
    told = await driver.run(
        hosts, f"echo it is {_quoted(PASSWORD)}; grep root /etc/shadow; exit 3", seconds=SECONDS
    )
    assert told["host-1"].problem is Problem.FAILED
    assert "3" in told["host-1"].text
    assert "it is ***" in told["host-1"].output
    assert PASSWORD not in told["host-1"].output
    assert "$6$" not in told["host-1"].output
    much = (await driver.run(hosts, "head -c 100000 /dev/zero | tr '\\0' x", seconds=SECONDS))["host-1"]
    assert much.done
    assert len(much.output.encode()) <= OUTPUT_BYTES
    endless = (await driver.run(hosts, "yes 2>/dev/null", seconds=SECONDS))["host-1"]
    assert endless.problem is Problem.GARBAGE
    assert len(endless.output.encode()) <= OUTPUT_BYTES


async def test_a_command_that_leaves_a_process_behind_ends(shadow_host: Subject, driver: Driver) -> None:
    ended = (await driver.run([shadow_host.host], "sleep 1000 & echo $!", seconds=SECONDS))["host-1"]
    assert ended.done
    shadow_host.local.run(f"kill {ended.output}")


@pytest.mark.ansible_too
async def test_values_that_cannot_be_meant_reach_no_host(shadow_host: Subject, driver: Driver) -> None:
    before = shadow_host.local.run("cat /etc/passwd")
    bad = "$(touch /pwned)"
    for login in ("root", "daemon", "", "-x", "Carol", "a;b", "a b", "a\nb", "{{ 7*7 }}", "a" * 33, bad):
        outcome = (await driver.create([shadow_host.host], Account(login, "m"), seconds=SECONDS))["host-1"]
        assert outcome.problem is Problem.INVALID, login
    for changed in (
        {"address": bad}, {"address": "-oProxyCommand=x"}, {"address": "a b"}, {"port": 0}, {"user": bad},
        {"password": "a\nb"}, {"host_key": bad}, {"private_key": "nonsense"}, {"ca_key": "x\ny"},
    ):  # fmt: skip
        host = replace(shadow_host.host, **changed)
        assert (await driver.check([host], seconds=5))["host-1"].problem is Problem.INVALID, changed
    for account in (
        Account("ok", bad), Account("ok", "m", "plain"), Account("ok", "m", None, ("ssh-ed25519 A\nssh-rsa B",)),
    ):  # fmt: skip
        outcome = (await driver.create([shadow_host.host], account, seconds=SECONDS))["host-1"]
        assert outcome.problem is Problem.INVALID, account
    assert shadow_host.local.run("cat /etc/passwd; ls /pwned 2>/dev/null; true") == before


async def test_a_changed_host_key_is_refused_before_anything_is_sent(driver: Driver) -> None:
    with debian_hosts(1) as [local]:
        host = replace(as_host(local), host_key=local.host_key)
        assert (await driver.check([host], seconds=SECONDS))["host-1"].done
        local.change_host_key()
        await _showing(local, other_than=local.host_key)
        # A check finds it, although there is a connection from before.
        checked = (await driver.check([host], seconds=SECONDS))["host-1"]
        assert checked.problem is Problem.HOST_KEY_CHANGED
        await driver.aclose()
        outcome = (await driver.create([host], ACCOUNT, seconds=SECONDS))["host-1"]
        assert outcome.problem is Problem.HOST_KEY_CHANGED
        assert outcome.host_key not in (None, local.host_key)
        accepted = replace(host, host_key=outcome.host_key)
        assert (await driver.check([accepted], seconds=SECONDS))["host-1"].accounts == {}

        local.run(
            "dd if=/dev/zero of=/fill bs=1M 2>/dev/null; dd if=/dev/zero of=/fill2 bs=1 count=1 2>&1 || true"
        )
        full = (await driver.create([accepted], ACCOUNT, seconds=SECONDS))["host-1"]
        assert full.problem is Problem.FULL, full
        local.run("rm /fill*")
        assert (await driver.create([accepted], ACCOUNT, seconds=SECONDS))["host-1"].done
        # A holder who filled the disk does not keep the account by that.
        local.run("dd if=/dev/zero of=/home/fay/fill bs=1M 2>/dev/null; chown fay /home/fay/fill; true")
        gone = (await driver.remove([accepted], "fay", "r-3", home="wipe", seconds=SECONDS))["host-1"]
        assert gone.done, gone


async def test_a_host_behind_another_is_reached_through_it(
    shadow_host: Subject, busybox_host: Subject, driver: Driver
) -> None:
    behind = replace(busybox_host.host, name="behind", jump=replace(shadow_host.host, name="jump"))
    away = replace(behind, name="away", port=free_port())
    refused = replace(behind, name="refused", jump=replace(shadow_host.host, name="jump", password="wrong"))
    outcomes = await driver.check([behind, away, refused], seconds=SECONDS)
    assert outcomes["behind"].host_key == busybox_host.local.host_key
    assert outcomes["away"].problem is Problem.UNREACHABLE
    # What the jump host shows is not the other's.
    assert (outcomes["refused"].problem, outcomes["refused"].host_key) == (Problem.UNREACHABLE, None)
    assert "jump" in outcomes["refused"].text


async def test_enrolling_replaces_the_password_by_a_key(
    shadow_host: Subject, sudo_host: Subject, driver: Driver
) -> None:
    key = certificates.new_key()
    for one in (shadow_host, sudo_host):
        assert (await driver.enroll([one.host], key.private, seconds=SECONDS))["host-1"].done
        assert (await driver.enroll([one.host], key.private, seconds=SECONDS))["host-1"].done
        user = one.host.user
        assert await one.is_refused(user, password="wrong")
    only_key = replace(shadow_host.host, password=None, private_key=key.private)
    assert (await driver.check([only_key], seconds=SECONDS))["host-1"].done
    home = sudo_host.local.run(f"cat /home/{MANAGER}/.ssh/authorized_keys")
    assert home.count(key.public) == 1


async def test_sudo_that_is_refused_is_said(sudo_host: Subject, driver: Driver) -> None:
    key = certificates.new_key()
    assert (await driver.enroll([sudo_host.host], key.private, seconds=SECONDS))["host-1"].done
    for password in ("not the password", None):
        host = replace(sudo_host.host, private_key=key.private, password=password)
        outcome = (await driver.check([host], seconds=SECONDS))["host-1"]
        assert outcome.problem is Problem.REFUSED
    sudo_host.local.run(f"echo '{MANAGER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/free")
    host = replace(sudo_host.host, private_key=key.private, password=None)
    assert (await driver.check([host], seconds=SECONDS))["host-1"].done
    sudo_host.local.run("rm /etc/sudoers.d/free")


async def _showing(local: LocalHost, *, other_than: str) -> None:
    """Wait until the host shows another key: sshd lets go of its port for a moment."""
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError, asyncssh.Error):
                key = await asyncssh.get_server_host_key(local.address, local.port, config=None)
                if key and key.export_public_key().decode().split()[:2] != other_than.split():
                    return
            await asyncio.sleep(0.02)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
