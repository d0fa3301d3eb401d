"""Read a multipart form as a stream: fields are kept in memory, the file's content is passed on (RFC 7578)."""

from __future__ import annotations

import mimetypes
import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError, MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.models import MIME_LENGTH

FILE = "file"
MAX_FIELD_BYTES = 65_536
MAX_PARTS = 100
# The most bytes of a form apart from its file: boundaries, headers, fields.
OVERHEAD_BYTES = 1_048_576
OCTETS = "application/octet-stream"

_EXTENDED = re.compile(r"""filename\*\s*=\s*"?utf-8'[^']*'([^;"]+)""", re.IGNORECASE)
_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(\s*;[\x20-\x7e]*)?", re.ASCII)


def media_type(told: str | None, filename: str) -> str:
    """Return the media type that the sender states; if it does not, guess from the file name."""
    told = (told or "").strip()
    if not _MIME.fullmatch(told) or len(told) > MIME_LENGTH or told.lower() == OCTETS:
        return mimetypes.guess_type(filename)[0] or OCTETS
    return told


@dataclass(frozen=True, slots=True)
class FilePart:
    filename: str
    content_type: str | None
    headers: list[tuple[bytes, bytes]]


@dataclass(slots=True)
class _Part:
    name: str
    filename: str | None
    content_type: str | None
    headers: list[tuple[bytes, bytes]]


class _FormOver(Exception):
    pass


class FormReader:
    """Reads a form: call `to_file`, then `file_bytes`, then `rest`; `fields` holds the fields read so far."""

    def __init__(self, content_type: str, stream: AsyncIterator[bytes]) -> None:
        """Prepare to read a form with this Content-Type header.

        Raises:
            ValidationFailed: not a multipart form (400).
        """
        kind, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise ValidationFailed.of("body", "must be a multipart form")
        self.fields: dict[str, str] = {}
        self._stream = stream
        self._events: deque[_Part | bytes | None] = deque()
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_name = b""
        self._header_value = b""
        self._ended = False
        self._parts = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._headers.clear,
                    "on_header_field": self._on_header_field,
                    "on_header_value": self._on_header_value,
                    "on_header_end": self._on_header_end,
                    "on_headers_finished": self._on_headers_finished,
                    "on_part_data": self._on_part_data,
                    "on_part_end": lambda: self._events.append(None),
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise _malformed() from None

    async def to_file(self) -> FilePart | None:
        """Read up to the file; return None if the form ends without one."""
        while (part := await self._next_part()) is not None:
            if part.name == FILE and part.filename is not None:
                return FilePart(part.filename, part.content_type, part.headers)
            await self._read_field(part)
        return None

    async def file_bytes(self) -> AsyncIterator[bytes]:
        while (event := await self._next()) is not None:
            if isinstance(event, bytes):
                yield event

    async def rest(self) -> None:
        """Read what follows the file. A second file is ignored."""
        while (part := await self._next_part()) is not None:
            await self._read_field(part)

    async def end(self) -> None:
        """Do what `rest` does, then read the body to its very end, so that all of it is checked."""
        await self.rest()
        async for _ in self._stream:
            pass

    async def _next_part(self) -> _Part | None:
        while True:
            try:
                event = await self._next()
            except _FormOver:
                return None
            if isinstance(event, _Part):
                return event

    async def _read_field(self, part: _Part) -> None:
        value = b""
        skipped = part.filename is not None and part.name == FILE
        while (event := await self._next()) is not None:
            if isinstance(event, bytes) and not skipped:
                value += event
                if len(value) > MAX_FIELD_BYTES:
                    raise ValidationFailed.of(part.name, f"longer than {MAX_FIELD_BYTES} bytes")
        if skipped:
            return
        try:
            self.fields.setdefault(part.name, value.decode())
        except UnicodeDecodeError:
            raise ValidationFailed.of(part.name, "is not UTF-8") from None

    async def _next(self) -> _Part | bytes | None:
        """Return the next event: a part began, some of its bytes arrived, or (None) it ended.

        Raises:
            _FormOver: the last part has ended.
            ValidationFailed: the form is incomplete or malformed (400).
        """
        while not self._events:
            if self._ended:
                raise _FormOver
            try:
                chunk = await anext(self._stream)
            except StopAsyncIteration:
                raise _malformed() from None
            try:
                self._parser.write(chunk)
            except MultipartParseError:
                raise _malformed() from None
        return self._events.popleft()

    # Callbacks of the parser

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers.append((self._header_name.lower(), self._header_value))
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise ValidationFailed.of("body", f"has more than {MAX_PARTS} parts")
        headers = dict(self._headers)
        raw = headers.get(b"content-disposition", b"")
        _, options = parse_options_header(raw.decode("latin-1"))
        name, filename = options.get(b"name"), options.get(b"filename")
        extended = _EXTENDED.search(raw.decode("latin-1"))
        try:
            # Browsers write the one character a quoted name cannot hold as %22.
            called = None if filename is None else filename.decode().replace("%22", '"')
            if extended:  # not allowed in forms, but some clients send it
                called = unquote(extended[1], errors="strict")
            part = _Part(
                (name or b"").decode(),
                called,
                headers.get(b"content-type", b"").decode("latin-1") or None,
                list(self._headers),
            )
        except UnicodeDecodeError:
            raise ValidationFailed.of("filename", "is not UTF-8") from None
        self._events.append(part)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._events.append(data[start:end])

    def _on_end(self) -> None:
        self._ended = True


def _malformed() -> ValidationFailed:
    return ValidationFailed.of("body", "is not a complete multipart form")
