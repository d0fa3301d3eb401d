"""`python -m benchmarks [names…]`: all figures, or only those of the named parts."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import (
    attacks,
    costs,
    desktops_local,
    desktops_page,
    desktops_views,
    documents,
    etcd,
    events,
    growth,
    lfs,
    listing,
    locks,
    machines,
    page,
    parts,
    processes,
    startup,
)
from benchmarks.figures import Figure
from benchmarks.target import Target, target

RESULTS = Path(__file__).with_name("results")


def _on(database: str, run: Callable[[Target, str], list[Figure]]) -> Callable[[], list[Figure]]:
    def measure() -> list[Figure]:
        with target(database) as server:
            return run(server, database)

    return measure


def _on_sqlite(run: Callable[[Target], list[Figure]], **settings: Any) -> Callable[[], list[Figure]]:
    def measure() -> list[Figure]:
        with target(**settings) as server:
            return run(server)

    return measure


PARTS: dict[str, Callable[[], list[Figure]]] = {
    "startup": startup.run,
    "locks-sqlite": _on("sqlite", locks.run),
    "locks-postgresql": _on("postgresql", locks.run),
    "locks-mariadb": _on("mariadb", locks.run),
    "locks-processes": processes.run,
    "locks-etcd": etcd.run,
    "attacks": _on_sqlite(attacks.run),
    "costs": _on_sqlite(costs.run, STREAMS_PER_PERSON=costs.STREAMS),
    "events": _on_sqlite(events.run, STREAMS_PER_PERSON=events.SUBSCRIBERS),
    "lfs": _on_sqlite(lfs.run),
    "documents": _on_sqlite(documents.run),
    "listing-sqlite": _on("sqlite", listing.run),
    "listing-postgresql": _on("postgresql", listing.run),
    "growth-sqlite": partial(growth.run, "sqlite"),
    "growth-postgresql": partial(growth.run, "postgresql"),
    "growth-mariadb": partial(growth.run, "mariadb"),
    "machines-reserving": machines.reserving,
    "machines-deciding-sqlite": partial(machines.deciding, "sqlite"),
    "machines-deciding-postgresql": partial(machines.deciding, "postgresql"),
    "machines-deciding-mariadb": partial(machines.deciding, "mariadb"),
    "machines-overview": _on_sqlite(machines.overview),
    "desktops-local": desktops_local.run,
    "desktops-views": desktops_views.run,
    "desktops-page": desktops_page.run,
    "page": _on_sqlite(page.run),
    "parts": parts.run,
}


def machine() -> dict[str, object]:
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "toolcrib": version("toolcrib"),
        "load_before": os.getloadavg()[0],
    }


def main(names: list[str]) -> int:
    unknown = set(names) - set(PARTS)
    if unknown:
        sys.stderr.write(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}\n")
        return 2
    where = machine()
    RESULTS.mkdir(exist_ok=True)
    table = Table("figure", "measured", "aim", "met")
    for name, measure in PARTS.items():
        if names and name not in names:
            continue
        figures = measure()
        for figure in figures:
            sign = "≥" if figure.better == "higher" else "≤"
            aim = f"{sign} {figure.aim:g} {figure.unit}" if figure.aim is not None else ""
            met = {True: "yes", False: "no", None: ""}[figure.met]
            table.add_row(figure.name, f"{figure.value:.3g} {figure.unit}", aim, met)
        taken = {
            "at": datetime.now(UTC).isoformat(),
            "machine": where,
            "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
        }
        (RESULTS / f"{name}.json").write_text(json.dumps(taken, indent=2) + "\n", encoding="utf-8")
    Console(width=140).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
