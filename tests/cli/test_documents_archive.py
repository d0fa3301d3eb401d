"""A folder as one ZIP archive, from the command line."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

from tests.cli.conftest import Person
from tests.cli.documents import MIB, Wire, put, through, write
from tests.servers import command


def test_a_folder_is_got_as_an_archive_whole_or_not_at_all(ann: Person, ben: Person) -> None:
    name = f"Entwürfe {uuid4().hex[:10]}"
    place = f"me:{name}"
    put(ann, f"{place}/tief/größe 📐.txt", "x")
    told = ann.run("docs", "get", place, "--zip").out
    assert told.startswith(f"Got {place} as {name}.zip (")
    found = ZipFile(ann.cwd / f"{name}.zip")
    assert found.namelist() == ["tief/", "tief/größe 📐.txt"]
    assert found.read("tief/größe 📐.txt") == b"x"
    file = write(ann, "own.zip", "mine")
    assert "there already" in ann.run("docs", "get", place, "own.zip", "--zip", code=2).err
    assert file.read_text() == "mine"
    shown = ann.json("docs", "get", place, "own.zip", "--zip", "--force")
    assert shown == {"place": place, "file": "own.zip", "size": file.stat().st_size}
    assert ZipFile(file).testzip() is None
    piped = [str(command.installed()), "docs", "get", place, "-", "--zip"]
    done = subprocess.run(piped, cwd=ann.cwd, env=ann.env, capture_output=True, check=True)
    assert ZipFile(io.BytesIO(done.stdout)).testzip() is None
    # What is refused, or breaks off, leaves nothing behind.
    before = names_in(ann.cwd)
    assert f"no folder {place}/none" in ann.run("docs", "get", f"{place}/none", "--zip", code=1).err
    me = ann.client.get("/api/currentuser").json()["uuid"]
    assert "You may not" in ben.run("docs", "get", f"/users/{me}/{name}", "stolen.zip", "--zip", code=1).err
    assert "stolen.zip" not in names_in(ben.cwd)
    put(ann, f"{place}/large.bin", b"z" * 8 * MIB)
    wire = Wire(ann.server.port)
    wire.hold_down = 2 * MIB
    ann.env |= through(ann, wire)
    reader = ann.start("docs", "get", place, "cut.zip", "--zip")
    assert wire.held.wait(60), reader.communicate()
    assert any(each.endswith(".part") for each in names_in(ann.cwd))
    wire.close()
    _, error = reader.communicate(timeout=60)
    assert reader.returncode == 2, error
    assert names_in(ann.cwd) == before


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}
