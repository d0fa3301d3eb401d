"""Programs people have, at a server as operators run it: litmus, cadaver, rclone, davfs2, GNOME, LibreOffice."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from tests.servers.crib import BASE
from tests.servers.environment import ADMIN, PASSWORD
from tests.servers.process import absent, free_port, program, wait_until
from tests.servers.toolcrib import ToolcribServer

Start = Callable[..., ToolcribServer]
LITMUS_TESTS = 104
SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.mark.timeout(300)
def test_litmus(server: Start, database_url: str, tmp_path: Path) -> None:
    litmus = program("litmus")
    crib = server(DATABASE_URL=database_url)
    done = subprocess.run(
        [litmus, "-k", f"{crib.url}/dav/users/me/", ADMIN, PASSWORD],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=240,
        check=False,
    )
    summaries = re.findall(r"of (\d+) tests run: (\d+) passed, (\d+) failed", done.stdout)
    assert sum(int(passed) for _, passed, _ in summaries) == LITMUS_TESTS, done.stdout
    assert all(failed == "0" for *_, failed in summaries), done.stdout


# Two people of one company


class Company:
    """Ann and Ben, members of one company, at one server."""

    def __init__(self, crib: ToolcribServer) -> None:
        self.crib = crib
        self.ann, self.ben = crib.user("ann"), crib.user("ben")
        made = crib.admin.post("/api/companies", json={"name": "acme"})
        self.id: str = made.json()["id"]
        for name in ("ann", "ben"):
            url = f"/api/companies/{self.id}/members/{name}"
            assert crib.admin.put(url, json={"role": "member"}).is_success
        self.home = f"/dav/companies/{self.id}"

    def place(self, path: str) -> dict[str, str]:
        return {"bucket_type": "companies", "bucket_id": self.id, "logical_path": path}

    def numbers(self, path: str) -> list[int]:
        answer = self.ann.get(BASE + "/versions", params=self.place(path))
        return [version["version_number"] for version in answer.json()["versions"]]

    def names(self) -> list[str]:
        listed = self.ann.get(BASE + "/list", params={"bucket": "companies", "id": self.id}).json()["files"]
        return [each["logical_path"] for each in listed]

    def id_of(self, path: str) -> str:
        (found,) = self._listed(path)
        id_: str = found["id"]
        return id_

    def contents(self, path: str) -> list[bytes]:
        """The current content of the file, if there is one."""
        found = [self.ann.get(f"{self.home}/{each['logical_path']}") for each in self._listed(path)]
        return [each.content for each in found if each.status_code == 200]

    def _listed(self, path: str) -> list[dict[str, Any]]:
        listed = self.ann.get(BASE + "/list", params={"bucket": "companies", "id": self.id}).json()["files"]
        return [each for each in listed if each["logical_path"] == path]

    def locks(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ann.get("/api/claims").json()["claims"]
        return found

    def verbs(self, path: str) -> list[str]:
        events = self.ann.get("/api/events", params={"limit": 100}).json()["events"]
        label = f"/companies/{self.id}/{path}"
        return [each["verb"] for each in events if each["data"].get("label") == label][::-1]


@pytest.fixture
def company(server: Start) -> Company:
    return Company(server())


def _cadaver(company: Company, username: str, folder: Path, *commands: str) -> str:
    home = folder / username
    home.mkdir(exist_ok=True)
    netrc = home / ".netrc"
    netrc.write_text(f'machine 127.0.0.1 login {username} password "{PASSWORD}"\n', encoding="ascii")
    netrc.chmod(0o600)
    done = subprocess.run(
        [program("cadaver"), f"{company.crib.url}{company.home}/"],
        input="\n".join([*commands, "quit", ""]),
        env={**os.environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


@pytest.mark.databases("sqlite")
def test_cadaver_locks_discovers_puts_and_unlocks(company: Company, tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_bytes(b"one")
    two.write_bytes(b"two")
    assert company.ann.put(f"{company.home}/a.txt", content=b"zero").status_code == 201
    seen = _cadaver(
        company, "ann", tmp_path, "lock a.txt", "discover a.txt", f"put {one} a.txt", "unlock a.txt"
    )
    assert re.search(r"Locking `a.txt':.*succeeded", seen), seen
    assert "Lock token <opaquelocktoken:" in seen
    assert re.search(r"Uploading .*succeeded", seen), seen
    assert re.search(r"Unlocking `a.txt':.*succeeded", seen), seen
    assert company.verbs("a.txt") == ["uploaded", "acquired", "uploaded", "released"]

    assert company.ann.post(BASE + "/lock", json=company.place("a.txt")).is_success
    seen = _cadaver(company, "ben", tmp_path, f"put {two} a.txt", "lock a.txt", "delete a.txt")
    assert seen.count("423 Locked") >= 2, seen
    assert company.ann.get(f"{company.home}/a.txt").content == b"one"


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(600)
def test_rclone_takes_a_tree_there_and_back(company: Company, tmp_path: Path) -> None:
    rclone = program("rclone")
    source, back = tmp_path / "source", tmp_path / "back"
    random.seed(11)
    for number in range(500):
        folder = source / f"d{number % 7}" / f"e {number % 3} ä#%"
        folder.mkdir(parents=True, exist_ok=True)
        name = ("plain{}.bin", "with space {}.txt", "per%cent {}#.dat", "ümläut {} 日本.bin")[number % 4]
        content = random.randbytes(random.choice((0, 1, 700, 20_000, 200_000)))
        folder.joinpath(name.format(number)).write_bytes(content)
    secret = subprocess.run(
        [rclone, "obscure", PASSWORD], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
    config = tmp_path / "rclone.conf"
    config.write_text(
        f"[crib]\ntype = webdav\nurl = {company.crib.url}{company.home}\nvendor = other\nuser = ann\n"
        f"pass = {secret}\n",
        encoding="ascii",
    )

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [rclone, "--config", str(config), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    run("copy", str(source), "crib:tree")
    assert "0 differences found" in run("check", "--download", str(source), "crib:tree")
    run("copy", "crib:tree", str(back))
    assert "0 differences found" in run("check", "--download", str(source), str(back))
    run("copy", "crib:tree", "crib:again")  # by COPY
    assert "0 differences found" in run("check", "--download", str(source), "crib:again")
    run("move", "crib:again", "crib:once more")
    assert "0 differences found" in run("check", "--download", str(source), "crib:once more")
    run("purge", "crib:once more")


# Programs that save by renaming, in a mounted folder


@pytest.fixture
def mounted(company: Company, tmp_path: Path) -> Iterator[Path]:
    """The company's folder, mounted by davfs2 for Ann."""
    mount = program("mount.davfs")
    if os.geteuid() or not Path("/dev/fuse").exists():
        absent("davfs2 mounts only for root, and where there is /dev/fuse")
    folder, config, secrets = tmp_path / "mounted", tmp_path / "davfs2.conf", tmp_path / "secrets"
    folder.mkdir()
    url = f"{company.crib.url}{company.home}/"
    secrets.write_text(f'{url} ann "{PASSWORD}"\n', encoding="ascii")
    secrets.chmod(0o600)
    options = f"secrets {secrets}\ndelay_upload 0\nask_auth 0\n"
    config.write_text(options, encoding="ascii")
    subprocess.run([mount, "-o", f"conf={config},uid=0", url, str(folder)], check=True, timeout=60)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=60)  # waits until all is uploaded


