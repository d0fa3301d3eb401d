"""Fetching a version of a document into a local file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents.documents_api import DocumentsApi, Row
from toolcrib.cli.documents.download import download
from toolcrib.cli.documents.local_files import is_plain_name, sha256_of
from toolcrib.cli.documents.progress import ProgressMeter
from toolcrib.cli.documents.remote_path import RemotePath

HERE = Path()


def choose_version(docs: DocumentsApi, place: RemotePath, number: int | None, *, else_do: str = "") -> Row:
    """Return the version to get: a row with `file_id` and `id`.

    `else_do` is added to the refusal of a folder and says what one can do with it.
    """
    try:
        found = docs.file(place)
    except Failure as refused:
        if refused.code == "file_not_found" and docs.is_folder(place):
            raise CannotTell(f"{docs.show(place)} is a folder, not a file.{else_do}") from refused
        raise
    if number is not None:
        return docs.version(place, number)
    if found["file"]["is_deleted"]:
        what = docs.show(place)
        raise Failure(
            f"{what} was removed. To bring it back: toolcrib docs restore {what}", code="file_not_found"
        )
    if found["current_version"] is None:
        raise Failure(f"{docs.show(place)} has no version yet.", code="no_version")
    current: Row = found["current_version"]
    return current


def download_query(version: Row) -> dict[str, str]:
    return {"file_id": version["file_id"], "version_id": version["id"]}


def local_target(place: RemotePath, target: str | None) -> Path:
    """Return where a file goes: under the name that was asked for, never a name the server chose."""
    file = HERE if target is None else Path(target)
    if target is None or file.is_dir() or target.endswith("/"):
        if not is_plain_name(place.name):
            raise CannotTell(f"{place.name!r} cannot be the name of a file here. Give another name: … FILE")
        file /= place.name
    if not file.parent.is_dir():
        raise CannotTell(f"There is no folder {file.parent} here.")
    return file


@dataclass(frozen=True)
class Fetched:
    place: RemotePath
    file: Path
    version: Row
    fresh: bool  # whether it was downloaded now
    resumed_at: int = 0

    def as_dict(self, docs: DocumentsApi) -> dict[str, Any]:
        return {
            "file": str(self.file),
            "place": docs.show(self.place),
            "version_number": self.version["version_number"],
            "version_id": self.version["id"],
            "size": self.version["size"],
            "sha256": self.version["checksum"],
            "fetched": self.fresh,
            "resumed_at": self.resumed_at,
        }

    def sentence(self, docs: DocumentsApi) -> str:
        number = self.version["version_number"]
        if not self.fresh:
            return f"{self.file} is version {number} of {docs.show(self.place)} already."
        went_on = f", resumed at {human_size(self.resumed_at)}" if self.resumed_at else ""
        size = human_size(self.version["size"])
        return f"Got {docs.show(self.place)} version {number} ({size}{went_on}) as {self.file}"


def fetch(
    docs: DocumentsApi, place: RemotePath, version: Row, file: Path, bar: ProgressMeter, *, force: bool
) -> Fetched:
    """Download a version as `file`, unless the file has its content already.

    Raises:
        Failure: the local file has content that no version has, and `force` was not given.
    """
    if is_up_to_date(docs, place, version, file, bar, force=force):
        return Fetched(place, file, version, fresh=False)
    with docs.errors_about(place):
        got = download(docs.api, download_query(version), file, bar)
    return Fetched(place, file, version, fresh=True, resumed_at=got.resumed_at)


def is_up_to_date(
    docs: DocumentsApi, place: RemotePath, version: Row, file: Path, bar: ProgressMeter, *, force: bool
) -> bool:
    """Return whether the local file has this version's content already. Raises as `fetch`."""
    if not file.exists() and not file.is_symlink():
        return False
    if not file.is_file():
        raise CannotTell(f"{file} is in the way: it is not a file.")
    digest = sha256_of(file, bar)
    if digest == version["checksum"]:
        return True
    if not force and digest not in {row["checksum"] for row in docs.versions(place)}:
        raise Failure(
            f"{file} is not a version of {docs.show(place)}: replacing it would lose its content. "
            "Give another name, or --force.",
            code="changed_locally",
        )
    return False
