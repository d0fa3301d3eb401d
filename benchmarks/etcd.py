"""Locks per second, against etcd, which does the same for the same client: a durable compare-and-put over HTTP.

Debian's etcd, one private member, asked over its HTTP gateway, with authentication on. It waits for its disk
(fsync), as we do. Both keep their files in folders of the same temporary directory.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks import load
from benchmarks.figures import Figure, compared
from benchmarks.target import target
from tests.servers.process import Process, free_port, listening, program

ROUNDS = 5
CONNECTIONS = 32
REQUESTS = 6_000
# A letter and seven figures are eight characters of base64, which stand for six bytes.
FIRST = 1_000_000
_PASSWORD = "measured-only"


def run() -> list[Figure]:
    with target() as ours, etcd() as (port, token):
        locked = json.dumps({"asset_path": "{folder}/{n}.uasset", "branch": "main", "comment": "bench"})
        ours_order = load.Order(ours.port, "POST", "/api/locks", {"Authorization": f"Bearer {ours.token}"})
        theirs_order = load.Order(port, "POST", "/v3/kv/txn", {"Authorization": token})
        pairs = []
        for number in range(ROUNDS + 1):
            mine = _send(ours_order, locked.replace("{folder}", f"r{number}"), "201")
            theirs = _send(theirs_order, _compare_and_put("abcdefghij"[number]), "200")
            pairs.append((mine, theirs))
        _check(port, token, (ROUNDS + 1) * REQUESTS)
    del pairs[0]  # both were cold
    what = f"durable lock acquisitions, sqlite, {CONNECTIONS} connections"
    return compared(what, "against etcd", pairs, ("toolcrib", "etcd"), aims=(1.1, 1.0))


def _send(order: load.Order, body: str, status: str) -> load.Report:
    order.body, order.first = body, FIRST
    order.connections, order.requests = CONNECTIONS, REQUESTS
    done = load.run(order)
    if done.statuses != {status: REQUESTS}:
        raise RuntimeError(f"not every request was answered {status}: {done.statuses}")
    return done


def _compare_and_put(letter: str) -> str:
    """Put the key if it does not exist. `{n}` in the key is its number, as a part of the base64."""
    key = base64.b64encode(b"bench/paths/").decode() + letter + "{n}"
    value = base64.b64encode(json.dumps({"holder": "admin", "branch": "main", "comment": "bench"}).encode())
    compare = {"key": key, "target": "CREATE", "result": "EQUAL", "createRevision": "0"}
    put = {"requestPut": {"key": key, "value": value.decode()}}
    return json.dumps({"compare": [compare], "success": [put]})


def _check(port: int, token: str, expected: int) -> None:
    """Every put must have made a key: its answer is 200 also where the comparison failed."""
    every = base64.b64encode(b"\0").decode()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v3/kv/range",
        json={"key": every, "range_end": every, "count_only": True},
        headers={"Authorization": token},
    )
    count = int(answer.raise_for_status().json()["count"])
    if count != expected:
        raise RuntimeError(f"etcd has {count} keys, not {expected}")


@contextmanager
def etcd() -> Iterator[tuple[int, str]]:
    """A private etcd: its port, and a token of its root."""
    with tempfile.TemporaryDirectory(prefix="toolcrib-etcd-") as name:
        folder, port, peers = Path(name), free_port(), free_port()
        ours, theirs = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
        argv = [program("etcd"), "--data-dir", str(folder / "data"), "--log-level", "error"]
        argv += ["--listen-client-urls", ours, "--advertise-client-urls", ours]
        argv += ["--listen-peer-urls", theirs, "--initial-advertise-peer-urls", theirs]
        argv += ["--initial-cluster", f"default={theirs}"]
        process = Process(argv, output=folder / "log")
        try:
            process.wait_ready(lambda: listening(port))
            yield port, _authenticated(ours)
        finally:
            process.stop()


def _authenticated(url: str) -> str:
    """Turn authentication on, and sign in."""
    root = {"name": "root", "password": _PASSWORD}
    with httpx.Client(base_url=f"{url}/v3/auth", timeout=30) as client:
        client.post("/user/add", json=root).raise_for_status()
        client.post("/role/add", json={"name": "root"}).raise_for_status()
        client.post("/user/grant", json={"user": "root", "role": "root"}).raise_for_status()
        client.post("/enable", json={}).raise_for_status()
        answer = client.post("/authenticate", json=root).raise_for_status()
    token: str = answer.json()["token"]
    return token
