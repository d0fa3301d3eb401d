"""Downloading a file: resumed where it stopped, checked at the end, and only then given its name."""

import os
import re
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from toolcrib.cli.core import output
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell, Failure, Unreachable
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents.local_files import BLOCK
from toolcrib.cli.documents.progress import ProgressMeter
from toolcrib.cli.documents.resume_state import ResumeState
from toolcrib.cli.documents.retry import Retries

if TYPE_CHECKING:
    import httpx

ROUTE = "/storage/download/proxy"
PART = ".part"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


@dataclass(frozen=True)
class Downloaded:
    """A finished download. `received` is how many bytes this run fetched, `resumed_at` where it began."""

    version_number: int
    version_id: str
    sha256: str
    size: int
    received: int
    resumed_at: int


def download(api: ApiClient, wanted: dict[str, str], target: Path, meter: ProgressMeter) -> Downloaded:
    """Download the version that `wanted` names and replace `target` by it.

    Until it is complete and checked it is in `NAME.part`.

    Raises:
        Unreachable: the connection broke too often; the same command resumes.
        Failure: refused, or the content does not have the checksum that the server promised.
    """
    part = target.with_name(target.name + PART)
    resume_state = ResumeState(what="download", server=api.url, wanted=wanted, part=str(part.absolute()))
    try:
        with _open_part(part, is_ours=bool(resume_state.read())) as stream:
            got = _Download(api, wanted, stream, target.name, meter, resume_state).run()
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(part, target)
    except _WrongContent as wrong:
        part.unlink(missing_ok=True)
        resume_state.forget()
        raise Failure(str(wrong), code="checksum_mismatch") from wrong
    except OSError as bad:
        raise CannotTell(f"Cannot write {target}: {bad.strerror or bad}.") from bad
    finally:
        # Nothing was received, so there is nothing to resume.
        if part.exists() and part.stat().st_size == 0:
            part.unlink(missing_ok=True)
            resume_state.forget()
    resume_state.forget()
    return got


def download_to_stdout(api: ApiClient, wanted: dict[str, str], meter: ProgressMeter) -> Downloaded:
    """Download into a pipe. Wrong content is only noticed at its end. Raises as `download`."""
    try:
        got = _Download(api, wanted, sys.stdout.buffer, "standard output", meter, None).run()
        sys.stdout.buffer.flush()
    except _WrongContent as wrong:
        raise Failure(str(wrong), code="checksum_mismatch") from wrong
    return got


class _WrongContent(Exception):
    """The content does not have the checksum that the server promised."""


def _open_part(part: Path, *, is_ours: bool) -> BinaryIO:
    if part.is_symlink() or (part.exists() and not part.is_file()):
        raise CannotTell(f"{part} is in the way.")
    if part.exists() and part.stat().st_size and not is_ours:
        raise CannotTell(f"{part} is in the way: it is not a download of this file. Move or delete it.")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags, 0o666), "r+b")


class _Download:
    def __init__(
        self,
        api: ApiClient,
        wanted: dict[str, str],
        stream: BinaryIO,
        name: str,
        meter: ProgressMeter,
        resume_state: ResumeState | None,
    ) -> None:
        self._api = api
        self._wanted = wanted
        self._stream = stream
        self._name = name
        self._meter = meter
        self._resume_state = resume_state
        self._hash = sha256()
        self._offset = self._received = 0
        self._size: int | None = None
        self._etag: str | None = None
        self._last: httpx.Headers | None = None

    def run(self) -> Downloaded:
        try:
            return self._run()
        except KeyboardInterrupt:
            output.warn(f"Stopped. {self._resume_hint()}")
            raise

    def _run(self) -> Downloaded:
        self._resume()
        began = self._offset
        retries = Retries()
        while self._last is None or self._offset != self._size:
            try:
                self._fetch()
            except Unreachable as broken:
                retries.wait(self._offset, broken, how=self._resume_hint())
        checksum = self._last.get("X-Checksum-SHA256", "")
        if checksum and checksum != self._hash.hexdigest():
            raise _WrongContent(
                f"The download of {self._name} is damaged: its SHA-256 is not that of this version."
            )
        return Downloaded(
            version_number=int(self._last.get("X-Version-Number", 0)),
            version_id=self._last.get("X-Version-ID", ""),
            sha256=self._hash.hexdigest(),
            size=self._offset,
            received=self._received,
            resumed_at=min(began, self._offset),
        )

    def _resume_hint(self) -> str:
        if self._resume_state is None or not self._offset:
            return "Run the same command again later."
        return f"{human_size(self._offset)} were received: run the same command again to resume."

    def _resume(self) -> None:
        """Continue with the `.part` file of an earlier run."""
        known = self._resume_state.read().get("etag") if self._resume_state else None
        if not isinstance(known, str):
            return
        self._etag = known
        while block := self._stream.read(BLOCK):
            self._hash.update(block)
            self._offset += len(block)

    def _fetch(self) -> None:
        headers = {"Accept-Encoding": "identity"}
        if self._etag and self._offset:
            headers |= {"Range": f"bytes={self._offset}-", "If-Range": self._etag}
        try:
            with self._api.answer("GET", ROUTE, params=self._wanted, headers=headers) as answer:
                self._begin(answer)
                for block in answer.iter_raw():
                    self._stream.write(block)
                    self._hash.update(block)
                    self._offset += len(block)
                    self._received += len(block)
                    self._meter.at(self._offset)
        except Failure as refused:
            if refused.status != 416:
                raise
            self._check_end()
            return
        if self._offset != self._size:
            raise Unreachable("The response ended early.", code="unreachable")

    def _check_end(self) -> None:
        """Find out, after a 416, whether the download is complete or what we have is of another version."""
        with self._api.answer("HEAD", ROUTE, params=self._wanted) as answer:
            if answer.headers.get("ETag") == self._etag and answer.headers.get("Content-Length") == str(
                self._offset
            ):
                self._last, self._size = answer.headers, self._offset
            else:
                self._etag = None

    def _begin(self, answer: "httpx.Response") -> None:
        part = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code == 206 and part is not None and int(part[1]) == self._offset:
            self._size = int(part[2])
        else:
            self._start_over()
            length = answer.headers.get("Content-Length", "")
            if not length.isdecimal():
                raise CannotTell(f"{self._api.url} does not say how long the file is.")
            self._size = int(length)
        self._etag = answer.headers.get("ETag")
        self._last = answer.headers
        if self._resume_state is not None:
            self._resume_state.write({"etag": self._etag})
        self._meter.begin(self._name, self._size, self._offset)

    def _start_over(self) -> None:
        if not self._offset:
            return
        if self._resume_state is None:
            raise Failure("The file changed while it was read; begin again.", code="changed_meanwhile")
        self._stream.seek(0)
        self._stream.truncate()
        self._hash = sha256()
        self._offset = 0
