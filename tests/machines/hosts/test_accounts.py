"""What every driver promises about accounts on hosts, with real logins, sessions and processes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncssh
import pytest

from tests.machines.hosts.conftest import Subject
from toolcrib.machines.hosts import certificates
from toolcrib.machines.hosts.driver import Account, Driver, Problem
from toolcrib.machines.hosts.passwords import hash_password

PASSWORD = "-p'w; $(touch /pwned) \"x {{ 7*7 }}"
SECONDS = 60


def account(login: str, mark: str = "r-1", **more: object) -> Account:
    return Account(login, mark, hash_password(PASSWORD), **more)  # type: ignore[arg-type]


@pytest.mark.ansible_too("busybox")
async def test_access_lasts_as_long_as_the_account(subject: Subject, driver: Driver) -> None:
    [made] = (await driver.create([subject.host], account("carol"), seconds=SECONDS)).values()
    assert made.done, made
    assert made.host_key == subject.local.host_key

    session = await subject.sign_in("carol", password=PASSWORD)
    who = str((await session.run("id -u; id -Gn; stat -c %a .; pwd", check=True)).stdout).split()
    uid = who[0]
    assert int(uid) >= 1000
    assert who[-2:] == ["700", "/home/carol"]
    assert {"wheel", "sudo"} & set(who)

    await session.run(
        "nohup setsid sleep 1000 >/dev/null 2>&1 & (while :; do sleep 1000 & wait; done) >/dev/null 2>&1 & "
        "touch /tmp/mine /var/tmp/mine /dev/shm/mine; mkdir /tmp/folder && touch /tmp/folder/in '/tmp/a b'"
    )
    await session.create_process("sleep 1000")
    subject.local.run(
        "mkdir -p /var/spool/cron/crontabs /var/spool/cron/atjobs /var/mail; "
        "echo '* * * * * true' >/var/spool/cron/crontabs/carol; touch /var/mail/carol /var/spool/cron/atjobs/a1; "
        "chown carol /var/spool/cron/atjobs/a1; touch /tmp/others"
    )
    assert len(subject.processes_of(uid)) >= 4

    [gone] = (await driver.remove([subject.host], "carol", "r-1", home="wipe", seconds=SECONDS)).values()
    assert gone.done, gone
    assert subject.processes_of(uid) == []
    await session.wait_closed()
    assert await subject.is_refused("carol", password=PASSWORD)
    left = "find / -xdev -user {0} 2>/dev/null; find /dev/shm /tmp /run -user {0} 2>/dev/null; true"
    assert subject.local.run(left.format(uid)) == ""
    names = subject.local.run("grep -l carol /etc/passwd /etc/shadow /etc/group; ls /home /var/mail; true")
    assert "carol" not in names.split()
    assert subject.local.run("ls /tmp/others; ls /pwned; true").split() == ["/tmp/others"]
    assert "carol" not in subject.local.run("ls /var/spool/cron/crontabs")

    [again] = (await driver.remove([subject.host], "carol", "r-1", home="wipe", seconds=SECONDS)).values()
    assert again.done, again


async def test_keys_and_certificates_sign_in_without_a_password(subject: Subject, driver: Driver) -> None:
    key, other, ca = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
    public, other_public, ca_public = (one.export_public_key().decode().strip() for one in (key, other, ca))
    host = replace(subject.host, ca_key=ca_public)
    principals = tuple(certificates.principal_of("r-7", person) for person in ("carol", "dora"))
    wanted = Account("keys", "r-7", None, (public,), principals)
    [made] = (await driver.create([host], wanted, seconds=SECONDS)).values()
    assert made.done, made

    def certificate(minutes: int, mark: str = "r-7", person: str = "carol") -> object:
        now = datetime.now(UTC)
        text = certificates.sign(
            ca.export_private_key().decode(),
            other_public,
            principal=certificates.principal_of(mark, person),
            valid_from=now - timedelta(hours=1),
            valid_until=now + timedelta(minutes=minutes),
        )
        return (other, asyncssh.import_certificate(text))

    (await subject.sign_in("keys", client_keys=[key])).abort()
    (await subject.sign_in("keys", client_keys=[certificate(5)])).abort()
    (await subject.sign_in("keys", client_keys=[certificate(5, person="dora")])).abort()
    assert await subject.is_refused("keys", client_keys=[other])
    assert await subject.is_refused("keys", client_keys=[certificate(-5)])
    assert await subject.is_refused("keys", client_keys=[certificate(5, mark="r-6")])
    assert await subject.is_refused("keys", client_keys=[certificate(5, person="eve")])
    assert await subject.is_refused("keys", password="*")

    [gone] = (await driver.remove([host], "keys", "r-7", home="archive", seconds=SECONDS)).values()
    assert gone.done, gone
    assert await subject.is_refused("keys", client_keys=[key])
    archived = subject.local.run("tar -tzf /var/lib/toolcrib/homes/keys-r-7.tar.gz")
    assert "keys/.ssh/authorized_keys" in archived


async def test_a_login_that_is_not_the_pools_is_left_alone(subject: Subject, driver: Driver) -> None:
    tool = "/usr/sbin/useradd" if "busybox" not in subject.local.run("ls -l /bin/sh") else "/opt/real/useradd"
    subject.local.run(f"{tool} -m -s /bin/sh local")
    before = subject.local.run("cat /etc/passwd /etc/shadow /etc/group; ls -laR /home/local")
    made = await driver.create([subject.host], account("local"), seconds=SECONDS)
    gone = await driver.remove([subject.host], "local", "r-1", home="wipe", seconds=SECONDS)
    assert {one.problem for one in [*made.values(), *gone.values()]} == {Problem.LOGIN_EXISTS}
    assert subject.local.run("cat /etc/passwd /etc/shadow /etc/group; ls -laR /home/local") == before


async def test_another_reservation_neither_takes_nor_removes_an_account(
    shadow_host: Subject, driver: Driver
) -> None:
    hosts = [shadow_host.host]
    assert (await driver.create(hosts, account("dora", "r-1"), seconds=SECONDS))["host-1"].done
    taken = await driver.create(hosts, account("dora", "r-2"), seconds=SECONDS)
    removed = await driver.remove(hosts, "dora", "r-2", home="wipe", seconds=SECONDS)
    assert {taken["host-1"].problem, removed["host-1"].problem} == {Problem.LOGIN_EXISTS}
    assert (await driver.check(hosts, seconds=SECONDS))["host-1"].accounts == {"dora": "r-1"}
    assert (await driver.remove(hosts, "dora", "r-1", home="wipe", seconds=SECONDS))["host-1"].done
    assert (await driver.check(hosts, seconds=SECONDS))["host-1"].accounts == {}


async def test_uids_of_the_system_are_never_removed(shadow_host: Subject, driver: Driver) -> None:
    assert (await driver.create([shadow_host.host], account("eve"), seconds=SECONDS))["host-1"].done
    shadow_host.local.run("usermod -u 500 eve")
    gone = (await driver.remove([shadow_host.host], "eve", "r-1", home="wipe", seconds=SECONDS))["host-1"]
    assert gone.problem is Problem.FAILED
    assert "1000" in gone.text
    assert "eve" in shadow_host.local.run("cat /etc/passwd")
    shadow_host.local.run("userdel -r eve; rm /var/lib/toolcrib/accounts/eve", check=False)


async def test_check_tells_facts(subject: Subject, driver: Driver) -> None:
    facts = (await driver.check([subject.host], seconds=SECONDS))["host-1"].facts
    assert facts is not None
    assert (facts.os_id, facts.architecture) == ("debian", subject.local.run("uname -m").strip())
    assert facts.cores
    assert facts.memory_bytes
    assert facts.disk_free_bytes