@pytest.mark.databases("sqlite")
def test_davfs2_saves_in_place_and_by_renaming(company: Company, mounted: Path) -> None:
    (mounted / "new.txt").write_bytes(b"one")
    wait_until(lambda: company.contents("new.txt") == [b"one"], "davfs2 to upload", 60)
    assert company.numbers("new.txt") == [1]
    file_id = company.id_of("new.txt")
    # As vim and emacs do: the old file becomes a backup.
    (mounted / "new.txt").rename(mounted / "new.txt~")
    (mounted / "new.txt").write_bytes(b"two")
    wait_until(lambda: company.contents("new.txt") == [b"two"], "davfs2 to upload", 60)
    assert (mounted / "new.txt~").read_bytes() == b"one"
    (mounted / "new.txt~").unlink()
    # As GNOME and many others do: a temporary file replaces the old one.
    (mounted / ".goutputstream-Z1Y2X3").write_bytes(b"three")
    (mounted / ".goutputstream-Z1Y2X3").rename(mounted / "new.txt")
    wait_until(lambda: company.contents("new.txt") == [b"three"], "davfs2 to upload", 60)
    assert (company.id_of("new.txt"), company.numbers("new.txt")) == (file_id, [3, 2, 1])
    wait_until(lambda: company.names() == ["new.txt"], "davfs2 to delete", 60)


