"""Remote paths: how people write where a document is, and how commands print it.

    me:notes/todo.txt              in one's own bucket
    company:policies/hr.pdf        in the bucket of one's company
    gears:designs/part.step        in the bucket of the project `gears`
    :designs/part.step             in the project of `--project`, TOOLCRIB_PROJECT or the clone
    /projects/<id or name>/…       the whole address, as the server writes it; so /users/… and /companies/…

A `/` at the end says that a folder is meant.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell

USERS, COMPANIES, PROJECTS = "users", "companies", "projects"
BUCKETS = (USERS, COMPANIES, PROJECTS)
ME, COMPANY = "me", "company"
AFTER = {
    USERS: "me, or a person's id",
    COMPANIES: "your company's name, or a company's id",
    PROJECTS: "a project's name or id",
}
HOW = "Write me:FILE, company:FILE, PROJECT:FILE, or /projects/PROJECT/FILE."

_DRIVE = re.compile(r"[A-Za-z]:\\")
_ADDRESS = re.compile(rf"/?\b({'|'.join(BUCKETS)})/([0-9a-f-]{{36}})\b/?")


@dataclass(frozen=True)
class RemotePath:
    """A path in a bucket; the empty path is the bucket itself. `is_folder` says that a folder was meant."""

    bucket: str
    id: str
    path: str
    is_folder: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a request that name this path."""
        return {"bucket_type": self.bucket, "bucket_id": self.id, "logical_path": self.path}

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def address(self) -> str:
        return f"/{self.bucket}/{self.id}/{self.path}"

    def child(self, name: str) -> "RemotePath":
        return RemotePath(self.bucket, self.id, f"{self.path}/{name}" if self.path else name)

    def same_bucket(self, other: "RemotePath") -> bool:
        return (self.bucket, self.id) == (other.bucket, other.id)


def is_remote(typed: str) -> bool:
    """Return whether this is written as a place on the server, not as a path in a clone."""
    first, slash, _ = typed.lstrip("/").partition("/")
    if typed.startswith("/"):
        return bool(slash) and first in BUCKETS
    return ":" in first and not _DRIVE.match(typed)


def uuid_of(text: str) -> str | None:
    """Return the text as a UUID in the spelling that the server uses, or None."""
    try:
        found = str(UUID(text))
    except ValueError:
        return None
    return found if found == text.lower() else None


def clean_path(path: str, typed: str) -> str:
    """Return a path without doubled slashes.

    Raises:
        CannotTell: no document can have this path.
    """
    segments = [segment for segment in path.split("/") if segment]
    if any(segment in (".", "..") for segment in segments):
        raise CannotTell(f"{typed}: `.` and `..` are not supported here; write the whole path.")
    if "\\" in path or any(not one.isprintable() for one in path):
        raise CannotTell(f"{typed!r}: a place has no backslashes or control characters.")
    return "/".join(segments)


class RemotePaths:
    """Reads and writes remote paths for one person on one server.

    The server is asked who the person is and which projects there are once, when that is needed.
    """

    def __init__(self, api: ApiClient, project: str | None = None) -> None:
        self._api = api
        self._project = project

    @cached_property
    def me(self) -> dict[str, Any]:
        found: dict[str, Any] = self._api.get("/currentuser")
        return found

    @cached_property
    def projects(self) -> dict[str, str]:
        """The ids of the projects one has a role in, by name."""
        return {row["name"]: row["id"] for row in self._api.get("/projects")}

    def read(self, typed: str) -> RemotePath:
        """Parse a remote path as people type it.

        Raises:
            CannotTell: it is not one; the sentence says what would be.
        """
        first, slash, rest = typed.lstrip("/").partition("/")
        if first in BUCKETS and slash:
            bucket, owner, path = self._absolute(first, rest, typed)
        elif ":" in typed:
            name, _, path = typed.partition(":")
            bucket, owner = self._owner(name, typed)
        else:
            raise CannotTell(f"{typed!r} is not a place on the server. {HOW}")
        cleaned = clean_path(path, typed)
        return RemotePath(bucket, owner, cleaned, path.endswith("/") or not cleaned)

    def read_file(self, typed: str, *, else_do: str = "") -> RemotePath:
        """Parse as `read`, but refuse a folder; `else_do` says what one can do with a folder."""
        place = self.read(typed)
        if place.is_folder:
            raise CannotTell(f"{typed} is a folder, not a file.{else_do}")
        return place

    def show(self, place: RemotePath) -> str:
        """Return the shortest way to write it."""
        owner = self._short(place.bucket, place.id)
        return f"{owner}:{place.path}" if owner else place.address

    def show_row(self, row: dict[str, Any]) -> str:
        """Return the shortest way to write the path of a file in the server's answer."""
        return self.show(RemotePath(row["bucket_type"], row["bucket_id"], row["logical_path"]))

    def shorten(self, text: str) -> str:
        """Return the server's sentence with its addresses written as people write them."""

        def short(found: re.Match[str]) -> str:
            owner = self._short(found[1], found[2])
            return f"{owner}:" if owner else found[0]

        return _ADDRESS.sub(short, text)

    def _short(self, bucket: str, owner: str) -> str | None:
        if bucket == USERS:
            return ME if owner == self.me["uuid"] else None
        if bucket == COMPANIES:
            return COMPANY if owner == self.me.get("company_id") else None
        names = [name for name, one in self.projects.items() if one == owner and name not in (ME, COMPANY)]
        return names[0] if names else None

    def _owner(self, name: str, typed: str) -> tuple[str, str]:
        if name == ME:
            return USERS, self.me["uuid"]
        if name == COMPANY:
            return COMPANIES, self._own_company()
        if not name:
            if not self._project:
                raise CannotTell(f"{typed}: which project? Write PROJECT{typed}, or give --project.")
            name = self._project
        return PROJECTS, uuid_of(name) or self._project_id(name)

    def _absolute(self, bucket: str, rest: str, typed: str) -> tuple[str, str, str]:
        owner, _, path = rest.partition("/")
        if found := uuid_of(owner):
            return bucket, found, path
        if bucket == USERS and owner == ME:
            return bucket, self.me["uuid"], path
        if bucket == COMPANIES and owner and owner == self.me.get("company_name"):
            return bucket, self._own_company(), path
        if bucket == PROJECTS and owner:
            # A project's name may contain slashes: use the longest name that matches.
            names = [name for name in self.projects if f"{rest}/".startswith(f"{name}/")]
            name = max(names, key=len, default=owner)
            return bucket, self._project_id(name), rest[len(name) :]
        raise CannotTell(f"{typed}: after {bucket}/ comes {AFTER[bucket]}. {HOW}")

    def _own_company(self) -> str:
        company: str | None = self.me.get("company_id")
        if not company:
            raise CannotTell("You belong to no company on this server, so there is no company: place.")
        return company

    def _project_id(self, name: str) -> str:
        if found := self.projects.get(name):
            return found
        known = ", ".join(list(self.projects)[:10])
        yours = f"Yours: {known}." if known else "You are in no project."
        raise CannotTell(f"There is no project {name} that you are in. {yours}", code="unknown_project")
