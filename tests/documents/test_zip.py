"""A folder as a ZIP archive, read by what people read such archives with."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import uuid4
from zipfile import BadZipFile, ZipFile

import pytest
from sqlalchemy import insert, select

from tests.documents.envelope import refused, succeeded
from tests.servers.crib import Crib, Person
from tests.servers.process import wait_until
from toolcrib.documents.models import File, location_of
from toolcrib.documents.service import archive_room
from toolcrib.documents.service.lookup import documents_of
from toolcrib.kernel.long_answers import PAGE

FILES = {
    "a.txt": b"one",
    "A.TXT": b"two",
    "leer.bin": b"",
    "Größe/Übersicht 📐.txt": "Maße".encode(),
    "Größe/tief/ein % mehr & so.txt": b"x" * 700_000,
    "100%.txt": b"y",
}
FOLDERS = {"Größe/", "Größe/tief/", "empty/"}


def zipped(person: Person, path: str, **where: Any) -> Any:
    return person.get("/folders/zip", **{**person.read_at(path, **where), "path": path})


def content_of(archive: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(archive)) as found:
        assert found.testzip() is None
        assert len(set(found.namelist())) == len(found.namelist())
        return {name: found.read(name) for name in found.namelist()}


def filled(ann: Person) -> str:
    top = f"Entwürfe {uuid4().hex}"
    for name, content in FILES.items():
        ann.stored(f"{top}/{name}", content)
    succeeded(ann.post("/folders", **ann.at(f"{top}/empty")), 201)
    ann.stored(f"{top}0/other.txt")  # a folder whose name begins alike
    return top


@pytest.mark.databases("sqlite", "postgresql", "mariadb")
@pytest.mark.moves_bytes
def test_an_archive_has_what_is_in_the_folder(crib: Crib, ann: Person, ben: Person, tmp_path: Path) -> None:
    top = filled(ann)
    ann.stored(f"{top}/a.txt", b"the second version")
    ann.stored(f"{top}/gone.txt")
    succeeded(ann.call("DELETE", "/delete", json=ann.at(f"{top}/gone.txt")))
    ann.stored(f"{top}/.DS_Store", b"litter")
    answer = zipped(ann, top)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/zip"
    assert f"filename*=UTF-8''{quote(top)}.zip" in answer.headers["Content-Disposition"]
    assert content_of(answer.content) == {
        **FILES,
        "a.txt": b"the second version",
        **dict.fromkeys(FOLDERS, b""),
    }
    with ZipFile(io.BytesIO(answer.content)) as found:
        assert not found.comment
        assert found.getinfo("a.txt").date_time[0] == crib.clock().year
    lines = ann.metadata(f"{top}/a.txt", include_audit="true")["audit_logs"]
    assert [line["details"]["folder"] for line in lines if line["action"] == "download"] == [
        f"/users/{ann.uuid}/{top}"
    ]
    assert {f"{top}/a.txt", f"{top}0/other.txt"} <= content_of(zipped(ann, "").content).keys()
    assert content_of(zipped(ann, f"{top}/empty").content) == {}
    refused(zipped(ann, f"{top}/a.txt"), 404, "folder_not_found")
    refused(zipped(ann, f"{top}/none"), 404, "folder_not_found")
    where = {"bucket": "users", "id": ann.uuid, "path": top}
    refused(ben.get("/folders/zip", **where), 403, "access_denied")
    assert crib.client().get("/api/storage/folders/zip", params=where).status_code == 401
    unzip = shutil.which("unzip")
    if unzip is not None:
        (tmp_path / "a.zip").write_bytes(answer.content)
        assert b"No errors" in subprocess.check_output([unzip, "-t", "a.zip"], cwd=tmp_path)


@pytest.mark.databases("sqlite", "postgresql", "mariadb")
def test_an_archive_of_many_files_is_made_page_by_page(crib: Crib, ann: Person) -> None:
    file_id = ann.stored("many/first.txt", b"shared")["file_id"]
    names = [f"{'Ab_-'[number % 4]}{number}.txt" for number in range(2 * PAGE)]

    async def add() -> None:
        async with crib.app.kernel.database.write() as session:
            (first,) = (await session.execute(select(File).where(File.id == file_id))).scalars()
            row = {column.key: getattr(first, column.key) for column in File.__table__.columns}
            rows = [
                {
                    **row,
                    "id": str(uuid4()),
                    "name": name,
                    "logical_path": f"many/{name}",
                    "location": location_of("users", ann.uuid, f"many/{name}"),
                }
                for name in names
            ]
            await session.execute(insert(File), rows)

    crib.run(add())
    assert content_of(zipped(ann, "many").content) == dict.fromkeys(["first.txt", *names], b"shared")


@pytest.mark.databases("sqlite")
def test_what_the_store_has_lost_is_named_in_the_archive(crib: Crib, ann: Person) -> None:
    ann.stored("lost/kept.txt", b"kept")
    ann.stored("lost/missing.TXT", b"a file of that name")
    for name in ("gone", "short"):
        data = ann.stored(f"lost/{name}.bin", uuid4().bytes)
        (path,) = crib.folder.glob(f"files/**/{data['object_key'].rpartition('/')[2]}")
        if name == "gone":
            path.unlink()
        else:
            path.chmod(0o600)
            path.write_bytes(b"12345")
    answer = zipped(ann, "lost")
    assert content_of(answer.content) == {
        "kept.txt": b"kept",
        "missing.TXT": b"a file of that name",
        "short.bin": b"12345",
        "MISSING (2).txt": b"gone.bin: the store has lost its content\n"
        b"short.bin: the store has 5 of its 16 bytes\n",
    }
    assert ZipFile(io.BytesIO(answer.content)).comment == b"2 missing: see MISSING (2).txt"
    assert ann.metadata("lost/gone.bin")["current_version"]["status"] == "corrupted"


@pytest.mark.databases("sqlite")
def test_archives_are_few_at_once_and_end_with_their_reader(crib: Crib, ann: Person, carla: Person) -> None:
    """Readers that stop reading, one who is shut out meanwhile, and one that goes away."""
    project = crib.project(ann, viewer=carla)
    for number in range(3):
        ann.stored(f"big/{number}.bin", b"z" * 5_000_000, bucket="projects", owner=project)
    where = {"bucket": "projects", "id": project, "path": "big"}
    room = documents_of(crib.app.kernel).archives
    readers = [begun(crib, carla, where) for _ in range(archive_room.OF_ONE_PERSON)]
    answer = carla.get("/folders/zip", **where)
    refused(answer, 429, "too_many_transfers")
    assert answer.headers["Retry-After"]
    assert carla.get("/folders", **where).status_code == 200  # other long answers go on
    assert len(content_of(ann.get("/folders/zip", **where).content)) == 3
    readers.pop().close()
    wait_until(lambda: room._running[carla.uuid] == 1, "the archive of the one who went away to end")
    assert ann.client.delete(f"/api/projects/{project}/members/{carla.username}").is_success
    with readers.pop() as reader:
        received = b"".join(iter(lambda: reader.recv(1_000_000), b""))
    assert 0 < len(received) < 15_000_000
    assert not received.endswith(b"0\r\n\r\n")  # the last chunk: an HTTP client notices that it is missing
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(received))
    wait_until(lambda: not room._running, "the archive to end")


def begun(crib: Crib, person: Person, where: dict[str, str]) -> socket.socket:
    """A request for an archive whose answer has begun and is not read."""
    server = urlsplit(crib.url)
    made = socket.create_connection((server.hostname, server.port), timeout=30)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    token = person.client.cookies["access_token"]
    made.sendall(
        f"GET /api/storage/folders/zip?{urlencode(where)} HTTP/1.1\r\nHost: {server.netloc}\r\n"
        f"Cookie: access_token={token}\r\nConnection: close\r\n\r\n".encode()
    )
    assert made.recv(12) == b"HTTP/1.1 200"
    return made
