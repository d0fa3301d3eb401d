"""Files of a desktop's home, sent and fetched by its person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.desktops.desk import Desk
from toolcrib.desktops.errors import DesktopStopped
from toolcrib.desktops.launchers.launcher import HomeFile, LauncherError, LauncherRefused, NotSupported
from toolcrib.desktops.models import State, configurations
from toolcrib.desktops.service import told
from toolcrib.desktops.service.finding import Found
from toolcrib.desktops.service.launching import asked
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import Conflict, Forbidden, InvalidRequest, NotFound, Problem

LOOK_SECONDS = 20.0


class FilesNotAllowed(Forbidden):
    """The desktop's configuration allows no files to be sent or fetched, or it is somebody else's desktop."""

    code = "files_not_allowed"


class BadHomePath(InvalidRequest):
    """A path in a home is relative, without `..`."""

    code = "bad_home_path"


class HomeFileNotFound(NotFound):
    code = "home_file_not_found"


class NotAvailable(Conflict):
    """The platform on which desktops run cannot do this."""

    code = "not_available"


class HomeFileTooLarge(Problem):
    code, status = "file_too_large", 413


class LauncherUnavailable(Problem):
    """What runs desktops cannot be reached now, or its programs are missing."""

    code, status = "launcher_unavailable", 503


def refused(error: Exception, path: str = "") -> Problem:
    """Return what a client is told of an error of the launcher."""
    if isinstance(error, FileNotFoundError):
        return HomeFileNotFound(f"There is no {path or 'home'}.")
    if isinstance(error, NotADirectoryError):
        return BadHomePath(f"{path} is not a folder.")
    if isinstance(error, IsADirectoryError):
        return BadHomePath(f"{path} is a folder.")
    if isinstance(error, NotSupported | LauncherRefused):
        return NotAvailable(str(error))
    return LauncherUnavailable(str(error), headers={"Retry-After": "10"})


def check_path(path: str, *, may_be_home: bool = False) -> str:
    """Return a path in the home.

    Raises:
        BadHomePath: (400).
    """
    parts = path.split("/")
    if path == "" and may_be_home:
        return path
    if any(part in ("", ".", "..") or len(part.encode()) > 255 for part in parts) or not path.isprintable():
        raise BadHomePath("path must be relative to the home, like Documents/a.txt, without `..`.")
    return path


async def check_allowed(session: AsyncSession, found: Found) -> Row[Any]:
    """Return the row of a desktop whose home the caller may use now.

    Raises:
        FilesNotAllowed: (403).
        DesktopStopped: (409).
    """
    if not found.is_holder:
        raise FilesNotAllowed("Only its person can use the files of a desktop.")
    query = select(configurations.c.files).where(configurations.c.id == found.row.configuration_id)
    if await session.scalar(query) is False:
        raise FilesNotAllowed("Its configuration allows no files to be sent or fetched.")
    if found.row.state != State.RUNNING:
        raise DesktopStopped(found.row.name)
    return found.row


async def list_folder(desk: Desk, name: str, path: str) -> list[HomeFile]:
    try:
        return await asked(desk, desk.launcher.list_home(name, path), seconds=LOOK_SECONDS)
    except (LauncherError, OSError) as error:
        raise refused(error, path) from error


async def fetch(desk: Desk, row: Row[Any], path: str, me: Principal, now: datetime) -> AsyncIterator[bytes]:
    """Return the content of a file, once its first piece is there, and record that it was fetched."""
    pieces = desk.launcher.read_home(row.name, path)
    try:
        first = await asked(desk, anext(pieces, b""), seconds=LOOK_SECONDS)
    except (LauncherError, OSError) as error:
        raise refused(error, path) from error
    async with desk.kernel.database.write() as session:
        await told.of_desktop(session, "file_fetched", row, actor=me.username, now=now, path=path)

    async def content() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    return content()


async def send(
    desk: Desk, row: Row[Any], path: str, content: AsyncIterator[bytes], me: Principal, now: datetime
) -> int:
    """Write a file, whole or not at all. Returns its size.

    Raises:
        HomeFileTooLarge: (413).
    """
    most = desk.kernel.settings.desktop_file_mib * 2**20
    too_large = HomeFileTooLarge(f"A file may have {desk.kernel.settings.desktop_file_mib} MiB at most.")

    async def counted() -> AsyncIterator[bytes]:
        size = 0
        async for piece in content:
            size += len(piece)
            if size > most:
                raise too_large
            if piece:
                yield piece

    try:
        size = await desk.launcher.write_home(row.name, path, counted())
    except (LauncherError, OSError) as error:
        raise refused(error, path) from error
    async with desk.kernel.database.write() as session:
        await told.of_desktop(session, "file_sent", row, actor=me.username, now=now, path=path, size=size)
    return size
