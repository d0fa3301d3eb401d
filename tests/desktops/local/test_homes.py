"""Files of homes from outside: only what the desktop's person could reach, and nothing through a link."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.desktops.local.computer import Computer
from tests.desktops.local.test_sandbox import as_root, read
from toolcrib.desktops.launchers.launcher import Launcher, LauncherRefused
from toolcrib.desktops.launchers.local import homes
from toolcrib.desktops.launchers.local.folders import Folders
from toolcrib.desktops.launchers.local.removal import empty_removed, remove

NAME = "d1-home"


async def blocks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


@pytest.fixture
def home(computer: Computer) -> Path:
    """The home of a desktop that has not run yet."""
    folders = Folders(computer.folder)
    folders.make()
    folder = folders.desktop(NAME)
    folder.mkdir()
    homes.make(folders, folder, computer.users[0] if os.geteuid() == 0 else None)
    return folder / "home"


async def test_files_are_written_listed_and_read(computer: Computer, home: Path) -> None:
    launcher = computer.launcher
    content = os.urandom(600_000)
    assert await launcher.write_home(NAME, "a.bin", blocks(content[:7], b"", content[7:])) == len(content)
    (home / "folder").mkdir(mode=0o777)
    (home / "folder").chmod(0o777)
    assert await launcher.write_home(NAME, "folder/ünï ✓", blocks(b"x")) == 1
    assert b"".join([block async for block in launcher.read_home(NAME, "a.bin")]) == content
    assert await read(launcher, NAME, "folder/ünï ✓") == "x"
    assert [(one.name, one.is_folder, one.size) for one in await launcher.list_home(NAME, "")][-2:] == [
        ("a.bin", False, 600_000),
        ("folder", True, 0),
    ]
    assert [one.name for one in await launcher.list_home(NAME, "folder")] == ["ünï ✓"]
    await launcher.write_home(NAME, "a.bin", blocks(b"new"))
    assert await read(launcher, NAME, "a.bin") == "new"
    owner, found = home.stat().st_uid, (home / "a.bin").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode) & 0o600) == (
        owner,
        home.stat().st_gid,
        0o600,
    )


async def test_a_file_that_is_not_written_to_its_end_leaves_nothing(computer: Computer, home: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    before = sorted(home.iterdir())
    with pytest.raises(ConnectionResetError):
        await computer.launcher.write_home(NAME, "half.txt", breaking())
    assert sorted(home.iterdir()) == before


async def test_a_folder_of_many_links_is_not_read_to_its_end(computer: Computer, home: Path) -> None:
    (home / "links").mkdir(mode=0o755)
    (home / "links").chmod(0o755)
    for number in range(homes.MOST_ENTRIES + 1):
        (home / "links" / str(number)).symlink_to("nowhere")
    with pytest.raises(LauncherRefused, match=f"more than {homes.MOST_ENTRIES} entries"):
        await computer.launcher.list_home(NAME, "links")


async def test_no_file_is_written_that_would_fill_the_disk(make_computer: Callable[..., Computer]) -> None:
    full = make_computer(FILES_KEEP_FREE_MIB=2**30)
    folders = Folders(full.folder)
    folders.make()
    folders.desktop(NAME).mkdir()
    homes.make(folders, folders.desktop(NAME), None)
    with pytest.raises(LauncherRefused, match="full"):
        await full.launcher.write_home(NAME, "a.txt", blocks(b"x"))


async def every_way(launcher: Launcher, path: str) -> list[str]:
    """What each verb answers for this path, by the name of its error."""
    answers = []

    async def reading() -> None:
        async for _ in launcher.read_home(NAME, path):
            pass

    for asked in (launcher.list_home(NAME, path), reading(), launcher.write_home(NAME, path, blocks(b"x"))):
        try:
            await asked
        except (OSError, LauncherRefused) as error:
            answers.append(type(error).__name__)
        else:
            answers.append("done")
    return answers


async def test_nothing_outside_the_home_is_reached(computer: Computer, home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    before = sorted(outside.iterdir())
    (home / "folder").symlink_to(outside)
    (home / "file").symlink_to(outside / "secret")
    (home / "new").symlink_to(outside / "made")
    os.mkfifo(home / "pipe")
    launcher = computer.launcher
    refused, missing = "LauncherRefused", "FileNotFoundError"
    for path in ("../outside/secret", "a/../../outside", "..", "./x", "a\0b", "x" * 300):
        assert await every_way(launcher, path) == [missing] * 3, path
    assert await every_way(launcher, "folder/secret") == [refused] * 3
    assert await every_way(launcher, "folder") == [refused, refused, "done"]
    assert await every_way(launcher, "file") == [refused, refused, "done"]
    assert await every_way(launcher, "new") == [refused, refused, "done"]
    assert (await every_way(launcher, "pipe"))[:2] == ["NotADirectoryError", refused]
    # Links that were written to have become files; what they led to is as it was.
    assert sorted(outside.iterdir()) == before
    assert (outside / "secret").read_text() == "secret"
    assert await every_way(launcher, "nothing/here") == [missing] * 3
    assert await every_way(launcher, "nothing") == [missing, missing, "done"]
    assert await every_way(launcher, "/etc/passwd") == [missing] * 3
    assert await every_way(launcher, "") == ["done", "IsADirectoryError", "IsADirectoryError"]
    assert await every_way(launcher, "nothing/x") == ["NotADirectoryError"] * 3
    for name in ("../data", "D1", "", "a/b", "d1-" + "x" * 100):
        with pytest.raises((LauncherRefused, FileNotFoundError)):
            await launcher.list_home(name, "")


@as_root
async def test_the_rights_of_files_count_for_the_server_too(computer: Computer, home: Path) -> None:
    """What root could read of a home, but its person could not, is not for that person."""
    (home / "roots").write_text("secret")
    (home / "roots").chmod(0o600)
    (home / "closed").mkdir(mode=0o700)
    assert await every_way(computer.launcher, "roots") == ["NotADirectoryError", "LauncherRefused", "done"]
    assert await every_way(computer.launcher, "closed/x") == ["LauncherRefused"] * 3
    assert os.geteuid() == 0
    assert Path("/etc/shadow").read_bytes()


async def test_a_home_is_removed_whatever_is_in_it(computer: Computer, home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "inner" / "file").touch()
    (home / "link").symlink_to(outside)
    (home / "loop").symlink_to("loop")
    os.mkfifo(home / "pipe")
    (home / os.fsdecode(b"\xff\xfe")).touch()
    for index in range(20):
        (home / "wide" / str(index)).mkdir(parents=True)
    (home / "closed" / "inner").mkdir(parents=True)
    (home / "closed" / "inner" / "file").touch()
    (home / "closed" / "inner" / "to-outside").symlink_to(outside)
    (home / "closed" / "inner").chmod(0)
    (home / "closed").chmod(0)
    deep = os.open(home, os.O_RDONLY)
    for _ in range(3000):  # deeper than a path can be long, and than functions can call each other
        os.mkdir("deep", dir_fd=deep)
        inner = os.open("deep", os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    assert await computer.launcher.delete(NAME, home=True)
    assert computer.leftovers() == []
    assert [path.name for path in outside.rglob("*")] == ["inner", "file"]


@as_root
def test_an_ordinary_user_can_remove_what_it_may_not_enter(computer: Computer) -> None:
    folder, user = Path(tempfile.mkdtemp()), computer.users[0]
    try:
        folders = Folders(folder)
        folders.make()
        home = folders.desktops / "home"
        (home / "closed" / "inner" / "most").mkdir(parents=True)
        (home / "closed" / "inner" / "most" / "file").touch()
        for closed in ("closed/inner/most", "closed/inner", "closed"):
            (home / closed).chmod(0)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
        with homes.as_user(user):
            with pytest.raises(PermissionError):
                shutil.rmtree(home / "closed")
            assert remove(folders, home, seconds=10)
        assert not home.exists()
        assert list(folders.removed.iterdir()) == []
    finally:
        shutil.rmtree(folder)


async def test_removing_goes_on_where_it_was_broken_off(computer: Computer, home: Path) -> None:
    folders = Folders(computer.folder)
    (home / "file").touch()
    assert remove(folders, home, seconds=-1)
    assert not home.exists()
    assert [path.name for path in folders.removed.rglob("file")] == ["file"]
    empty_removed(folders, seconds=10)
    assert list(folders.removed.iterdir()) == []
