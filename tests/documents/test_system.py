"""Sign-in, envelopes and system routes (document contract, sections 1, 2 and 5)."""

from __future__ import annotations

from uuid import uuid4

import httpx
import jwt
import pytest

from tests.documents.envelope import refused
from tests.servers.crib import BASE, Crib, Person, token
from tests.servers.environment import DEFAULTS
from toolcrib.settings import Settings

SECRET = DEFAULTS["JWT_SECRET_KEY"]


def _with_cookie(crib: Crib, cookie: str) -> httpx.Response:
    return crib.client(cookies={"access_token": cookie}).get(BASE + "/version")


def test_health_needs_no_sign_in_and_tells_of_database_and_store(crib: Crib) -> None:
    answer = crib.client().get(BASE + "/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "healthy"
    assert body["service"]
    assert body["version"]
    assert body["environment"]
    assert body["timestamp"].endswith("Z")
    for part in ("database", "storage"):
        assert body["checks"][part]["healthy"] is True
        assert isinstance(body["checks"][part]["message"], str)
        assert body["checks"][part]["response_time_ms"] >= 0


def test_version_and_config_are_for_people_who_signed_in(crib: Crib, ann: Person) -> None:
    assert ann.get("/version").json()["version"]
    config = ann.get("/config").json()
    assert isinstance(config, dict)
    assert isinstance(config["JWT_SECRET"], bool)
    shown = ann.get("/config").text
    assert SECRET not in shown
    assert "://" not in shown
    for path in ("/version", "/config"):
        refused(crib.client().get(BASE + path), 401, "missing_jwt_token")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/list"),
        ("GET", "/metadata"),
        ("GET", "/event-keys"),
        ("PATCH", "/metadata"),
        ("POST", "/upload/presign"),
        ("POST", "/upload/proxy"),
        ("POST", "/upload/confirm"),
        ("GET", "/download/presign"),
        ("POST", "/download/presign"),
        ("GET", "/download/proxy"),
        ("POST", "/copy"),
        ("POST", "/lock"),
        ("POST", "/lock/renew"),
        ("POST", "/unlock"),
        ("GET", "/locks"),
        ("GET", "/versions"),
        ("GET", "/versions/waiting"),
        ("POST", "/versions/commit"),
        ("POST", "/versions/00000000-0000-4000-8000-000000000001/approve"),
        ("POST", "/versions/00000000-0000-4000-8000-000000000001/reject"),
        ("DELETE", "/delete"),
        ("POST", "/restore"),
        ("POST", "/move"),
        ("GET", "/folders"),
        ("POST", "/folders"),
        ("DELETE", "/folders"),
    ],
)
def test_every_other_route_asks_for_a_token_first(crib: Crib, method: str, path: str) -> None:
    refused(crib.client().request(method, BASE + path, content=b"{"), 401, "missing_jwt_token")


def test_bad_tokens_are_refused(crib: Crib) -> None:
    me, company = str(uuid4()), str(uuid4())
    other_secret = jwt.encode({"sub": me, "company_id": company}, "x" * 40, "HS256")
    past = int(crib.clock().timestamp()) - 10
    for cookie in (
        "rubbish",
        other_secret,
        token(me, company, exp=past),
        jwt.encode({"company_id": company}, SECRET, "HS256"),
        token(me, None),
        token(me, "not-a-uuid"),
        jwt.encode({"sub": me, "company_id": company}, "", "none"),
    ):
        refused(_with_cookie(crib, cookie), 401, "unauthorized")


def test_a_token_without_exp_is_good_and_user_id_stands_in_for_sub(crib: Crib) -> None:
    me, company = str(uuid4()), str(uuid4())
    assert _with_cookie(crib, token(me, company)).status_code == 200
    only_user_id = jwt.encode({"user_id": str(uuid4()), "company_id": company}, SECRET, "HS256")
    assert _with_cookie(crib, only_user_id).status_code == 200


def test_identity_headers_prove_nothing(crib: Crib) -> None:
    headers = {"X-User-ID": str(uuid4()), "X-Company-ID": str(uuid4())}
    refused(crib.client().get(BASE + "/version", headers=headers), 401, "missing_jwt_token")


def test_other_ways_to_sign_in_work_too(crib: Crib, ann: Person) -> None:
    bearer = {"Authorization": f"Bearer {token(ann.uuid, ann.company)}"}
    assert crib.client(headers=bearer).get(BASE + "/version").status_code == 200
    key = ann.client.post("/api/users/me/keys", json={"name": "script"}).json()["key"]
    assert crib.client(headers={"X-API-Key": key}).get(BASE + "/version").status_code == 200
    assert crib.client(auth=(ann.username, key)).get(BASE + "/version").status_code == 200


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("named", "endpoint"),
    [
        ({"MINIO_ENDPOINT": "minio:9000"}, "http://minio:9000"),
        ({"MINIO_SERVICE_URL": "https://minio.example/"}, "https://minio.example"),
        ({"MINIO_SERVICE_URL": "https://a.example", "MINIO_ENDPOINT": "b:9000"}, "https://a.example"),
        ({}, ""),
    ],
)
def test_the_store_has_the_contracts_settings(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str], endpoint: str
) -> None:
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert Settings().s3_endpoint == endpoint
    assert (Settings().s3_access_key, Settings().s3_secret_key.get_secret_value()) == (
        "minioadmin",
        "minioadmin",
    )
    assert Settings().s3_bucket == "storage"
    monkeypatch.setenv("MINIO_ACCESS_KEY", "key")
    monkeypatch.setenv("MINIO_SECRET_KEY", "quite-secret-1")
    monkeypatch.setenv("MINIO_BUCKET_NAME", "files")
    read = Settings()
    assert (read.s3_access_key, read.s3_secret_key.get_secret_value(), read.s3_bucket) == (
        "key",
        "quite-secret-1",
        "files",
    )
    assert "quite-secret-1" not in repr(read)


def test_a_write_from_another_sites_page_is_refused(ann: Person) -> None:
    answer = ann.call(
        "POST", "/lock", json={"file_id": str(uuid4())}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert answer.json()["status"] == "error"


def test_framework_errors_have_the_same_shape(ann: Person) -> None:
    refused(ann.get("/nothing/here"), 404, "not_found")
    refused(ann.call("PUT", "/list"), 405, "method_not_allowed")
    refused(ann.call("POST", "/lock", content=b"{not json"), 400, "validation_error")
    refused(ann.call("POST", "/lock", content=b"[1]"), 400, "validation_error")
    too_large = ann.call("POST", "/lock", content=b"{" + b" " * 70_000 + b"}")
    refused(too_large, 413, "payload_too_large")
    assert "connection" not in too_large.headers  # read to its end, so that no cut line hides the answer
