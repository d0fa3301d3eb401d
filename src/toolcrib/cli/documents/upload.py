"""Uploading a file in pieces that can be resumed (tus 1.0, https://tus.io), at `/api/storage/uploads`."""

import mimetypes
import os
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from toolcrib.cli.core import output
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell, Failure, Unreachable
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents.local_files import BLOCK, sha256_of
from toolcrib.cli.documents.progress import ProgressMeter
from toolcrib.cli.documents.remote_path import RemotePath
from toolcrib.cli.documents.resume_state import ResumeState
from toolcrib.cli.documents.retry import Retries

if TYPE_CHECKING:
    import httpx

ROUTE = "/storage/uploads"
CHUNK = 16 * 1024 * 1024
FINISHING_SECONDS = 1800  # after the last byte the server joins the pieces and hashes the whole
VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"
# Refusals that are about the document, not about the upload's offset.
DOCUMENT_REFUSALS = ("version_conflict", "file_locked", "file_exists", "access_denied")

_UPLOAD_ID = re.compile(r"[A-Za-z0-9._~-]{1,200}")


@dataclass(frozen=True)
class Uploaded:
    """The version that an upload became. `sent` is how many bytes this run sent, `resumed_at` where it began."""

    file_id: str
    version_id: str
    version_number: int
    sha256: str
    size: int
    sent: int
    resumed_at: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class NewVersion:
    """The version that an upload is to become, with the options of `/uploads`."""

    place: RemotePath
    changelog: str | None = None
    fence: int | None = None
    base_version: int | None = None
    release: bool = False
    submit: bool = False

    def metadata(self, file: Path, digest: str) -> str:
        told = {
            **self.place.fields,
            "filename": self.place.name,
            "filetype": mimetypes.guess_type(self.place.name or file.name)[0],
            "changelog": self.changelog,
            "sha256": digest,
            "fence": None if self.fence is None else str(self.fence),
            "base_version": None if self.base_version is None else str(self.base_version),
            "release": "true" if self.release else None,
            "submit": "true" if self.submit else None,
        }
        pairs = ((name, b64encode(value.encode()).decode()) for name, value in told.items() if value)
        return ",".join(f"{name} {value}" for name, value in pairs)


def upload(
    api: ApiClient, file: Path, new_version: NewVersion, meter: ProgressMeter, *, digest: str | None = None
) -> Uploaded:
    """Make `file` a version. Bytes that an earlier run sent of the same unchanged file are not sent again.

    Raises:
        Unreachable: the connection broke too often; the same command resumes.
        Failure: refused.
    """
    digest = digest or sha256_of(file, meter)
    try:
        with file.open("rb") as stream:
            return _Upload(api, file, stream, new_version, meter, digest).run()
    except OSError as bad:
        raise CannotTell(f"Cannot read {file}: {bad.strerror or bad}.") from bad


