"""Locks per second, against what the same process answers on `/health` in the same run."""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

import httpx

from benchmarks import load
from benchmarks.figures import Figure
from benchmarks.target import Target

ROUNDS = 5


def run(target: Target, database: str) -> list[Figure]:
    headers = {"Authorization": f"Bearer {target.token}"}
    load.run(load.Order(target.port, requests=3_000))  # warm
    body = json.dumps({"asset_path": "warm/{n}.uasset", "branch": "main"})
    load.run(load.Order(target.port, "POST", "/api/locks", headers, body, requests=2_000))
    return [
        _acquisitions(target, database, headers),
        _bulk(target, database, headers),
        _unchanged_list(target, database, headers),
    ]


def _acquisitions(target: Target, database: str, headers: dict[str, str]) -> Figure:
    ratios, rates, health = [], [], []
    for round_number in range(ROUNDS):
        plain = load.run(load.Order(target.port, requests=8_000))
        body = json.dumps(
            {"asset_path": f"r{round_number}/{{n}}.uasset", "branch": "main", "comment": "bench"}
        )
        order = load.Order(target.port, "POST", "/api/locks", headers, body, requests=6_000)
        locks = load.run(order)
        if locks.statuses != {"201": 6_000}:
            raise RuntimeError(f"not every lock was taken: {locks.statuses}")
        ratios.append(locks.rate / plain.rate)
        rates.append(locks.rate)
        health.append(plain.rate)
    return Figure(
        f"durable lock acquisitions, {database}: share of the /health rate",
        statistics.median(ratios),
        "×",
        aim=0.45,
        detail={
            "locks_per_second": [round(rate) for rate in rates],
            "health_per_second": [round(rate) for rate in health],
        },
    )


def _bulk(target: Target, database: str, headers: dict[str, str]) -> Figure:
    ratios, bulk_rates, single_rates = [], [], []
    with httpx.Client(base_url=target.url, headers=headers, timeout=120) as client:
        for round_number in range(ROUNDS):
            body = json.dumps({"asset_path": f"s{round_number}/{{n}}.uasset", "branch": "main"})
            single = load.run(load.Order(target.port, "POST", "/api/locks", headers, body, requests=3_000))
            paths = [f"b{round_number}/{number}.uasset" for number in range(10_000)]
            order: dict[str, Any] = {"action": "lock", "paths": paths, "branch": "main"}
            started = time.perf_counter()
            client.post("/api/locks/bulk", json=order).raise_for_status()
            rate = len(paths) / (time.perf_counter() - started)
            ratios.append(rate / single.rate)
            bulk_rates.append(round(rate))
            single_rates.append(round(single.rate))
    return Figure(
        f"one bulk call of 10,000 paths, {database}: per lock, against single calls",
        statistics.median(ratios),
        "×",
        aim=10,
        detail={"bulk_locks_per_second": bulk_rates, "single_locks_per_second": single_rates},
    )


def _unchanged_list(target: Target, database: str, headers: dict[str, str]) -> Figure:
    """At 10,000 locks and more: those of the bulk calls are still held."""
    with httpx.Client(base_url=target.url, headers=headers, timeout=120) as client:
        answer = client.get("/api/locks").raise_for_status()
        held = len(answer.json())
    if held < 10_000:
        raise RuntimeError(f"only {held} locks are held")
    conditional = {**headers, "If-None-Match": answer.headers["ETag"]}
    ratios, rates = [], []
    for _ in range(ROUNDS):
        plain = load.run(load.Order(target.port, requests=8_000))
        unchanged = load.run(load.Order(target.port, "GET", "/api/locks", conditional, requests=8_000))
        if unchanged.statuses != {"304": 8_000}:
            raise RuntimeError(f"not every answer was 304: {unchanged.statuses}")
        ratios.append(unchanged.rate / plain.rate)
        rates.append(round(unchanged.rate))
    return Figure(
        f"GET /api/locks with a matching ETag at {held:,} locks, {database}: share of the /health rate",
        statistics.median(ratios),
        "×",
        aim=0.7,
        detail={"unchanged_per_second": rates},
    )
