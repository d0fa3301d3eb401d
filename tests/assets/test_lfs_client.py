"""The stock `git lfs` client against a running server: what people type, and what they see."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.git import Clone, Done, execute, git_environment
from tests.conftest import is_full, shared_server
from tests.servers.environment import PASSWORD
from tests.servers.process import program
from tests.servers.toolcrib import ToolcribServer

Server = Callable[..., ToolcribServer]


@pytest.fixture(scope="module")
def crib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolcribServer]:
    """One server for the tests that neither stop nor change it: each has a project of its own."""
    program("git-lfs")
    server = shared_server(tmp_path_factory.mktemp("lfs") / "data")
    yield server
    server.close()


@pytest.fixture
def project(request: pytest.FixtureRequest) -> str:
    return "studio/" + str(request.node.name).replace("_", "-").replace("[", "-").replace("]", "")[:100]


class Artist(Clone):
    """Somebody with a home folder, stored credentials and a clone whose objects live on the server."""

    def lfs(self, *arguments: str, code: int | None = 0) -> Done:
        return self.git("lfs", *arguments, code=code)

    @property
    def stored_credentials(self) -> str:
        return (Path(self.env["HOME"]) / "credentials").read_text()


class Studio:
    """A repository that several people clone. Its git half is a folder, its LFS half is the server."""

    def __init__(self, folder: Path, server: ToolcribServer, project: str) -> None:
        self.folder = folder
        self.server = server
        self.project = project
        self.origin = folder / "origin.git"
        execute(
            "git", "init", "-q", "--bare", "-b", "main", self.origin, cwd=folder, env=git_environment(folder)
        )

    def artist(self, name: str, password: str = PASSWORD, *, known: bool = True) -> Artist:
        if known:
            self.server.user(name)
        home = self.folder / name
        home.mkdir()
        env = git_environment(home, GIT_LFS_SKIP_SMUDGE="1")
        (home / "credentials").write_text(
            self.server.url.replace("://", f"://{name}:{password.replace(' ', '%20')}@") + "\n"
        )
        clone = Artist(home / "game", env)
        execute("git", "clone", "-q", self.origin, clone.root, cwd=home, env=env)
        clone.git("config", "--global", "credential.helper", f"store --file={home / 'credentials'}")
        clone.git("lfs", "install", "--local")
        clone.git("config", "lfs.url", f"{self.server.url}/{self.project}.git/info/lfs")
        clone.git("config", f"lfs.{self.server.url}/{self.project}.git/info/lfs.locksverify", "true")
        clone.git("checkout", "-q", "-B", "main")
        return clone


@pytest.fixture
def studio(tmp_path: Path, crib: ToolcribServer, project: str) -> Studio:
    return Studio(tmp_path, crib, project)


def add(artist: Artist, **files: bytes | str) -> None:
    """Commit files that LFS keeps; `_` in a name stands for its dot."""
    artist.git("lfs", "track", "*.psd", "*.umap")
    for name, content in files.items():
        path = artist.root / name.replace("_", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    artist.git("add", "-A")
    artist.git("commit", "-q", "-m", "work")


def test_lock_list_and_unlock(studio: Studio) -> None:
    ann, ben = studio.artist("ann"), studio.artist("ben")
    add(ann, sky_psd="blue", sea_psd="green")
    assert "Locked sky.psd" in ann.lfs("lock", "sky.psd").out
    for artist in (ann, ben):
        (line,) = artist.lfs("locks").out.splitlines()
        assert line.split()[:2] == ["sky.psd", "ann"]
    assert ann.lfs("locks", "--verify").out.startswith("O sky.psd")
    assert ben.lfs("locks", "--verify").out.startswith("  sky.psd")
    (held,) = studio.server.user("ben").get("/api/locks", params={"project": studio.project}).json()
    assert (held["asset_path"], held["locked_by"], held["branch"]) == ("sky.psd", "ann", "main")

    assert "Unlocked sky.psd" in ann.lfs("unlock", "sky.psd").text
    assert ben.lfs("locks").out == ""


def test_a_lock_of_another_branch_is_found_and_given_back(studio: Studio) -> None:
    ann = studio.artist("ann")
    add(ann, sky_psd="blue")
    ann.git("push", "-q", "origin", "main")
    ann.lfs("lock", "sky.psd")
    ann.git("checkout", "-q", "-b", "feature/clouds")
    assert "sky.psd" in ann.lfs("locks").out
    assert "Unlocked" in ann.lfs("unlock", "sky.psd").text


def test_a_refusal_shows_who_since_when_why_and_where_to_look(studio: Studio) -> None:
    ann, ben = studio.artist("ann"), studio.artist("ben")
    add(ben, sky_psd="grey")
    body = {
        "asset_path": "sky.psd",
        "branch": "main",
        "project": studio.project,
        "comment": "painting clouds",
        "expires_in": 3600,
    }
    held = studio.server.user("ann").post("/api/locks", json=body).json()["lock"]
    refused = ben.lfs("lock", "sky.psd", code=2).text
    for part in ("sky.psd", "ann", "painting clouds", f"{studio.server.url}/assets?"):
        assert part in refused
    for moment in (held["timestamp"], held["expires_at"]):
        assert moment[:16].replace("T", " ") in refused
    assert "sky.psd" in ann.lfs("locks", "--verify").out


def test_unlocking_for_others_takes_force_and_authority(studio: Studio) -> None:
    ann, ben = studio.artist("ann"), studio.artist("ben")
    add(ann, sky_psd="blue")
    add(ben, sky_psd="blue")
    ann.lfs("lock", "sky.psd")
    assert "held by ann" in ben.lfs("unlock", "sky.psd", code=2).text
    assert ben.lfs("unlock", "--force", "sky.psd", code=2).text
    assert "ben" in ben.stored_credentials, "a refusal must not cost the stored password"

    boss = studio.artist("boss")
    studio.server.admin.put(f"/api/admin/users/{user_id(studio, 'boss')}/status", json={"is_admin": True})
    add(boss, sky_psd="blue")
    assert "Unlocked" in boss.lfs("unlock", "--force", "sky.psd").text
    assert ann.lfs("locks").out == ""


def user_id(studio: Studio, name: str) -> int:
    people = studio.server.admin.get("/api/admin/users").json()
    return next(int(each["id"]) for each in people if each["username"] == name)


def test_a_push_stops_at_files_that_others_hold(studio: Studio) -> None:
    ann, ben = studio.artist("ann"), studio.artist("ben")
    add(ann, sky_psd="blue")
    ann.git("push", "-q", "origin", "main")
    ben.git("pull", "-q", "origin", "main")
    ann.lfs("lock", "sky.psd")

    add(ben, sky_psd="grey")
    stopped = ben.git("push", "origin", "main", code=1).text
    assert "sky.psd" in stopped
    assert "ann" in stopped
    add(ann, sky_psd="bluer")
    ann.git("push", "-q", "origin", "main")


def test_objects_travel(studio: Studio) -> None:
    ann = studio.artist("ann")
    large, small = os.urandom(20_000_000), b"small"
    add(ann, large_psd=large, small_psd=small, same_psd=small)
    ann.git("push", "-q", "origin", "main")
    ben = studio.artist("ben")
    ben.git("pull", "-q", "origin", "main")
    assert (ben.root / "large.psd").read_bytes().startswith(b"version https://git-lfs")
    ben.lfs("pull")
    assert (ben.root / "large.psd").read_bytes() == large
    assert (ben.root / "small.psd").read_bytes() == (ben.root / "same.psd").read_bytes() == small
    ann.git("commit", "-q", "--allow-empty", "-m", "nothing new")
    ann.git("push", "-q", "origin", "main")


def test_an_interrupted_download_goes_on_where_it_stopped(studio: Studio) -> None:
    ann = studio.artist("ann")
    content = os.urandom(3_000_000)
    add(ann, large_psd=content)
    ann.git("push", "-q", "origin", "main")
    ben = studio.artist("ben")
    ben.git("pull", "-q", "origin", "main")
    oid = (ben.root / "large.psd").read_text().split("sha256:")[1][:64]
    incomplete = ben.root / ".git" / "lfs" / "incomplete"
    incomplete.mkdir(parents=True, exist_ok=True)
    (incomplete / f"{oid}.part").write_bytes(content[:2_000_000])
    ben.env |= {"GIT_CURL_VERBOSE": "1", "GIT_TRACE": "1"}
    seen = ben.lfs("pull").text
    assert "Range: bytes=2000000-2999999" in seen
    assert "206 Partial Content" in seen
    assert (ben.root / "large.psd").read_bytes() == content


def test_over_250_locks_nothing_is_left_out(studio: Studio) -> None:
    ann, ben = studio.artist("ann"), studio.artist("ben")
    paths = [f"f{number}.psd" for number in range(250)]
    bulk = {"action": "lock", "paths": paths, "project": studio.project}
    assert studio.server.user("ann").post("/api/locks/bulk", json=bulk).status_code == 201
    add(ben, **{path.replace(".", "_"): path for path in paths})
    assert sorted(line.split()[0] for line in ben.lfs("locks").out.splitlines()) == sorted(paths)
    assert len(ann.lfs("locks", "--verify").out.splitlines()) == 250
    assert len(ann.lfs("locks", "--limit", "70").out.splitlines()) == 70
    stopped = ben.git("push", "origin", "main", code=1).text
    assert all(path in stopped for path in paths)


def test_a_wrong_password_is_asked_for_again_and_forgotten(studio: Studio) -> None:
    studio.server.user("ann")
    ann = studio.artist("ann", "not the password", known=False)
    refused = ann.lfs("locks", code=2).text
    assert "Authentication required" in refused or "could not read" in refused
    assert ann.stored_credentials == "", "git drops what the server called wrong"


def test_an_api_key_is_a_password(studio: Studio) -> None:
    made = studio.server.user("ann").post("/api/users/me/keys", json={"name": "git", "scopes": ["locks"]})
    key = made.json()["key"]
    ann = studio.artist("ann", key)
    add(ann, sky_psd="blue")
    ann.lfs("lock", "sky.psd")
    assert ann.lfs("locks").out.split()[:2] == ["sky.psd", "ann"]


def test_no_right_is_told_and_costs_no_password(studio: Studio) -> None:
    owner = studio.server.user("owner")
    made = owner.post("/api/projects", json={"name": studio.project})
    assert made.status_code == 201, made.text
    ann = studio.artist("ann")
    add(ann, sky_psd="blue")
    before = ann.stored_credentials
    for arguments in (["lock", "sky.psd"], ["locks"], ["locks", "--verify"]):
        refused = ann.lfs(*arguments, code=2).text
        assert studio.project in refused, refused
    assert ann.stored_credentials == before
    assert ann.git("push", "origin", "main", code=None).code != 0, "objects may not be sent either"
    assert ann.stored_credentials == before
    verify = ann.git("config", f"lfs.{studio.server.url}/{studio.project}.git/info/lfs.locksverify").out
    assert verify == "true\n"


def test_a_mistyped_address_leaves_lock_checking_on(studio: Studio) -> None:
    """git-lfs matches settings by prefix: what it notes for a shorter address would hold for the right one too."""
    ann, ben = studio.artist("ann"), studio.artist("ben")
    add(ann, sky_psd="blue")
    ann.git("push", "-q", "origin", "main")
    ben.git("pull", "-q", "origin", "main")
    ann.lfs("lock", "sky.psd")
    add(ben, sky_psd="grey")
    right = f"{studio.server.url}/{studio.project}.git/info/lfs"
    ben.git("config", "--unset", f"lfs.{right}.locksverify")
    ben.git("config", "lfs.locksverify", "true")
    for wrong in ("", "/studio", f"/{studio.project}.git", "//info/lfs"):
        ben.git("config", "lfs.url", f"{studio.server.url}{wrong}")
        assert ben.git("push", "origin", "main", code=None).code != 0, wrong
        assert "locksverify=false" not in ben.git("config", "--list").out, wrong
    ben.git("config", "lfs.url", right)
    stopped = ben.git("push", "origin", "main", code=1).text
    assert "sky.psd" in stopped
    assert "ann" in stopped


def test_lock_checking_survives_an_outage_of_the_database(
    tmp_path: Path, server: Server, project: str
) -> None:
    """A 404 or 501 at `locks/verify` would switch it off permanently; a 503 only stops this push."""
    from tests.servers.postgresql import postgresql as run_postgresql  # noqa: PLC0415

    program("git-lfs")
    with run_postgresql(durable=True) as database:
        crib = server(DATABASE_URL=database.fresh("bare").url)
        studio = Studio(tmp_path, crib, project)
        ann, ben = studio.artist("ann"), studio.artist("ben")
        add(ann, sky_psd="blue")
        ann.git("push", "-q", "origin", "main")
        ben.git("pull", "-q", "origin", "main")
        ann.lfs("lock", "sky.psd")
        add(ben, sky_psd="grey")
        database.stop()
        down = ben.git("push", "origin", "main", code=1).text
        assert "database" in down
        database.start()
        stopped = ben.git("push", "origin", "main", code=1).text
        assert "sky.psd" in stopped
        assert "ann" in stopped
        crib.close()


@pytest.mark.timeout(240)
def test_of_many_at_once_one_wins_every_time(pytestconfig: pytest.Config, studio: Studio) -> None:
    """Many `git lfs lock` of one path at once: one winner each time, and nobody is told of a server error."""
    rounds, clones_each = (50, 5) if is_full(pytestconfig) else (2, 3)
    people = [studio.artist(f"artist{number}") for number in range(4)]
    add(people[0], **{f"f{turn}_psd": "x" for turn in range(rounds)})
    for each in people[1:]:
        shutil.copytree(people[0].root, each.root, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    for each in people:  # the first call of a clone finds out that there is a password to send
        each.lfs("locks")

    # A clone for each: the client reads its own cache of locks while another of the same clone writes it.
    clones = [
        (person, shutil.copytree(person.root, person.root.with_name(f"{person.root.name}-{number}")))
        for person in people
        for number in range(clones_each)
    ]

    def lock(clone: tuple[Artist, Path], path: str) -> tuple[int, str]:
        person, root = clone
        done = subprocess.run(
            ["git", "lfs", "lock", path],
            cwd=root,
            env=person.env,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    with ThreadPoolExecutor(len(clones)) as pool:
        for turn in range(rounds):
            path = f"f{turn}.psd"
            answers = list(pool.map(lock, clones, [path] * len(clones)))
            codes = Counter(code for code, _ in answers)
            assert codes == {0: 1, 2: len(clones) - 1}, answers
            for code, text in answers:
                assert ("Locked" if code == 0 else f"{path} is locked by") in text, text
    seen = studio.server.user("artist0").get("/api/locks", params={"project": studio.project}).json()
    assert len(seen) == rounds
    assert " status=5" not in studio.server.output()