class _Upload:
    def __init__(
        self,
        api: ApiClient,
        file: Path,
        stream: BinaryIO,
        new_version: NewVersion,
        meter: ProgressMeter,
        digest: str,
    ) -> None:
        self._api = api
        self._file = file
        self._stream = stream
        self._new_version = new_version
        self._meter = meter
        self._digest = digest
        state = os.fstat(stream.fileno())
        self._size = state.st_size
        self._resume_state = ResumeState(
            what="upload",
            server=api.url,
            user=api.account.username,
            file=str(file.absolute()),
            size=state.st_size,
            mtime=state.st_mtime_ns,
            sha256=digest,
            asked=asdict(new_version),  # the name since the first release: it is part of the file's name
        )
        self._upload: str | None = None
        self._offset = self._sent = 0
        self._done: httpx.Headers | None = None

    def run(self) -> Uploaded:
        try:
            return self._run()
        except KeyboardInterrupt:
            output.warn(f"Stopped. {self._resume_hint()}")
            raise

    def _run(self) -> Uploaded:
        self._resume()
        began = self._offset
        retries = Retries()
        self._meter.begin(self._new_version.place.name, self._size, self._offset)
        while self._done is None:
            try:
                if self._upload is None:
                    self._create()
                else:
                    self._send_piece()
            except Unreachable as broken:
                retries.wait(self._offset, broken, how=self._resume_hint())
                self._ask_offset()
            except Failure as refused:
                if refused.code in DOCUMENT_REFUSALS:
                    raise  # the server keeps what was sent; the upload can be resumed later
                if refused.status not in (404, 408, 409, 410):
                    self._resume_state.forget()
                    raise
                busy = Unreachable(str(refused), code=refused.code)
                retries.wait(self._offset, busy, how=self._resume_hint())
                self._ask_offset()
        self._resume_state.forget()
        return self._result(self._done, began)

    def _resume_hint(self) -> str:
        if not self._offset:
            return "Nothing was sent. Run the same command again later."
        part = self._offset * 100 // max(self._size, 1)
        return (
            f"{part} % of {human_size(self._size)} has been received: run the same command again to resume."
        )

    def _resume(self) -> None:
        """Continue the upload of an earlier run, if the server still has it."""
        known = self._resume_state.read().get("upload")
        if isinstance(known, str) and _UPLOAD_ID.fullmatch(known):
            self._upload = known
            retries = Retries()
            while not self._ask_offset():
                retries.wait(0, Unreachable(f"Cannot reach {self._api.url}."), how=self._resume_hint())

    def _ask_offset(self) -> bool:
        """Ask the server how much of the upload it has. Return False when it does not answer."""
        if self._upload is None:
            return True
        try:
            with self._api.answer("HEAD", f"{ROUTE}/{self._upload}", headers=VERSION) as answer:
                self._read_headers(answer.headers)
        except Unreachable:
            return False
        except Failure as gone:
            if gone.status not in (403, 404, 410):
                raise
            self._upload, self._offset = None, 0
            self._resume_state.forget()
        return True

    def _create(self) -> None:
        headers = {
            **VERSION,
            "Upload-Length": str(self._size),
            "Upload-Metadata": self._new_version.metadata(self._file, self._digest),
        }
        with self._api.answer("POST", ROUTE, headers=headers) as answer:
            # Use only the last part: the token must not go to another address than the server's.
            upload = answer.headers.get("Location", "").rstrip("/").rpartition("/")[2]
            if not _UPLOAD_ID.fullmatch(upload):
                raise CannotTell(f"{self._api.url} gave an unexpected answer to an upload.")
            self._upload = upload
            self._resume_state.write({"upload": upload, "file": str(self._file.absolute())})
            self._offset = 0
            self._read_headers(answer.headers)

    def _send_piece(self) -> None:
        begin, length = self._offset, min(CHUNK, self._size - self._offset)
        headers = {
            **VERSION,
            "Upload-Offset": str(begin),
            "Content-Type": BYTES,
            "Content-Length": str(length),
        }
        with self._api.answer(
            "PATCH",
            f"{ROUTE}/{self._upload}",
            headers=headers,
            content=self._bytes(begin, length),
            idle_seconds=FINISHING_SECONDS if begin + length == self._size else None,
        ) as answer:
            self._read_headers(answer.headers)
        if self._done is None and self._offset <= begin and length == self._size - begin:
            raise CannotTell(f"{self._api.url} took the whole file, but made no version of it.")

    def _bytes(self, begin: int, length: int) -> Iterator[bytes]:
        self._stream.seek(begin)
        while length and (block := self._stream.read(min(BLOCK, length))):
            yield block
            length -= len(block)
            begin += len(block)
            self._sent += len(block)
            self._meter.at(begin)
        if begin == self._size:
            self._meter.label(f"{self._new_version.place.name}: all sent, the server checks it")
        if length:
            raise CannotTell(f"{self._file} became shorter while it was sent. Run the command again.")

    def _read_headers(self, headers: "httpx.Headers") -> None:
        told = headers.get("Upload-Offset", "")
        if told.isdecimal() and int(told) <= self._size:
            self._offset = int(told)
        self._meter.at(self._offset)
        if headers.get("X-Version-ID"):
            self._done = headers

    def _result(self, headers: "httpx.Headers", began: int) -> Uploaded:
        checksum = headers.get("X-Checksum-SHA256", self._digest)
        if checksum != self._digest:
            raise Failure(
                f"{self._file} changed while it was sent: version {headers.get('X-Version-Number')} is not what "
                "the file was at the beginning. Send it again.",
                code="changed_meanwhile",
            )
        return Uploaded(
            file_id=headers.get("X-File-ID", ""),
            version_id=headers["X-Version-ID"],
            version_number=int(headers.get("X-Version-Number", 0)),
            sha256=self._digest,
            size=self._size,
            sent=self._sent,
            resumed_at=began,
        )
