"""What a lock takes while another account, or a stranger, tries to keep the server busy.

Each attack goes on until the locks of somebody else have been measured. It comes from an address of its own, so that
the limits per address count it apart from whoever is measured.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx

from benchmarks import load, proc
from benchmarks.figures import Figure
from benchmarks.target import Target
from tests.servers.environment import PASSWORD

ATTACKER_ADDRESS = "127.0.0.2"
HELD = 50_000  # locks that a list has to tell
REQUESTS = 400
CONNECTIONS = 4
WARM_SECONDS = 5.0


@dataclass
class Attacker:
    """The attacking account: its client, its address at the server, and what it signs in with."""

    port: int
    client: httpx.AsyncClient
    token: str
    name: str

    async def hold(self, head: str) -> None:
        """Send the beginning of a request, and keep the connection until the server ends it."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(ATTACKER_ADDRESS, 0)
        )
        try:
            writer.write(head.encode())
            while await reader.read(65_536):
                pass
        finally:
            writer.close()


Step = Callable[[Attacker], Awaitable[object]]

_LISTS = b'{"action":"lock","paths":[' + b"[]," * (47 * 2**20 // 3) + b"[]]}"
_EMPTY_OBJECTS = b'{"operation":"upload","objects":[' + b"{}," * (2**20 // 3 - 20) + b"{}]}"
_PATHS = [f"{number}/".ljust(1_024, "x") for number in range(10_000)]
_LONG_PATHS = json.dumps({"paths": _PATHS})
_LOCK, _RELEASE = (
    json.dumps({"action": action, "paths": _PATHS, "branch": "main"}) for action in ("lock", "release")
)


async def _anonymous_lists(by: Attacker) -> None:
    await by.client.post("/api/locks/bulk", content=_LISTS, headers={"Authorization": ""})


async def _long_paths(by: Attacker) -> None:
    headers = {"Content-Type": "application/json"}
    await by.client.post("/api/locks/check", content=_LONG_PATHS, headers=headers)


async def _lock_and_release(by: Attacker) -> None:
    headers = {"Content-Type": "application/json"}
    for order in (_LOCK, _RELEASE):
        await by.client.post("/api/locks/bulk", content=order, headers=headers)


async def _objects(by: Attacker) -> None:
    media = "application/vnd.git-lfs+json"
    headers = {"Content-Type": media, "Accept": media}
    await by.client.post("/default/info/lfs/objects/batch", content=_EMPTY_OBJECTS, headers=headers)


async def _unfinished_heads(by: Attacker) -> None:
    await by.hold("GET /health HTTP/1.1\r\nHost: x\r\nX-More: ")


async def _right_password(by: Attacker) -> None:
    await by.client.put(
        "/api/users/me/email", json={"new_email": "mallory@example.com", "current_password": PASSWORD}
    )


async def _wrong_passwords(by: Attacker) -> None:
    await by.client.post("/api/login", json={"username": by.name, "password": "not this one"})


async def _whole_list(by: Attacker) -> None:
    async with by.client.stream("GET", "/api/locks") as answer:
        async for _ in answer.aiter_raw():
            pass


async def _streams(by: Attacker) -> None:
    await by.hold(
        "GET /api/events/stream HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {by.token}\r\nLast-Event-ID: 0\r\n\r\n"
    )
    await asyncio.sleep(
        60
    )  # as a stream that was ended says; who does not obey floods it with requests of any kind


async def _csv(by: Attacker) -> None:
    async with by.client.stream("GET", "/api/events.csv") as answer:
        async for _ in answer.aiter_raw():
            pass


# What it does, and how often at the same time.
ATTACKS: dict[str, tuple[Step, int]] = {
    "strangers send 47 MiB of lists": (_anonymous_lists, 4),
    "10,000 paths of 1,024 characters, looked up": (_long_paths, 2),
    "10,000 paths of 1,024 characters, locked and released": (_lock_and_release, 1),
    "1 MiB of empty objects for Git LFS": (_objects, 4),
    "1,200 unfinished heads": (_unfinished_heads, 1_200),
    "its own password, again and again": (_right_password, 150),
    "wrong passwords": (_wrong_passwords, 64),
    f"the whole list of {HELD:,} locks": (_whole_list, 4),
    "1,500 event streams": (_streams, 1_500),
    "exports of the event log": (_csv, 8),
}


def run(target: Target) -> list[Figure]:
    return asyncio.run(_run(target))


async def _run(target: Target) -> list[Figure]:
    headers = {"Authorization": f"Bearer {target.token}"}
    async with httpx.AsyncClient(base_url=target.url, headers=headers, timeout=120) as admin:
        person = {"username": "mallory", "password": PASSWORD, "email": "mallory@example.com"}
        (await admin.post("/api/admin/users", json=person)).raise_for_status()
        for start in range(0, HELD, 10_000):
            paths = [f"held/{number}.uasset" for number in range(start, start + 10_000)]
            order = {"action": "lock", "paths": paths, "branch": "main"}
            (await admin.post("/api/locks/bulk", json=order)).raise_for_status()
    signed_in = httpx.post(f"{target.url}/api/login", json={"username": "mallory", "password": PASSWORD})
    token = signed_in.raise_for_status().json()["access_token"]

    await _locks(target, "warm")
    quiet = await _locks(target, "quiet")
    slowest: dict[str, float] = {}
    peaks: dict[str, float] = {}
    for number, (name, (step, at_once)) in enumerate(ATTACKS.items()):
        proc.forget_peak(target.server.pid)
        slowest[name] = await _measured(target, token, step, at_once, f"a{number}")
        peaks[name] = proc.resident_mib(target.server.pid)[1]
    worst = max(slowest, key=lambda name: slowest[name])
    return [
        Figure(
            "p99 of another person's lock under the worst attack, against without",
            slowest[worst] / quiet,
            "×",
            aim=5,
            better="lower",
            detail={"quiet_ms": round(quiet, 1)} | {name: round(ms, 1) for name, ms in slowest.items()},
        ),
        Figure(
            "resident memory under the worst attack",
            max(peaks.values()),
            "MiB",
            aim=400,
            better="lower",
            detail={name: round(each) for name, each in peaks.items()},
        ),
    ]


async def _measured(target: Target, token: str, step: Step, at_once: int, folder: str) -> float:
    """The p99 of locks in ms, while `step` is repeated by `at_once`."""
    transport = httpx.AsyncHTTPTransport(
        local_address=ATTACKER_ADDRESS, limits=httpx.Limits(max_connections=at_once)
    )
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(
        base_url=target.url, headers=headers, timeout=120, transport=transport
    ) as client:
        attacker = Attacker(target.port, client, token, "mallory")

        async def again() -> None:
            while True:
                with suppress(httpx.TransportError, OSError):  # the server hung up: that is its right
                    await step(attacker)
                await asyncio.sleep(0.01)

        attack = [asyncio.create_task(again()) for _ in range(at_once)]
        try:
            await asyncio.sleep(WARM_SECONDS)
            return await _locks(target, folder)
        finally:
            for task in attack:
                task.cancel()
            await asyncio.gather(*attack, return_exceptions=True)


async def _locks(target: Target, folder: str) -> float:
    body = json.dumps({"asset_path": f"{folder}/{{n}}.uasset", "branch": "main"})
    headers = {"Authorization": f"Bearer {target.token}"}
    order = load.Order(
        target.port, "POST", "/api/locks", headers, body, connections=CONNECTIONS, requests=REQUESTS
    )
    done = await asyncio.to_thread(load.run, order)
    if done.statuses != {"201": REQUESTS}:
        raise RuntimeError(f"not every lock was taken: {done.statuses}")
    return done.p99_ms
