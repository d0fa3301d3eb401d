"""What is the driver `ansible`'s own: its processes, its folder, and playbooks of an operator."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from tests.conftest import is_full
from tests.machines.hosts.conftest import Subject
from tests.servers.hosts import MANAGER, SUDO, as_host, debian_hosts
from tests.servers.process import wait_until
from toolcrib.machines.hosts import certificates
from toolcrib.machines.hosts.ansible.folders import PREFIX, remove_left
from toolcrib.machines.hosts.driver import Account, Problem
from toolcrib.machines.hosts.drivers import open_driver
from toolcrib.machines.hosts.passwords import hash_password

SECONDS = 120
ACCOUNT = Account("hal", "r-9", hash_password("secret of hal"), ("ssh-ed25519 AAAA hal",))

# Waits while there is a file, so that the run can be looked at.
WAITS = r"""
mv /usr/sbin/chpasswd /usr/sbin/chpasswd.real
printf '#!/bin/sh\n[ ! -e /run/slow ] || touch /run/in\n' >/usr/sbin/chpasswd
printf 'while [ -e /run/slow ]; do sleep 0.1; done\n' >>/usr/sbin/chpasswd
printf 'exec chpasswd.real "$@"\n' >>/usr/sbin/chpasswd
chmod 755 /usr/sbin/chpasswd
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[list[Subject]]:
    with debian_hosts(2, setup=SUDO + WAITS) as made:
        yield [Subject(one, as_host(one, user=MANAGER, sudo=True)) for one in made]


@pytest.fixture
def slow(hosts: list[Subject]) -> Iterator[Subject]:
    hosts[0].local.run("rm -f /run/in; touch /run/slow")
    yield hosts[0]
    hosts[0].local.run("rm -f /run/slow; pkill chpasswd; true")


def folders(server: int | None = None) -> list[Path]:
    """Return the folders of this process's runs, or of another's: other tests have theirs at the same time."""
    return list(Path("/dev/shm").glob(f"{PREFIX}{server or os.getpid()}-*"))


def processes(server: int | None = None) -> list[str]:
    """Return the arguments and environments of the processes of those runs, on this side of the connection."""
    prefix = f"{PREFIX}{server or os.getpid()}-".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if prefix in text:
            found.append(text.decode(errors="replace"))
    return found


def in_files() -> str:
    """Return all that is in the folders of runs and where else Ansible and Python keep things in memory."""
    files = [file for folder in folders() for file in folder.rglob("*")]
    files += [*Path("/dev/shm").glob("psm_*"), *Path("/tmp").glob("ansible*")]
    return "\n".join(file.read_text(errors="replace") for file in files if file.is_file())


async def is_inside(subject: Subject) -> None:
    await asyncio.to_thread(
        wait_until, lambda: subject.local.run("ls /run/in", check=False) != "", "a host at work", 90
    )


async def test_nothing_secret_is_in_arguments_environments_or_files(slow: Subject) -> None:
    key = certificates.new_key()
    slow.local.run(
        f"mkdir -p /home/{MANAGER}/.ssh && cat >/home/{MANAGER}/.ssh/authorized_keys && "
        f"chown -R {MANAGER} /home/{MANAGER}/.ssh",
        stdin=key.public + "\n",
    )
    host = replace(slow.host, private_key=key.private)
    driver = open_driver("ansible")
    making = asyncio.create_task(driver.create([host], ACCOUNT, seconds=SECONDS))
    await is_inside(slow)
    during = "\n".join([*processes(), in_files()])
    everybody = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    slow.local.run("rm /run/slow")
    made = (await making)["host-1"]
    assert made.done, made
    assert "ansible-playbook" in during
    assert "HostKeyAlias=host-1" in during
    assert slow.local.host_key in during
    assert folders() == []
    assert processes() == []
    gone = (await driver.remove([host], "hal", "r-9", home="wipe", seconds=SECONDS))["host-1"]
    assert gone.done, gone
    body = key.private.splitlines()[1]
    for secret in (ACCOUNT.password_hash, slow.local.password, body):
        assert secret
        assert secret not in during
        assert secret not in everybody
        assert secret not in repr(made)


async def test_a_run_that_is_given_up_leaves_no_process_and_no_folder(slow: Subject) -> None:
    driver = open_driver("ansible")
    making = asyncio.create_task(driver.create([slow.host], ACCOUNT, seconds=SECONDS))
    await is_inside(slow)
    assert processes()
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    assert processes() == []
    assert folders() == []
    late = (await driver.check([slow.host], seconds=0.5))["host-1"]
    assert late.problem is Problem.TIMED_OUT
    assert processes() == []
    assert folders() == []


async def test_at_the_deadline_what_other_hosts_have_done_counts(
    slow: Subject, hosts: list[Subject], request: pytest.FixtureRequest
) -> None:
    if not is_full(request.config):
        pytest.skip("waits for 40 s: only with --matrix full")
    driver = open_driver("ansible")
    outcomes = await driver.create([slow.host, hosts[1].host], ACCOUNT, seconds=40)
    assert outcomes["host-1"].problem is Problem.TIMED_OUT
    assert outcomes["host-2"].done
    assert (await driver.remove([hosts[1].host], "hal", "r-9", home="wipe", seconds=SECONDS))["host-2"].done


SERVER = """
import asyncio, json, sys
from toolcrib.machines.hosts.driver import Account, Host
from toolcrib.machines.hosts.drivers import open_driver

host, account = json.load(sys.stdin)
asyncio.run(open_driver("ansible").create([Host(**host)], Account(**account), seconds=120))
"""


@pytest.mark.parametrize("with_its_child", [False, True])
async def test_a_server_that_is_killed_leaves_nothing(slow: Subject, with_its_child: bool) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE)
    assert server.stdin
    server.stdin.write(json.dumps([asdict(slow.host), asdict(ACCOUNT)]).encode())
    server.stdin.close()
    await is_inside(slow)
    [folder] = folders(server.pid)
    if with_its_child:
        # Nobody is left who could end the rest, so the next start does.
        server.send_signal(signal.SIGSTOP)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
    server.kill()
    server.wait()
    if with_its_child:
        assert folder.exists()
        assert processes(server.pid)
        remove_left()
    wait_until(
        lambda: not processes(server.pid) and not folder.exists(), "an end of all that was started", 30
    )


async def test_an_operators_playbook_takes_the_place_of_ours(hosts: list[Subject], tmp_path: Path) -> None:
    (tmp_path / "check.yml").write_text(
        """
- hosts: all
  gather_facts: false
  tasks:
    - toolcrib_host:
      no_log: true
    - name: Is it ours
      ansible.builtin.raw: echo {{ ansible_user | quote }} is $(id -un) {{ ansible_become_password | quote }}; exit 3
"""
    )
    driver = open_driver("ansible", playbooks=tmp_path)
    found = (await driver.check([hosts[1].host], seconds=SECONDS))["host-2"]
    assert found.problem is Problem.FAILED
    assert f"{MANAGER} is root ****" in found.output
    (tmp_path / "check.yml").write_text("- hosts: all\n  tasks: {broken\n")
    wrong = (await driver.check([hosts[1].host], seconds=SECONDS))["host-2"]
    assert wrong.problem is Problem.FAILED
    assert "check.yml" in wrong.output
