"""A run that is cut off at any step is ended well by its repetition, and nothing secret is left behind."""

from __future__ import annotations

import re

import pytest

from tests.machines.hosts.conftest import Subject
from toolcrib.machines.hosts.driver import Account, Driver, Problem
from toolcrib.machines.hosts.passwords import hash_password

SECONDS = 60
ACCOUNT = Account("gil", "r-5", hash_password("secret of gil"), ("ssh-ed25519 AAAA gil",))

# Kills the shell that called it, as a power cut does, before or after the real tool; once.
WRAPPER = r"""#!/bin/sh
if [ -e /cut/before-{tool} ]; then /real/rm /cut/before-{tool}; kill -9 $PPID; exit 1; fi
{real} "$@"
status=$?
if [ -e /cut/after-{tool} ]; then /real/rm /cut/after-{tool}; kill -9 $PPID; exit 1; fi
exit $status
"""
CREATING = ("mkdir", "mv", "useradd", "chown", "chmod", "usermod", "su", "chpasswd")
REMOVING = ("chown", "usermod", "rm", "find", "userdel")


@pytest.fixture(scope="module")
def cut_host(shadow_host: Subject) -> Subject:
    local = shadow_host.local
    local.run("mkdir /cut /real")
    for tool in {*CREATING, *REMOVING}:
        where = local.run(f"command -v {tool}").strip()
        text = WRAPPER.format(tool=tool, real=f"/real/{tool}")
        local.run(
            f"cp $(readlink -f {where}) /real/{tool}; cat >{where}.new; chmod 755 {where}.new", stdin=text
        )
    # The tools that swap others in are wrapped last.
    for tool in [*sorted({*CREATING, *REMOVING} - {"mv"}), "mv"]:
        where = local.run(f"command -v {tool}").strip()
        local.run(f"/real/mv {where}.new {where}" if tool == "mv" else f"mv {where}.new {where}")
    return shadow_host


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_run_that_is_cut_off_is_repeated_to_its_end(
    moment: str, cut_host: Subject, driver: Driver
) -> None:
    hosts, local = [cut_host.host], cut_host.local
    for tool in CREATING:
        local.run(f"touch /cut/{moment}-{tool}")
        cut = (await driver.create(hosts, ACCOUNT, seconds=SECONDS))["host-1"]
        assert cut.problem is not None, tool
        assert local.run("ls /cut") == "", tool
        if moment == "before":
            made = (await driver.create(hosts, ACCOUNT, seconds=SECONDS))["host-1"]
            assert made.done, (tool, made)
        gone = (await driver.remove(hosts, "gil", "r-5", home="wipe", seconds=SECONDS))["host-1"]
        assert gone.done, (tool, gone)
        assert _nothing_left(cut_host), tool
    for tool in REMOVING:
        assert (await driver.create(hosts, ACCOUNT, seconds=SECONDS))["host-1"].done
        local.run(f"touch /cut/{moment}-{tool}")
        cut = (await driver.remove(hosts, "gil", "r-5", home="wipe", seconds=SECONDS))["host-1"]
        assert cut.problem is not None, tool
        gone = (await driver.remove(hosts, "gil", "r-5", home="wipe", seconds=SECONDS))["host-1"]
        assert gone.done, (tool, gone)
        assert _nothing_left(cut_host), tool


def _nothing_left(subject: Subject) -> bool:
    found = subject.local.run(
        "grep -l gil /etc/passwd /etc/shadow /etc/group; ls /home /var/lib/toolcrib/accounts; true"
    )
    return "gil" not in found and not re.search(r"^/etc", found, re.MULTILINE)


async def test_no_secret_is_in_an_argument_or_on_the_disk(sudo_host: Subject, driver: Driver) -> None:
    local = sudo_host.local
    assert ACCOUNT.password_hash
    # chpasswd waits while all processes and files are looked at.
    local.run(
        "mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real; cat >/usr/sbin/chpasswd; chmod 755 /usr/sbin/chpasswd",
        stdin='#!/bin/sh\ncat /proc/*/cmdline /proc/*/environ >/seen 2>/dev/null\nexec chpasswd.real "$@"\n',
    )
    made = (await driver.create([sudo_host.host], ACCOUNT, seconds=SECONDS))["host-1"]
    assert made.done, made
    seen = local.run("cat /seen; rm /seen").replace("\0", " ")
    assert "chpasswd" in seen
    secrets = (ACCOUNT.password_hash, sudo_host.local.password)
    for secret in secrets:
        assert secret not in seen
        assert secret not in repr(made)
    gone = (await driver.remove([sudo_host.host], "gil", "r-5", home="wipe", seconds=SECONDS))["host-1"]
    assert gone.done, gone
    for secret in secrets:
        found = local.run(
            "grep -rlF -f - / --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr; true", stdin=secret
        )
        assert found == ""


async def test_an_account_cannot_be_made_under_the_managers_name(sudo_host: Subject, driver: Driver) -> None:
    account = Account(sudo_host.host.user, "r-6")
    outcome = (await driver.create([sudo_host.host], account, seconds=SECONDS))["host-1"]
    assert outcome.problem is Problem.INVALID
