"""Eight at once on one path: consecutive versions, exact bytes, one winner where only one can win."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

import httpx
import pytest

from tests.conftest import is_full
from tests.servers.crib import Crib, Person

pytestmark = [
    pytest.mark.databases("sqlite", "postgresql", "mariadb"),
    pytest.mark.timeout(600),
    pytest.mark.every_database,
]

CALLERS = 8
Subject = TypeVar("Subject")


def at_once(call: Callable[[Subject], httpx.Response], subjects: Sequence[Subject]) -> list[httpx.Response]:
    """`call` for each of `subjects`, started together."""
    barrier = Barrier(len(subjects))

    def run(subject: Subject) -> httpx.Response:
        barrier.wait()
        return call(subject)

    with ThreadPoolExecutor(len(subjects)) as pool:
        return list(pool.map(run, subjects))


@pytest.fixture
def rounds(pytestconfig: pytest.Config) -> int:
    """How often they meet."""
    return 50 if is_full(pytestconfig) else 4


@pytest.fixture
def team(crib: Crib, ann: Person) -> list[Person]:
    return [crib.person(company=ann.company) for _ in range(CALLERS)]


def _versions(person: Person, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.metadata(path, bucket="companies", include_versions="1")["versions"]
    return found


def test_uploads_of_one_path(team: list[Person], rounds: int) -> None:
    for round_ in range(rounds):
        path = f"{uuid4().hex}.bin"
        sent = {person.uuid: f"{round_} {person.uuid}".encode() * 50 for person in team}

        def upload(person: Person, path: str = path, sent: dict[str, bytes] = sent) -> httpx.Response:
            return person.put(path, sent[person.uuid], bucket="companies")

        answers = at_once(upload, team)
        assert [answer.status_code for answer in answers] == [201] * CALLERS
        data = [answer.json()["data"] for answer in answers]
        assert sorted(each["version_number"] for each in data) == list(range(1, CALLERS + 1))
        assert len({each["file_id"] for each in data}) == 1
        versions = {version["id"]: version for version in _versions(team[0], path)}
        for person, each in zip(team, data, strict=True):
            version = versions[each["version_id"]]
            assert version["version_number"] == each["version_number"]
            assert version["created_by"] == person.uuid
            assert version["checksum"] == sha256(sent[person.uuid]).hexdigest()
            got = person.fetch(path, bucket="companies", version_id=each["version_id"])
            assert got.content == sent[person.uuid]
        newest = max(range(CALLERS), key=lambda index: data[index]["version_number"])
        assert team[0].fetch(path, bucket="companies").content == sent[team[newest].uuid]


def test_commits_to_one_file(ann: Person, team: list[Person], rounds: int) -> None:
    keys = {person.uuid: person.stored("own.bin", person.uuid.encode())["object_key"] for person in team}
    for _ in range(rounds):
        path = f"{uuid4().hex}.bin"
        file_id = ann.stored(path, b"first", bucket="companies")["file_id"]

        def commit(person: Person, file_id: str = file_id) -> httpx.Response:
            return person.post("/versions/commit", file_id=file_id, object_key=keys[person.uuid])

        answers = at_once(commit, team)
        assert [answer.status_code for answer in answers] == [201] * CALLERS
        data = [answer.json()["data"] for answer in answers]
        assert sorted(each["version_number"] for each in data) == list(range(2, CALLERS + 2))
        versions = {version["id"]: version for version in _versions(ann, path)}
        for person, each in zip(team, data, strict=True):
            assert versions[each["version_id"]]["checksum"] == sha256(person.uuid.encode()).hexdigest()
            got = person.fetch(path, bucket="companies", version_id=each["version_id"])
            assert got.content == person.uuid.encode()


def test_one_upload_is_committed_once(ann: Person, team: list[Person], rounds: int) -> None:
    person = team[0]
    for _ in range(rounds):
        file_id = ann.stored(f"{uuid4().hex}.bin", bucket="companies")["file_id"]
        key = person.sent(b"once", "x.bin")

        def commit(_: int, file_id: str = file_id, key: str = key) -> httpx.Response:
            return person.post("/versions/commit", file_id=file_id, object_key=key)

        statuses = sorted(answer.status_code for answer in at_once(commit, range(CALLERS)))
        assert statuses == [201] + [404] * (CALLERS - 1)


def test_decisions_about_one_version(ann: Person, team: list[Person], rounds: int) -> None:
    own = ann.stored("own.bin", b"next")["object_key"]
    file_id = ann.stored(f"{uuid4().hex}.bin", bucket="companies")["file_id"]
    for round_ in range(rounds):
        committed = ann.post("/versions/commit", file_id=file_id, object_key=own).json()["data"]
        version = committed["version_id"]

        def decide(index: int, version: str = version) -> httpx.Response:
            return team[index].post(f"/versions/{version}/{'reject' if index % 2 else 'approve'}")

        answers = at_once(decide, range(CALLERS))
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200] + [409] * (CALLERS - 1)
        approved = statuses.index(200) % 2 == 0
        history = ann.get("/versions", file_id=file_id, limit=1).json()["versions"][0]
        assert history["status"] == ("validated" if approved else "rejected")
        assert history["validated_by"] == team[statuses.index(200)].uuid
        assert history["version_number"] == round_ + 2


def test_locks_of_one_file(ann: Person, team: list[Person], rounds: int) -> None:
    file_id = ann.stored(f"{uuid4().hex}.bin", bucket="companies")["file_id"]
    for _ in range(rounds):
        answers = at_once(lambda person: person.post("/lock", file_id=file_id), team)
        statuses = [answer.status_code for answer in answers]
        assert sorted(statuses) == [200] + [409] * (CALLERS - 1)
        winner = team[statuses.index(200)]
        for answer in answers:
            if answer.status_code == 409:
                assert answer.json()["details"]["locked_by"] == winner.uuid
        (lock,) = ann.get("/locks", file_id=file_id).json()["data"]["locks"]
        assert lock["locked_by"] == winner.uuid
        assert winner.post("/unlock", file_id=file_id).status_code == 200


def test_a_mixture_leaves_no_gap_and_no_crash(ann: Person, team: list[Person], rounds: int) -> None:
    path = f"{uuid4().hex}.bin"
    file_id = ann.stored(path, bucket="companies")["file_id"]
    keys = {person.uuid: person.stored("own.bin", person.uuid.encode())["object_key"] for person in team}
    verbs: list[Callable[[Person], httpx.Response]] = [
        lambda person: person.put(path, person.uuid.encode(), bucket="companies"),
        lambda person: person.post("/versions/commit", file_id=file_id, object_key=keys[person.uuid]),
        lambda person: person.post("/lock", file_id=file_id),
        lambda person: person.post("/unlock", file_id=file_id),
        lambda person: person.call("DELETE", "/delete", json={"file_id": file_id}),
        lambda person: person.fetch(path, bucket="companies"),
        lambda person: person.get("/list", bucket="companies", id=person.company),
        lambda person: person.put(path, b"again", bucket="companies"),
    ]
    seen: set[int] = set()
    for round_ in range(max(rounds, len(verbs))):  # everybody makes each call
        work = [(person, verbs[(index + round_) % len(verbs)]) for index, person in enumerate(team)]
        seen |= {answer.status_code for answer in at_once(lambda each: each[1](each[0]), work)}
    assert seen <= {200, 201, 403, 404, 409}, seen
    numbers = [version["version_number"] for version in _versions(ann, path)]
    assert numbers == list(range(len(numbers), 0, -1))
