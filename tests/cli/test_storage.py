"""`toolcrib storage verify`, beside a running server, on what became of its files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Person
from tests.cli.documents import content, new_project, put
from tests.cli.git import Done
from tests.cli.test_server_commands import operate
from tests.servers.databases import Database
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

SOUND, NOT_SOUND, UNKNOWN = 0, 1, 2


class Shop:
    """A server, somebody with documents on it, and the folder that the bytes are in."""

    def __init__(self, server: ToolcribServer, ann: Person, database: Database) -> None:
        self.server = server
        self.ann = ann
        self.files = server.data_dir / "files"
        self._database_url = database.url

    def verify(self, *arguments: str, code: int = SOUND, **settings: object) -> Done:
        settings |= {"DATABASE_URL": self._database_url}
        done = operate(self.server.data_dir, "storage", "verify", *arguments, stdin="", **settings)
        assert done.code == code, done.text
        return done

    def report(self, *arguments: str, code: int = SOUND) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.verify(*arguments, "--json", code=code).out)
        return found

    def bytes_of(self, text: str) -> Path:
        """The stored file that holds this text."""
        (found,) = [one for one in self.files.rglob("*") if one.is_file() and one.read_text() == text]
        return found


@pytest.fixture
def shop(server: Callable[..., ToolcribServer], person: Callable[..., Person], database: Database) -> Shop:
    one = server(DATABASE_URL=database.url)
    ann = person("ann", server=one)
    shop = Shop(one, ann, database)
    put(ann, "me:notes/todo.txt", "milk", "-m", "first")
    put(ann, "me:notes/todo.txt", "milk, eggs")
    put(ann, "me:other.txt", "other")
    return shop


def test_all_is_well(shop: Shop) -> None:
    done = shop.verify()
    assert done.out.splitlines()[0] == (
        "Looked at 3 versions in 3 objects (sizes compared; --hashes reads every byte)."
    )
    assert done.out.splitlines()[-1] == "All is well: no version is missing or damaged."
    report = shop.report("--hashes")
    assert (report["is_sound"], report["versions"], report["bytes_read"]) == (True, 3, 19)


def test_a_removed_file_is_found_and_told_again_when_it_is_back(shop: Shop, tmp_path: Path) -> None:
    stored = shop.bytes_of("milk, eggs")
    shutil.move(stored, tmp_path / "kept")
    done = shop.verify(code=NOT_SOUND)
    assert "MISSING" in done.out
    assert "  notes/todo.txt  (user ann)\n" in done.out
    assert "version 2 (current version), 10 B, by ann, " in done.out
    assert str(stored) in done.out
    assert "What to do:" in done.out
    assert "other.txt" not in done.out
    (finding,) = shop.report(code=NOT_SOUND)["findings"]
    assert (finding["state"], finding["version_number"], finding["created_by_name"]) == ("missing", 2, "ann")
    states = {row["version_number"]: row["status"] for row in versions(shop)}
    assert states == {1: "draft", 2: "corrupted"}
    assert "lost the bytes" in shop.ann.run("docs", "get", "me:notes/todo.txt", code=1).err
    assert content(shop.ann, "me:notes/todo.txt", "--version", "1") == "milk"

    shutil.move(tmp_path / "kept", stored)
    done = shop.verify()
    assert "RECOVERED" in done.out
    assert "All is well" in done.out
    assert {row["status"] for row in versions(shop)} == {"draft"}
    assert shop.report()["recovered"] == []
    assert content(shop.ann, "me:notes/todo.txt") == "milk, eggs"


def test_a_damaged_file_of_the_same_size_is_found_by_reading(shop: Shop) -> None:
    stored = shop.bytes_of("milk, eggs")
    stored.write_text("milk, ewes")
    assert shop.report()["is_sound"] is True
    done = shop.verify("--hashes", code=NOT_SOUND)
    assert "DAMAGED" in done.out
    assert "  notes/todo.txt  (user ann)\n" in done.out
    stored.write_text("milk, eggs")
    (finding,) = shop.report("--hashes")["findings"]
    assert finding["state"] == "recovered"


def test_a_file_that_became_shorter_is_found_without_reading(shop: Shop) -> None:
    shop.bytes_of("milk, eggs").write_text("milk")
    (finding,) = shop.report(code=NOT_SOUND)["findings"]
    assert finding["state"] == "damaged"


def test_sending_the_same_bytes_again_repairs(shop: Shop) -> None:
    shop.bytes_of("milk, eggs").unlink()
    shop.verify(code=NOT_SOUND)
    put(shop.ann, "me:notes/todo.txt", "milk, eggs")
    assert shop.report()["is_sound"] is True
    assert content(shop.ann, "me:notes/todo.txt", "--version", "2") == "milk, eggs"


def test_leftovers_are_counted_and_harm_nothing(shop: Shop) -> None:
    stray = shop.files / "blobs" / "00" / ("0" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("half an upload")
    done = shop.verify()
    assert done.out.startswith("Looked at 3 versions in 3 objects")
    assert "belong to no version: 1 (14 B)" in done.out
    assert stray.exists()


@pytest.mark.databases("sqlite")
def test_an_empty_store_is_taken_for_a_mistake_unless_told_otherwise(shop: Shop, tmp_path: Path) -> None:
    done = shop.verify(code=UNKNOWN, FILES_DIR=tmp_path / "not mounted")
    assert "Nothing was marked" in done.err
    assert not (tmp_path / "not mounted").exists()
    assert {row["status"] for row in versions(shop)} == {"draft"}
    shop.verify("--empty", code=NOT_SOUND, FILES_DIR=tmp_path / "not mounted")
    assert {row["status"] for row in versions(shop)} == {"corrupted"}
    shop.verify()
    assert {row["status"] for row in versions(shop)} == {"draft"}


@pytest.mark.databases("sqlite")
def test_a_store_that_went_away_is_never_made_anew(shop: Shop, tmp_path: Path) -> None:
    """It would look sound, and what is put there would be gone when the right one is back."""
    shop.server.stop()
    aside = tmp_path / "unplugged"
    shop.files.rename(aside)
    shop.server.start()
    shop.verify(code=UNKNOWN)
    assert not shop.files.exists()
    assert shop.server.client.get("/api/storage/health").status_code == 503
    (tmp_path / "new.txt").write_text("new")
    shop.ann.run("docs", "put", str(tmp_path / "new.txt"), "me:new.txt", code=2)
    aside.rename(shop.files)
    # A write that failed is remembered until one works again: the server tries every second.
    wait_until(
        lambda: shop.server.client.get("/api/storage/health").status_code == 200,
        "a store that can be written",
    )
    assert content(shop.ann, "me:notes/todo.txt") == "milk, eggs"
    shop.verify("--hashes")


@pytest.mark.databases("sqlite")
def test_where_there_is_no_database_nothing_is_said_and_nothing_made(tmp_path: Path) -> None:
    place = tmp_path / "mistyped"
    done = operate(place, "storage", "verify")
    assert done.code == UNKNOWN
    assert f"There is no database at {place / 'toolcrib.db'}" in done.err
    assert not place.exists()


def test_a_database_of_another_release_is_left_as_it_is(tmp_path: Path, bare_database: Database) -> None:
    (tmp_path / "data").mkdir()
    if bare_database.url.startswith("sqlite"):
        Path(bare_database.url.partition(":///")[2]).touch()
    for _ in range(2):  # the first look has changed nothing
        done = operate(tmp_path / "data", "storage", "verify", DATABASE_URL=bare_database.url)
        assert (done.code, "The database is at schema none" in done.err) == (UNKNOWN, True), done.text


@pytest.mark.databases("sqlite")
def test_a_store_that_does_not_answer_tells_nothing(shop: Shop) -> None:
    done = shop.verify(code=UNKNOWN, MINIO_ENDPOINT="127.0.0.1:9")
    assert "The files could not be checked" in done.err
    assert "minioadmin" not in done.text
    assert {row["status"] for row in versions(shop)} == {"draft"}


@pytest.mark.databases("sqlite")
def test_a_database_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "toolcrib.db").write_text("no database, whatever its name says" * 100)
    done = operate(tmp_path / "data", "storage", "verify")
    assert done.code == UNKNOWN
    assert done.err.startswith("toolcrib: The database cannot be used")


def test_an_installation_without_documents_is_sound(tmp_path: Path, database: Database) -> None:
    done = operate(tmp_path / "data", "storage", "verify", DATABASE_URL=database.url)
    assert (done.code, "0 versions" in done.out) == (SOUND, True), done.text


@pytest.mark.databases("sqlite")
def test_documents_of_projects_are_told_by_name(shop: Shop) -> None:
    gears = new_project(shop.ann)
    put(shop.ann, f"{gears}:part.step", "iso")
    shop.bytes_of("iso").unlink()
    assert f"  part.step  (project {gears})\n" in shop.verify(code=NOT_SOUND).out


def versions(shop: Shop) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.ann.json("docs", "versions", "me:notes/todo.txt")["versions"]
    return found