@pytest.mark.databases("sqlite")
def test_gnome_saves_and_renames(company: Company, tmp_path: Path) -> None:
    """By gvfs, which is what GNOME's programs open files with."""
    gio, session = program("gio"), program("dbus-run-session")
    if not list(Path("/usr").glob("lib*/**/gvfsd-dav")):
        absent("gvfs-backends is not installed (`make test` as root on Debian installs it)")
    assert company.ann.put(f"{company.home}/a.txt", content=b"one").status_code == 201
    file_id = company.id_of("a.txt")
    top = f"dav://ann@{company.crib.url.removeprefix('http://')}{company.home}/"
    script = tmp_path / "save.sh"
    script.write_text(
        f"""set -e
        printf '%s\\n' '{PASSWORD}' | {gio} mount '{top}' >/dev/null
        printf two | {gio} save '{top}a.txt'
        printf three | {gio} save '{top}a.txt'
        printf new | {gio} save -c '{top}b.txt'
        {gio} rename '{top}b.txt' c.txt
        {gio} mount -u '{top}'
        """,
        encoding="ascii",
    )
    home = {**os.environ, "HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [session, "--", "sh", str(script)], env=home, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (company.id_of("a.txt"), company.numbers("a.txt")) == (file_id, [3, 2, 1])
    assert company.contents("a.txt") == [b"three"]
    assert company.numbers("c.txt") == [1]
    assert company.names() == ["a.txt", "c.txt"]


# LibreOffice


class Office:
    """A LibreOffice of `username`'s; see `office.py`."""

    def __init__(self, username: str, folder: Path) -> None:
        program("soffice")
        if subprocess.run([SYSTEM_PYTHON, "-c", "import uno"], check=False, timeout=60).returncode:
            absent("python3-uno is not installed (`make test` as root on Debian installs it)")
        script = Path(__file__).with_name("office.py")
        self._log = (folder / f"office-{username}.log").open("w+", encoding="utf-8")
        self._child = subprocess.Popen(
            [SYSTEM_PYTHON, str(script), str(free_port()), str(folder / username), username, PASSWORD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __call__(self, command: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(command + "\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        assert line, Path(self._log.name).read_text(encoding="utf-8")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            self._child.wait(30)
        finally:
            self._child.kill()
            self._log.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Callable[[str], Office]]:
    started: list[Office] = []

    def start(username: str) -> Office:
        started.append(Office(username, tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.close()


def _document(text: str) -> bytes:
    """An OpenDocument text with nothing in it but `text`."""
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        '<manifest:file-entry manifest:full-path="/" '
        'manifest:media-type="application/vnd.oasis.opendocument.text"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body>'
        f"<office:text><text:p>{text}</text:p></office:text></office:body></office:document-content>"
    )
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr("content.xml", content)
    return file.getvalue()


def _text(answer: httpx.Response) -> str:
    with ZipFile(BytesIO(answer.content)) as archive:
        return archive.read("content.xml").decode()


def _office_url(company: Company, path: str) -> str:
    return f"vnd.sun.star.webdav{company.crib.url.removeprefix('http')}{company.home}/{path}"


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(300)
def test_libreoffice_opens_locks_saves_and_unlocks(company: Company, office: Callable[[str], Office]) -> None:
    assert company.ann.put(f"{company.home}/a.odt", content=_document("first")).status_code == 201
    writer = office("ben")
    opened = writer(f"open {_office_url(company, 'a.odt')}")
    assert opened.get("text") == "first", opened
    assert opened["readonly"] is False
    (lock,) = company.locks()
    assert (lock["kind"], lock["holder"]) == ("document", "ben")
    refused = company.ann.put(f"{company.home}/a.odt", content=b"mine")
    assert refused.status_code == 423
    writer("change second")
    assert "error" not in writer("store")
    writer("close")
    assert company.numbers("a.odt") == [2, 1]
    assert company.locks() == []
    assert company.verbs("a.odt") == ["uploaded", "acquired", "uploaded", "released"]
    assert "second" in _text(company.ann.get(f"{company.home}/a.odt"))


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(300)
def test_libreoffice_opens_what_somebody_holds_for_reading(
    company: Company, office: Callable[[str], Office]
) -> None:
    assert company.ann.put(f"{company.home}/a.odt", content=_document("first")).status_code == 201
    assert company.ann.post(BASE + "/lock", json=company.place("a.odt")).is_success
    writer = office("ben")
    opened = writer(f"open {_office_url(company, 'a.odt')}")
    assert opened["readonly"] is True, opened
    writer("close")
    assert [lock["holder"] for lock in company.locks()] == ["ann"]
    assert company.numbers("a.odt") == [1]


@pytest.mark.databases("sqlite")
@pytest.mark.timeout(300)
def test_what_libreoffice_saves_after_its_lock_was_ended_is_kept(
    company: Company, office: Callable[[str], Office]
) -> None:
    assert company.ann.put(f"{company.home}/a.odt", content=_document("first")).status_code == 201
    writer = office("ben")
    assert writer(f"open {_office_url(company, 'a.odt')}")["readonly"] is False
    forced = {**company.place("a.odt"), "force": True, "reason": "urgent"}
    assert company.crib.admin.post(BASE + "/unlock", json=forced).is_success
    assert company.ann.post(BASE + "/lock", json=company.place("a.odt")).is_success
    writer("change mine")
    assert "error" in writer("store")
    writer("close")
    assert company.numbers("a.odt") == [1]
    listed = company.ann.get(BASE + "/list", params={"bucket": "companies", "id": company.id}).json()
    (draft,) = [each for each in listed["files"] if "draft of ben" in each["logical_path"]]
    kept = company.ann.get(BASE + "/download/proxy", params={"file_id": draft["id"]})
    assert "mine" in _text(kept)
