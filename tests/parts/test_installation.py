"""What the operator sets: keys, the other client's pages, samples, files (parts contract, sections 10, 11 and 13)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from tests.parts.workshop import KEY
from tests.servers.command import run
from tests.servers.environment import child_environment
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from tests.servers.inprocess import AppServer

Start = Callable[..., Awaitable["AppServer"]]
LONG, OTHER = "a" * 40, "b" * 40


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    def made(**values: str) -> Settings:
        for name in ("PARTS_API_KEY", "SECRET_KEY", "JWT_SECRET_KEY", "JWT_SECRET"):
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return made


def test_the_shared_key_is_never_the_secret_that_signs_tokens(environment: Callable[..., Settings]) -> None:
    for values, key in (
        ({}, ""),
        ({"SECRET_KEY": LONG}, ""),
        ({"SECRET_KEY": LONG, "JWT_SECRET_KEY": ""}, ""),
        ({"SECRET_KEY": LONG, "JWT_SECRET": OTHER}, LONG),
        ({"PARTS_API_KEY": LONG}, LONG),
        ({"PARTS_API_KEY": LONG, "SECRET_KEY": OTHER}, LONG),
        ({"PARTS_API_KEY": "", "SECRET_KEY": LONG, "JWT_SECRET_KEY": OTHER}, LONG),
    ):
        assert environment(**values).app_key == key, values
    for values in (
        {"PARTS_API_KEY": LONG, "SECRET_KEY": LONG},
        {"PARTS_API_KEY": LONG, "JWT_SECRET_KEY": LONG},
        {"SECRET_KEY": LONG, "JWT_SECRET": LONG},
        {"PARTS_API_KEY": LONG, "JWT_SECRET_KEY": OTHER, "JWT_SECRET_PREVIOUS": LONG},
        {"PARTS_API_KEY": "short"},
    ):
        with pytest.raises(ValidationError, match="PARTS_API_KEY"):
            environment(**values)


def test_lists_and_paths_are_read_as_the_earlier_server_did(environment: Callable[..., Settings]) -> None:
    found = environment(ALLOWED_EXTENSIONS='["STEP", ".pdf"]', MAX_FILE_SIZE="", DATA_DIR="/srv/x")
    assert (found.part_file_types, found.part_max_file_bytes) == (["step", "pdf"], 50 * 2**20)
    found = environment(DATABASE_URL="sqlite:///parts.db", ALLOWED_EXTENSIONS="")
    assert found.database == "sqlite+aiosqlite:////srv/x/parts.db"
    assert found.part_file_types == ["step", "stp", "pdf"]
    assert environment(DATABASE_URL="sqlite:////srv/y.db").database.endswith(":////srv/y.db")


def test_a_configuration_file_explains_every_setting(tmp_path: Path) -> None:
    made = run("config", "init", "--data-dir", str(tmp_path / "d"), cwd=tmp_path, env=child_environment())
    assert made.code == 0, made.err
    file = tmp_path / "d" / "config.json"
    assert file.stat().st_mode & 0o077 == 0
    found = json.loads(file.read_text())
    assert found["PARTS_API_KEY"] is None
    assert "browsers" in found["_PARTS_API_KEY"]
    settings = [name for name in found if not name.startswith("_")]
    assert len(settings) == len(Settings.model_fields) - 1  # but DATA_DIR
    assert all(found[f"_{name}"] for name in settings)
    defaults = Settings(data_dir=tmp_path / "other")
    assert Settings(data_dir=tmp_path / "d").model_dump(exclude={"data_dir"}) == defaults.model_dump(
        exclude={"data_dir"}
    )
    file.write_text(json.dumps({**found, "MAX_FILE_SIZE": 7}))
    assert Settings(data_dir=tmp_path / "d").part_max_file_bytes == 7
    again = run("config", "init", "--data-dir", str(tmp_path / "d"), cwd=tmp_path, env=child_environment())
    assert again.code != 0
    assert json.loads(file.read_text())["MAX_FILE_SIZE"] == 7


async def test_in_development_a_key_is_made_and_printed_once(
    app_server: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "dev"
    crib = await app_server(folder, environment="development")
    key = (folder / "parts.key").read_text().strip()
    assert f"Key of the parts pages: {key}" in capsys.readouterr().out
    listed = await crib.client.get("/api/parts/", headers={"X-API-Key": key})
    assert listed.json()["total"] == 5
    assert ((folder / "parts.key").stat().st_mode & 0o077, len(key) >= 32) == (0, True)


async def test_the_other_clients_pages_have_the_root_and_ours_moves(
    app_server: Start, tmp_path: Path
) -> None:
    pages = tmp_path / "pages"
    (pages / "assets").mkdir(parents=True)
    (pages / "index.html").write_text("<html>other</html>")
    (pages / "assets" / "a-1.js").write_text("plain")
    (pages / "assets" / "a-1.js.br").write_bytes(b"brotli")
    (tmp_path / "secret.txt").write_text("secret")
    crib = await app_server(ui_dir=pages, base_path="/x", parts_api_key=KEY, environment="development")
    client = crib.client
    for path in ("/", "/parts/1", "/anything"):
        page = await client.get(path)
        assert (page.status_code, page.text) == (200, "<html>other</html>"), path
        assert page.headers["cache-control"] == "no-cache"
        assert "https://cdnjs.cloudflare.com" in page.headers["content-security-policy"]
    script = await client.get("/assets/a-1.js", headers={"Accept-Encoding": "identity"})
    assert (script.text, script.headers["vary"]) == ("plain", "Accept-Encoding")
    assert "immutable" in script.headers["cache-control"]
    async with client.stream("GET", "/assets/a-1.js", headers={"Accept-Encoding": "br"}) as small:
        assert small.headers["content-encoding"] == "br"
        assert small.headers["content-type"].startswith("text/javascript")
    for path in ("/assets/gone.js", "/gone.png", "/%2e%2e/secret.txt", "/assets/", "/..%5csecret.txt"):
        answer = await client.get(path)
        assert answer.status_code == 404 or "secret" not in answer.text, path
        assert path == "/assets/" or answer.status_code == 404, path
    assert (await client.get("/api/nothing")).json()["code"] == "not_found"
    moved = await client.get("/crib")
    assert (moved.status_code, moved.headers["location"]) == (308, "/x/crib/")
    own = await client.get("/crib/machines/abc")
    assert own.status_code == 200
    assert "cdnjs" not in own.headers["content-security-policy"]
    assert "other" not in own.text
    assert (await client.get("/crib/api/health")).json()["status"] == "healthy"
    assert (await client.get("/crib/api/parts/")).status_code == 401
    # In development there are parts to look at.
    listed = await client.get(
        "/api/parts/", params={"sort_by": "id", "sort_order": "asc"}, headers={"X-API-Key": KEY}
    )
    seen = [(each["type"], each["category"], each["status"]) for each in listed.json()["parts"]]
    assert seen == [
        ("cnc", "review", "Pending"),
        ("cnc", "review", "Pending"),
        ("cnc", "cnc", "In Progress"),
        ("hand", "hand", "In Progress"),
        ("hand", "completed", "Completed"),
    ]
    assert all(each["assigned"] for each in listed.json()["parts"][2:])
    held: dict[str, Any] = (await (await crib.admin()).get("/api/claims", params={"kind": "part"})).json()
    assert len(held["claims"]) == 2
