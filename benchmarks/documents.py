"""Large documents in and out, against a bare handler and nginx in the same run; and the memory that takes."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from benchmarks import nginx, proc, transfer
from benchmarks.bare import BODY, bare
from benchmarks.figures import Figure
from benchmarks.target import Target

GIB = 2**30
ROUNDS = 5
BASE = "/api/storage"
OURS = "toolcrib"
_BOUNDARY = "toolcrib-benchmark"


class Sides:
    """Two servers in turn, so that a noisy machine bothers both: GiB/s and CPU seconds per GiB of each."""

    def __init__(self) -> None:
        self.rates: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}

    def measure(self, name: str, pid: int, send: Callable[[], transfer.Report]) -> None:
        before = proc.cpu_seconds(pid)
        report = send()
        self.cpu.setdefault(name, []).append(round(proc.cpu_seconds(pid) - before, 2))
        self.rates.setdefault(name, []).append(round(1 / report.seconds, 3))

    def figures(self, name: str, other: str, aim: float) -> list[Figure]:
        """The median of the rounds' ratios of rate; and of processor time, which a busy machine moves less."""
        rates, cpu = (_ratio(each[OURS], each[other]) for each in (self.rates, self.cpu))
        detail: dict[str, Any] = {"rounds": [round(each, 2) for each in rates]}
        for side in (OURS, other):
            detail[side] = {"gib_per_second": self.rates[side], "cpu_seconds_per_gib": self.cpu[side]}
        return [
            Figure(f"1 GiB {name}: rate", statistics.median(rates), "×", aim=aim, detail=detail),
            Figure(f"1 GiB {name}: processor time", statistics.median(cpu), "×", better="lower"),
        ]


def _ratio(ours: list[float], other: list[float]) -> list[float]:
    return [mine / its for mine, its in zip(ours, other, strict=True)]


class Desk:
    """The administrator's own bucket on the server that is measured."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.headers = {"Authorization": f"Bearer {target.token}"}
        answer = httpx.get(f"{target.url}/api/currentuser", headers=self.headers)
        self.me: str = answer.raise_for_status().json()["uuid"]

    def upload(self, path: str, size: int = GIB) -> transfer.Report:
        """As a form, the way the contract's clients send files. The content is new with every path."""
        place = {"bucket_type": "users", "bucket_id": self.me, "logical_path": path}
        parts = [
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in place.items()
        ]
        parts.append(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path}"\r\n\r\n'
        )
        order = transfer.Order(
            self.target.port,
            "POST",
            f"{BASE}/upload/proxy",
            {**self.headers, "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
            head="".join(parts),
            tail=f"{path}\r\n--{_BOUNDARY}--\r\n",
            size=size - len(path),
        )
        return _sure(transfer.run(order), 201)

    def make_room(self) -> None:
        """Upload what was stored off the disk and out of the system's cache: each upload meets the same machine."""
        for file in (self.target.server.data_dir / "files" / "blobs").rglob("*"):
            if file.is_file():
                file.unlink()

    def download(self, path: str, size: int = GIB) -> transfer.Report:
        query = f"bucket_type=users&bucket_id={self.me}&logical_path={path}"
        order = transfer.Order(self.target.port, "GET", f"{BASE}/download/proxy?{query}", self.headers)
        return _whole(transfer.run(order), size)

    def key_of(self, path: str) -> str:
        """Where the store has it."""
        params = {"bucket_type": "users", "bucket_id": self.me, "logical_path": path}
        answer = httpx.get(f"{self.target.url}{BASE}/download/presign", params=params, headers=self.headers)
        key: str = answer.raise_for_status().json()["object_key"]
        return key


def run(target: Target) -> list[Figure]:
    desk = Desk(target)
    desk.upload("warm.bin", 2**20)
    memory = _memory(desk)  # first: what a server has grown by once it does not grow by again
    desk.make_room()
    return [*_uploads(desk), *_downloads(desk), memory]


def _sure(report: transfer.Report, status: int) -> transfer.Report:
    if report.status != status:
        raise RuntimeError(f"{report.status}: {report.body}")
    return report


def _whole(report: transfer.Report, size: int = GIB) -> transfer.Report:
    if report.received != size:
        raise RuntimeError(f"{report.received} bytes came: {report.body[:200]}")
    return _sure(report, 200)


def _uploads(desk: Desk) -> list[Figure]:
    sides = Sides()
    with tempfile.TemporaryDirectory(prefix="toolcrib-bench-bare-") as folder, bare(Path(folder)) as other:
        port, pid = other

        def put(kind: str) -> None:
            order = transfer.Order(port, "PUT", f"/{kind}", size=GIB)
            sides.measure(kind, pid, lambda: _sure(transfer.run(order), 200))
            (Path(folder) / BODY).unlink()

        for number in range(ROUNDS):
            put("plain")
            put("synced")
            path = f"up{number}.bin"
            sides.measure(OURS, desk.target.server.pid, lambda path=path: desk.upload(path))  # type: ignore[misc]
            desk.make_room()
    return [
        *sides.figures("up, against a bare Starlette handler with SHA-256", "plain", 0.6),
        *sides.figures("up, against one that also syncs, as we do", "synced", 0.6),
    ]


def _downloads(desk: Desk) -> list[Figure]:
    if nginx.installed() is None:
        print("nginx is not installed (apt-get install nginx-light): downloads are not compared with it")
        return []
    sides = Sides()
    desk.upload("big.bin")
    key = desk.key_of("big.bin")
    root = desk.target.server.data_dir / "files"
    with (
        tempfile.TemporaryDirectory(prefix="toolcrib-bench-nginx-") as folder,
        nginx.nginx(Path(folder), root) as other,
    ):
        port, pid = other

        def get() -> transfer.Report:
            return _whole(transfer.run(transfer.Order(port, "GET", f"/{key}")))

        for server in (get, lambda: desk.download("big.bin")):
            server()  # into the system's cache
        for _ in range(ROUNDS):
            sides.measure("nginx", pid, get)
            sides.measure(OURS, desk.target.server.pid, lambda: desk.download("big.bin"))
    return sides.figures("down, against nginx with sendfile", "nginx", 0.5)


def _memory(desk: Desk) -> Figure:
    pid = desk.target.server.pid
    before, _ = proc.resident_mib(pid)
    proc.forget_peak(pid)
    desk.upload("huge.bin", 2 * GIB)
    _, peak = proc.resident_mib(pid)
    return Figure(
        "resident memory that an upload of 2 GiB adds at most",
        peak - before,
        "MiB",
        aim=32,
        better="lower",
        detail={"before_mib": round(before, 1), "peak_mib": round(peak, 1)},
    )
