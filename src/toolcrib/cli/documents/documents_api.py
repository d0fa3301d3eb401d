"""The requests about documents that the commands share."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolcrib.cli.core import output
from toolcrib.cli.core.claims import holder_line
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.failures import CannotTell, Failure, Held
from toolcrib.cli.documents.remote_path import RemotePath, RemotePaths

BASE = "/storage"
LIST_PAGE, VERSIONS_PAGE = 1_000, 200
GONE = ("file_not_found", "folder_not_found")
PENDING = "pending_validation"

Row = dict[str, Any]

_FIELD = re.compile(r"[a-z0-9_]+")


class DocumentsApi:
    """The documents of one server, for one person."""

    def __init__(self, context: Context) -> None:
        self.api = context.api
        self.paths = RemotePaths(context.api, context.project)

    def show(self, place: RemotePath) -> str:
        return self.paths.show(place)

    def get(self, route: str, **params: Any) -> Any:
        return self.api.get(BASE + route, **params)

    def get_list(self, route: str, **params: Any) -> Any:
        """Do what `get` does, and warn if the answer's list is not whole."""
        found = self.get(route, **params)
        # What is at `next_cursor` is not missing.
        if set(found.get("warnings") or ()) - {"partial_answer"}:
            output.warn("Projects may be missing: the service that decides about them does not answer.")
        return found

    def post(self, route: str, body: Row) -> Any:
        """Send a request and return the `data` of its answer."""
        return self.api.post(BASE + route, body).get("data") or {}

    def delete(self, route: str, body: Row) -> Any:
        return self.api.request("DELETE", BASE + route, body=body).get("data") or {}

    @contextmanager
    def errors_about(self, place: RemotePath) -> Iterator[None]:
        """Reword refusals so that they name the file or folder they are about, and who holds it."""
        try:
            yield
        except Held as refused:
            sentence = holder_line(self.show(place), refused.details)
            raise Held(sentence, code=refused.code, details=refused.details) from refused
        except CannotTell:
            raise
        except Failure as refused:
            raise self._named(place, refused) from refused

    def _named(self, place: RemotePath, refused: Failure) -> Failure:
        what = self.show(place)
        sentences = {
            "file_not_found": f"There is no file {what}.",
            "folder_not_found": f"There is no folder {what}.",
            "file_not_locked": f"{what} is not locked.",
            "no_version": f"{what} has no version yet.",
            "file_not_found_in_storage": f"The server has lost the bytes of this version of {what}. "
            "An administrator can tell more: toolcrib storage verify",
        }
        said = _without_field(refused)
        told = self.paths.shorten(said)
        names_it = told != said or f"{place.bucket}/{place.id}" in said
        text = sentences.get(refused.code) or (told if names_it else f"{what}: {told}")
        found = Failure(text, code=refused.code, details=refused.details)
        found.status = refused.status
        return found

    # Looking

    def file(self, place: RemotePath) -> Row:
        """Return the file at `place`, archived or not, as `file` and `current_version`."""
        with self.errors_about(place):
            found: Row = self.get("/metadata", **place.fields)
        return found

    def live_file(self, place: RemotePath) -> Row | None:
        """Return the same as `file`, or None if there is no file or it is archived."""
        if not place.path:
            return None
        try:
            found = self.file(place)
        except Failure as refused:
            if refused.code in GONE:
                return None
            raise
        return None if found["file"]["is_deleted"] else found

    def by_id(self, file_id: str) -> Row:
        found: Row = self.get("/metadata", file_id=file_id)
        return found

    def folder(self, place: RemotePath) -> Row:
        """Return what is directly in a folder."""
        with self.errors_about(place):
            found: Row = self.get("/folders", **place.fields)
        return found

    def is_folder(self, place: RemotePath) -> bool:
        try:
            self.folder(place)
        except Failure as refused:
            if refused.code in GONE:
                return False
            raise
        return True

    def files_below(self, place: RemotePath, status: str | None = None) -> Iterator[Row]:
        """Yield all files below a folder, by path."""
        page = 1
        while True:
            with self.errors_about(place):
                found = self.get("/list", **place.fields, status=status, page=page, limit=LIST_PAGE)
            yield from found["files"]
            if page >= found["pagination"]["total_pages"]:
                return
            page += 1

    def versions(self, place: RemotePath, status: str | None = None) -> list[Row]:
        """Return a file's versions, newest first."""
        rows: list[Row] = []
        while True:
            with self.errors_about(place):
                found = self.get(
                    "/versions", **place.fields, status=status, limit=VERSIONS_PAGE, offset=len(rows)
                )
            rows += found["versions"]
            if not found["versions"] or len(rows) >= found["total_count"]:
                return rows

    def version(self, place: RemotePath, number: int) -> Row:
        for row in self.versions(place):
            if row["version_number"] == number:
                return row
        raise Failure(f"{self.show(place)} has no version {number}.", code="version_not_found")

    # Locks

    def locks(self, **wanted: Any) -> list[Row]:
        found: list[Row] = self.get_list("/locks", **wanted)["data"]["locks"]
        return found

    def lock_on(self, file_id: str) -> Row | None:
        """Return the lock on a file, whoever holds it."""
        return next(iter(self.locks(file_id=file_id)), None)

    def lock_or_keep(
        self, place: RemotePath, *, reason: str | None, expires_in: int | None
    ) -> tuple[Row, bool]:
        """Lock the file, or keep the lock we hold already. Returns the lock, and whether it is new.

        Raises:
            Held: somebody else holds it.
        """
        body: Row = {**place.fields}
        if reason is not None:
            body["reason"] = reason
        if expires_in is not None:
            body["expires_in"] = expires_in
        with self.errors_about(place):
            try:
                return self.post("/lock", body), True
            except Held:
                lock = self.lock_on(self.file(place)["file"]["id"])
                if lock is None or not self.is_mine(lock):
                    raise
            if expires_in is not None:
                lock |= self.post("/lock/renew", {**place.fields, "expires_in": expires_in})
        return lock, False

    def is_mine(self, lock: Row) -> bool:
        return bool(lock["locked_by"] == self.paths.me["uuid"])


def _without_field(refused: Failure) -> str:
    """Return the server's sentence without the request's field name, which nobody typed."""
    text = str(refused)
    if refused.code != "validation_error" or not isinstance(refused.details, dict):
        return text
    field, colon, rest = text.partition(": ")
    return rest if colon and _FIELD.fullmatch(field) else text


def holder_details(lock: Row) -> Row:
    """Convert a lock of `/locks` to what `holder_line` reads."""
    return {
        "holder": lock["locked_by_name"],
        "since": lock["locked_at"],
        "until": lock["expires_at"],
        "comment": lock["reason"],
    }
