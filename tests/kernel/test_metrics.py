"""Request ids, access lines and `/metrics`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from tests.kernel.mailing import queue
from tests.kernel.parts import Start, kernel_of
from tests.servers.inprocess import AppServer
from toolcrib.kernel.database import Database

pytestmark = pytest.mark.databases("sqlite")


async def figures(server: AppServer) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample by its name and label values."""
    answer = await server.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(value for _name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def access(lines: list[Any]) -> list[tuple[str, int]]:
    return [(line["path"], line["status"]) for line in lines if line["event"] == "request"]


@pytest.fixture
async def server(app_server: Start, database_url: str) -> AppServer:
    return await app_server(database_url=database_url)


async def test_every_answer_names_its_request(server: AppServer) -> None:
    answers = [await server.client.get(path) for path in ("/health", "/api/locks", "/api/no-such", "/")]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc-123", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("a b", False),
        ("<script>", False),
    ],
)
async def test_a_sane_id_is_kept(server: AppServer, given: str, kept: bool) -> None:
    answer = await server.client.get("/health", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is kept
    assert answer.headers["X-Request-ID"]


async def test_requests_are_counted_by_route_method_and_status(server: AppServer) -> None:
    ann = await server.user("ann")
    for path in ("A.umap", "B%2FC.umap"):
        assert (await ann.get(f"/api/locks/{path}")).status_code == 404
    await ann.get("/api/config/status")
    await ann.request("REPORT", "/api/config/status")
    found = await figures(server)
    counts = {labels: value for (name, labels), value in found.items() if name == "toolcrib_requests_total"}
    assert counts["GET", "/api/locks/{asset_path}", "404"] == 2
    assert counts["GET", "/api/config/status", "200"] == 1
    assert [labels[0] for labels in counts if labels[0] not in {"GET", "POST"}] == ["other"]
    assert found["toolcrib_request_seconds_count", ("GET", "/api/locks/{asset_path}")] == 2


async def test_a_route_has_one_label_wherever_it_is_mounted(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url, base_path="/crib", api_at_root=True)
    ann = await server.user("ann")
    for path in ("/api/locks/A.umap", "/locks/A.umap"):
        assert (await ann.get(path)).status_code == 404
    counts = {
        labels: value for (name, labels), value in (await figures(server)).items() if name.endswith("total")
    }
    assert counts["GET", "/api/locks/{asset_path}", "404"] == 2


async def test_addresses_that_lead_nowhere_share_one_label(server: AppServer) -> None:
    for number in range(5):
        await server.client.get(f"/api/nothing/{number}")
    routes = {
        labels[1]
        for (name, labels), _ in (await figures(server)).items()
        if name == "toolcrib_requests_total"
    }
    assert not [route for route in routes if "/api/nothing/" in route]


async def test_figures_of_the_database(server: AppServer) -> None:
    kernel = kernel_of(server)
    ann = await server.user("ann")
    await ann.post("/api/locks", json={"asset_path": "A.umap", "branch": "main"})
    await queue(kernel, "ben@example.com")
    found = await figures(server)
    assert found["toolcrib_claims", ()] == 1
    assert found["toolcrib_outbox", ()] == 1
    assert found["toolcrib_events_seq", ()] == kernel.tail.seq
    assert found["toolcrib_subscribers", ()] == 0
    assert found["toolcrib_database_up", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 0


async def test_metrics_answer_without_the_database(
    server: AppServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        kernel_of(server), "database", Database("sqlite+aiosqlite:////no/such/folder/toolcrib.db")
    )
    assert (await figures(server))["toolcrib_database_up", ()] == 0


async def test_only_failures_and_slow_answers_are_logged(server: AppServer) -> None:
    with capture_logs() as lines:
        await server.client.get("/health")
        await server.client.get("/api/locks")
    assert access(lines) == [("/api/locks", 401)]


async def test_everything_is_logged_at_debug(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url, log_level="debug")
    with capture_logs() as lines:
        await server.client.get("/health?token=hunter2")
    assert access(lines) == [("/health", 200)]


async def test_a_mailed_link_is_not_logged(server: AppServer) -> None:
    with capture_logs() as lines:
        answers: list[httpx.Response] = [
            await server.client.get(f"/api/confirm-{what}/hunter2") for what in ("email", "password")
        ]
    assert {answer.status_code for answer in answers} == {400}
    assert "hunter2" not in str(lines)
    assert len(access(lines)) == 2
