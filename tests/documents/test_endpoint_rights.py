"""A role service that decides who may use which route (document contract, section 17)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person
from tests.servers.fake_service import FakeService
from tests.servers.process import free_port
from toolcrib.documents.dav.routes import METHODS
from toolcrib.documents.endpoint_rights import ALWAYS, NOT_ASKED, OTHERS, WEBDAV
from toolcrib.documents.routes import API_ROUTERS
from toolcrib.documents.routes.common import caller_of

pytestmark = pytest.mark.databases("sqlite")

SECONDS = 0.5
YES = b'{"access_granted": true}'
BAD_DAYS = {
    "error": (500, YES),
    "created": (201, YES),
    "redirect": (307, YES),
    "rubbish": (200, b"<html>granted</html>"),
    "deep": (200, b"[" * 100_000),
    "list": (200, b"[true]"),
    "empty": (200, b"{}"),
    "text": (200, b'{"access_granted": "true"}'),
    "number": (200, b'{"access_granted": 1}'),
    "endless": (200, b" " * 5_000_000 + YES),
}


class RoleService(FakeService):
    """Grants what `refused` does not hold, and has its bad days by `mode`."""

    def __init__(self) -> None:
        self.refused: set[tuple[str, str]] = set()
        self.mode = "answer"
        super().__init__()

    def answer(self, body: Any) -> tuple[int, bytes]:
        if self.mode == "slow":
            time.sleep(3 * SECONDS)  # a service that is slower than the server waits for it
        status, answer = BAD_DAYS.get(self.mode, (200, b""))
        granted = (body["resource_name"], body["operation"]) not in self.refused
        return status, answer or json.dumps({"access_granted": granted}).encode()


@pytest.fixture(scope="module")
def service() -> Iterator[RoleService]:
    one = RoleService()
    yield one
    one.close()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory, service: RoleService) -> Iterator[Crib]:
    """A server that asks the service about every route."""
    one = Crib.start(
        tmp_path_factory.mktemp("outside"),
        GUARDIAN_SERVICE_URL=service.url.replace("//", "//bob:hunter2@") + "/",
        GUARDIAN_SERVICE_NAME="vault",
        GUARDIAN_SERVICE_TIMEOUT=SECONDS,
        GUARDIAN_SCOPE="all",
    )
    yield one
    one.close()


@pytest.fixture
def dora(outside: Crib, service: RoleService) -> Person:
    service.mode, service.refused = "answer", set()
    service.asked.clear()
    return outside.person()


def test_every_route_of_a_caller_has_a_name() -> None:
    found = {
        (method, route.path)
        for router in API_ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        if any(each.call is caller_of for each in route.dependant.dependencies)
        for method in route.methods or ()
    }
    assert {pair for pair in found if pair[1] not in NOT_ASKED} == {*ALWAYS, *OTHERS}
    assert set(METHODS) == set(WEBDAV)


def test_it_is_asked_as_the_caller_for_each_request(dora: Person, service: RoleService) -> None:
    succeeded(dora.put("a.txt"), 201)
    succeeded(dora.put("a.txt"), 201)
    cookie = f"access_token={dora.client.cookies['access_token']}"
    question = {"user_id": dora.uuid, "company_id": dora.company, "service": "vault"}
    question |= {"resource_name": "files", "operation": "create"}
    assert service.asked == [("/check-access", question, cookie)] * 2


def test_it_is_asked_with_a_token_for_a_caller_who_has_none(
    outside: Crib, dora: Person, service: RoleService
) -> None:
    key = dora.client.post("/api/users/me/keys", json={"name": "k"}).json()["key"]
    outside.client(headers={"X-API-Key": key}).get("/api/storage/locks")
    path, body, cookie = service.asked[-1]
    assert (path, body["resource_name"], body["operation"]) == ("/check-access", "locks", "list")
    assert cookie is not None
    assert cookie.startswith("access_token=ey")
    assert key not in cookie


def test_what_it_refuses_is_refused_on_every_way_in(dora: Person, service: RoleService) -> None:
    file_id = dora.stored("a.txt")["file_id"]
    bearer = {"Authorization": f"Bearer {dora.client.cookies['access_token']}"}
    service.refused = {("files", "create"), ("locks", "create")}
    tus = {**bearer, "Tus-Resumable": "1.0.0", "Upload-Length": "5"}
    for answer in (
        dora.put("a.txt"),
        dora.put("a.txt", bucket="nonsense"),  # before the bucket is looked at
        dora.post("/upload/presign", **dora.at("b.txt")),
        dora.post("/lock", file_id=file_id),
        dora.client.post("/api/storage/uploads", headers=tus),
    ):
        refused(answer, 403, "access_denied")
    written = dora.client.put("/dav/users/me/b.txt", content=b"hello", headers=bearer)
    locked = dora.client.request("LOCK", "/dav/users/me/a.txt", headers=bearer)
    assert (written.status_code, locked.status_code) == (403, 403)
    assert dora.fetch("a.txt").content == b"hello"


def test_its_yes_does_not_replace_the_rule_of_the_bucket(outside: Crib, dora: Person) -> None:
    dora.stored("a.txt")
    other = outside.person()
    refused(other.get("/metadata", **dora.read_at("a.txt")), 403, "access_denied")


@pytest.mark.parametrize("mode", sorted(BAD_DAYS))
def test_only_a_plain_yes_grants(dora: Person, service: RoleService, mode: str) -> None:
    service.mode = mode
    word = "rbac_unavailable" if mode == "endless" else "access_denied"
    refused(dora.get("/version"), 403, word)
    assert [path for path, *_ in service.asked] == [
        "/check-access"
    ]  # no second try, and no redirect followed


def test_no_answer_in_time_is_no(dora: Person, service: RoleService) -> None:
    service.mode = "slow"
    refused(dora.put("a.txt"), 403, "rbac_unavailable")


def test_its_address_is_shown_without_credentials(dora: Person, service: RoleService) -> None:
    assert dora.get("/config").json()["GUARDIAN_SERVICE_URL"] == service.url


def test_a_stranger_is_refused_before_it_is_asked(outside: Crib, dora: Person, service: RoleService) -> None:
    assert dora.uuid
    assert outside.client().get("/api/storage/config").status_code == 401
    assert service.asked == []


def test_only_two_routes_are_asked_about_unless_all_are(
    tmp_path_factory: pytest.TempPathFactory, service: RoleService
) -> None:
    service.mode, service.refused = "answer", {("config", "read")}
    crib = Crib.start(tmp_path_factory.mktemp("system"), GUARDIAN_SERVICE_URL=service.url)
    try:
        person = crib.person()
        service.asked.clear()
        succeeded(person.put("a.txt"), 201)
        assert person.get("/version").status_code == 200
        refused(person.get("/config"), 403, "access_denied")
        asked = [(body["service"], body["resource_name"], body["operation"]) for _, body, _ in service.asked]
        assert asked == [("storage", "version", "list"), ("storage", "config", "read")]
    finally:
        crib.close()


def test_a_service_that_is_down_grants_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    crib = Crib.start(tmp_path_factory.mktemp("down"), GUARDIAN_SERVICE_URL=url, GUARDIAN_SCOPE="all")
    try:
        person = crib.person()
        refused(person.get("/version"), 403, "rbac_unavailable")
        refused(person.post("/lock", file_id=str(uuid4())), 403, "rbac_unavailable")
    finally:
        crib.close()
