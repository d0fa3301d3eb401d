"""WebDAV on servers as operators run them: killed, restarted, several at once, and watched for their memory."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conftest import is_full
from tests.documents.webdav import Dav, hrefs, pieces
from tests.servers.crib import BASE, Crib
from tests.servers.environment import ADMIN, PASSWORD, PLAIN
from tests.servers.process import wait_until
from tests.servers.toolcrib import ToolcribServer

pytestmark = pytest.mark.every_database

Start = Callable[..., ToolcribServer]
MIB = 2**20
LOCK = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>"


def _client(crib: ToolcribServer) -> httpx.Client:
    return httpx.Client(
        base_url=f"{crib.url}/dav/users/me/", auth=(ADMIN, PASSWORD), timeout=60, verify=PLAIN
    )


@pytest.mark.databases("sqlite")
def test_a_kill_in_the_middle_of_a_put_leaves_no_half_version(server: Start, tmp_path: Path) -> None:
    crib = server(tmp_path / "crib", FILES_GRACE_HOURS="1")
    with _client(crib) as dav:
        assert dav.put("a.bin", content=b"whole").status_code == 201
    drafts = tmp_path / "crib" / "files" / "drafts"
    for name in ("a.bin", "new.bin"):
        parts = urlsplit(crib.url)
        bearer = crib.admin.headers["Authorization"]
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as sending:
            head = f"PUT /dav/users/me/{name} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: {bearer}\r\n"
            sending.sendall(f"{head}Content-Length: {8 * MIB}\r\n\r\n".encode() + bytes(3 * MIB))
            wait_until(lambda: any(draft.stat().st_size for draft in drafts.iterdir()), "bytes", 30)
            crib.kill()
        crib.start()
        with _client(crib) as dav:
            listed = dav.request("PROPFIND", "", headers={"Depth": "1"})
            assert hrefs(listed) == ["/dav/users/me/", "/dav/users/me/a.bin"]
            assert dav.get("a.bin").content == b"whole"
            assert dav.request("PROPFIND", name, headers={"Depth": "0"}).text.count("activelock") == 0


def _resident(pid: int) -> dict[str, int]:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return {name: int(status.split(f"{name}:")[1].split()[0]) // 1024 for name in ("VmRSS", "VmHWM")}


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(600)
def test_a_large_file_takes_no_memory(pytestconfig: pytest.Config, server: Start) -> None:
    size = (1024 if is_full(pytestconfig) else 128) * MIB
    crib = server()
    with _client(crib) as dav:
        assert dav.put("warm.bin", content=bytes(8 * MIB)).status_code == 201
        assert len(dav.get("warm.bin").content) == 8 * MIB
        dav.request("PROPFIND", "", headers={"Depth": "1"})
        before = _resident(crib.pid)["VmRSS"]
        Path(f"/proc/{crib.pid}/clear_refs").write_text("5", encoding="ascii")
        answer = dav.put("big.bin", content=pieces(size), headers={"Content-Length": str(size)})
        assert answer.status_code == 201, answer.text
        taken = 0
        with dav.stream("GET", "big.bin") as got:
            for block in got.iter_bytes():
                taken += len(block)
        assert taken == size
        grown = _resident(crib.pid)["VmHWM"] - before
    print(f"{size // MIB} MiB in and out moved memory by {grown} MiB")
    assert grown < 32


def test_a_lock_counts_in_every_process_and_after_a_restart(server: Start, database_url: str) -> None:
    crib = server(DATABASE_URL=database_url, workers=2)
    token = ""
    with _client(crib) as dav:
        assert dav.put("a.txt", content=b"one").status_code == 201
        token = dav.request("LOCK", "a.txt", content=LOCK, headers={"Depth": "0"}).headers["Lock-Token"]
    for _ in range(8):  # a new connection may meet either process
        with _client(crib) as dav:
            assert dav.put("a.txt", content=b"x").status_code == 423
            assert token.strip("<>") in dav.request("PROPFIND", "a.txt", headers={"Depth": "0"}).text
    crib.restart()
    with _client(crib) as dav:
        assert dav.put("a.txt", content=b"x").status_code == 423
        assert dav.put("a.txt", content=b"two", headers={"If": f"({token})"}).status_code == 204
        refreshed = dav.request("LOCK", "a.txt", headers={"If": f"({token})", "Timeout": "Second-300"})
        assert refreshed.status_code == 200
        assert dav.request("UNLOCK", "a.txt", headers={"Lock-Token": token}).status_code == 204
    assert crib.admin.get("/api/claims").json()["claims"] == []


@pytest.mark.databases("sqlite")
def test_our_own_outage_ends_no_lock(tmp_path: Path) -> None:
    """A client cannot refresh while the server is down: afterwards it gets time to."""
    crib = Crib.start(tmp_path)
    person = crib.person()
    dav = Dav(crib, person)
    dav.put("a.txt")
    token = dav.token("a.txt", Timeout="Second-300")
    crib.close()
    crib.clock.advance(minutes=30)
    again = Crib.start(tmp_path, crib.clock)
    try:
        dav.client = again.client(headers=dict(dav.client.headers))
        (lock,) = dav.locks("a.txt")
        assert lock["token"] == token
        assert dav.refresh("a.txt", token).status_code == 200
        again.clock.advance(minutes=11)
        assert dav.locks("a.txt") == []
    finally:
        again.close()


def test_two_save_at_once(server: Start, database_url: str) -> None:
    """Both are kept, one after the other; nothing is mixed."""
    crib = server(DATABASE_URL=database_url, workers=2)
    contents = [bytes([number]) * 50_000 for number in range(16)]
    with ThreadPoolExecutor(8) as pool:

        def save(content: bytes) -> int:
            with _client(crib) as dav:
                return dav.put("a.bin", content=content).status_code

        assert set(pool.map(save, contents)) <= {201, 204}
    me = crib.admin.get("/api/currentuser").json()["uuid"]
    place = {"bucket_type": "users", "bucket_id": me, "logical_path": "a.bin"}
    versions = crib.admin.get(BASE + "/versions", params=place).json()["versions"]
    assert [each["version_number"] for each in versions] == list(range(16, 0, -1))
    bodies = [
        crib.admin.get(BASE + "/download/proxy", params={**place, "version_id": each["id"]}).content
        for each in versions
    ]
    assert sorted(bodies) == sorted(contents)


@pytest.mark.databases("sqlite")
def test_a_kill_in_the_middle_of_a_save_by_renaming_takes_nothing_away(server: Start, tmp_path: Path) -> None:
    crib = server(tmp_path / "crib")
    with _client(crib) as dav:
        for name, content in (("a.odt", b"old"), ("a.tmp", b"new")):
            assert dav.put(name, content=content).status_code == 201
        locked = dav.request("LOCK", "a.odt", content=LOCK)
        token = locked.headers["Lock-Token"]
        away = {"Destination": f"{crib.url}/dav/users/me/a.bak", "If": f"({token})"}
        assert dav.request("MOVE", "a.odt", headers=away).status_code == 201
    crib.kill()
    crib.start()
    with _client(crib) as dav:
        onto = {"Destination": f"{crib.url}/dav/users/me/a.odt"}
        assert dav.request("MOVE", "a.tmp", headers=onto).status_code == 201
        assert dav.get("a.odt").content == b"new"
        assert dav.request("UNLOCK", "a.odt", headers={"Lock-Token": token}).status_code == 204
    me = crib.admin.get("/api/currentuser").json()["uuid"]
    place = {"bucket_type": "users", "bucket_id": me, "logical_path": "a.odt"}
    versions = crib.admin.get(BASE + "/versions", params=place).json()["versions"]
    assert [each["version_number"] for each in versions] == [2, 1]
