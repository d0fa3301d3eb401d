"""The server's description of itself is complete: a client can be generated from it."""

from __future__ import annotations

import compileall
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_every_route import PUBLIC, SIGNED
from tests.identity.test_key_scopes import ACCOUNTS
from tests.servers.crib import Crib
from tests.servers.environment import PASSWORD

SUCCESS = re.compile("[23]..")


@pytest.fixture(scope="module")
def crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crib]:
    one = Crib.start(tmp_path_factory.mktemp("described"))
    yield one
    one.close()


@pytest.fixture(scope="module")
def document(crib: Crib) -> dict[str, Any]:
    found: dict[str, Any] = crib.client().get("/api/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def test_types_are_named_by_themselves_not_by_the_module_they_lie_in(document: dict[str, Any]) -> None:
    names = set(document["components"]["schemas"])
    assert names
    assert not [name for name in names if "__" in name or "toolcrib" in name.lower()]


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    used = set(re.findall(r'"\$ref":\s*"([^"]+)"', json.dumps(document)))
    assert used
    assert used <= names


def test_every_operation_says_how_to_sign_in_or_that_nobody_need(document: dict[str, Any]) -> None:
    schemes = document["components"]["securitySchemes"]
    assert set(schemes) == {"bearer", "apiKey", "cookie", "basic"}
    for method, path, operation in operations(document):
        is_public = (method, path) in PUBLIC or SIGNED.match(path) is not None
        assert (operation["security"] == []) == is_public, (method, path)
        if not is_public:
            without_keys = {"apiKey"} if f"{method} {path}" in ACCOUNTS else set()
            names = {name for each in operation["security"] for name in each}
            assert names == set(schemes) - without_keys, (method, path)


def test_every_operation_lists_its_refusals_in_the_shape_of_its_path(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        responses = operation["responses"]
        assert any(SUCCESS.fullmatch(status) for status in responses), (method, path)
        assert "422" not in responses, (method, path)
        if operation["security"]:
            assert "401" in responses, (method, path)
        for status, described in responses.items():
            if SUCCESS.fullmatch(status) or method == "HEAD" or "health" in path:
                continue
            shape = "Refusal"
            media_type = "application/json"
            if "/info/lfs" in path:
                shape, media_type = "LfsRefused", "application/vnd.git-lfs+json"
            elif path.startswith("/api/storage/"):
                shape = "StorageRefusal"
            schema = described["content"][media_type]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{shape}"}, (method, path, status)


def test_every_part_of_an_address_is_declared(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        declared = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", path)), (method, path)


def test_a_generated_client_signs_in_locks_lists_and_releases(
    crib: Crib, document: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / "openapi.json"
    described.write_text(json.dumps(document))
    package = tmp_path / "toolcrib_client"
    generator = Path(sys.executable).with_name("openapi-python-client")
    made = subprocess.run(
        [generator, "generate", "--path", described, "--meta", "none", "--output-path", package],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    left_out = re.findall(r"WARNING parsing (\w+ \S+)", made.stdout + made.stderr)
    # It cannot send tus's media type, for which there are tus clients, nor a table.
    tus = ["POST /api/storage/uploads", "PATCH /api/storage/uploads/{upload_id}"]
    assert left_out == [*tus, "POST /api/shop/import"]
    assert compileall.compile_dir(package, quiet=2)

    monkeypatch.syspath_prepend(str(tmp_path))
    client = importlib.import_module("toolcrib_client")
    models = importlib.import_module("toolcrib_client.models")

    def endpoint(name: str) -> Any:
        return importlib.import_module(f"toolcrib_client.api.{name}")

    credentials = models.LoginRequest(username="admin", password=PASSWORD)
    login = endpoint("sign_in.login_api_login_post")
    answer = login.sync(client=client.Client(base_url=crib.url), body=credentials)
    signed_in = client.AuthenticatedClient(base_url=crib.url, token=answer.access_token)

    wanted = models.AssetLockRequest(asset_path="Content/Generated.uasset", branch="main")
    lock = endpoint("assets.create_lock_api_locks_post")
    assert lock.sync(client=signed_in, body=wanted).lock.locked_by == "admin"
    refused = lock.sync(client=signed_in, body=wanted)
    assert isinstance(refused, models.Refusal)
    assert refused.code == "claim_held"

    listing = endpoint("assets.list_locks_api_locks_get")
    held = listing.sync(client=signed_in)
    assert [each.asset_path for each in held] == ["Content/Generated.uasset"]
    claims = endpoint("claims.list_claims_api_claims_get").sync(client=signed_in).claims
    released = endpoint("claims.release_api_claims_fence_release_post")
    assert released.sync(client=signed_in, fence=claims[0].fence).msg == "released"
    assert listing.sync(client=signed_in) == []
