"""Checksums that a client announces in the headers of an upload, and encodings that would change its bytes.

`Content-MD5` (RFC 1864), `Digest` (RFC 3230), `Content-Digest` and `Repr-Digest` (RFC 9530), S3's `x-amz-checksum-…`
and `x-amz-content-sha256`, and `OC-Checksum` of file synchronising programs. Each is about the body as it is sent. What
is announced and cannot be checked is refused, except in the headers whose standards ask to ignore unknown algorithms.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from starlette.datastructures import Headers

from toolcrib.kernel.blobs.problems import HashMismatch
from toolcrib.kernel.problems import InvalidRequest, Problem

_S3 = "x-amz-checksum-"
# These headers of S3 say how checksums are used, and hold none.
_S3_OTHER = frozenset({"algorithm", "mode", "type"})
_DIGESTS = ("digest", "content-digest", "repr-digest")
_MEMBER = re.compile(r"\s*([A-Za-z0-9_-]+)\s*=\s*(:?)([A-Za-z0-9+/=_-]*)(:?)\s*(?:;[^,]*)?")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
# Other names of the algorithms below.
_ALIASES = {"sha": "sha1", "sha-1": "sha1", "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}
_HASHES = {"md5": 16, "sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}


def _crc32c(data: bytes, value: int) -> int:
    from fastcrc import crc32  # noqa: PLC0415 - few clients announce this one

    return crc32.iscsi(data, value)


_CODES: dict[str, Callable[[bytes, int], int]] = {
    "crc32": zlib.crc32,
    "crc32c": _crc32c,
    "adler32": zlib.adler32,
}


class InvalidChecksum(InvalidRequest):
    """A header announces a checksum that is malformed, or of an algorithm that this server does not have."""

    code = "invalid_checksum"


class EncodingUnsupported(Problem):
    """The body is encoded (`Content-Encoding`, or S3's signed chunks), so it is not the content itself."""

    code, status = "encoding_unsupported", 415


class _Sum(Protocol):
    def update(self, data: bytes, /) -> None: ...
    def digest(self) -> bytes: ...


class _Code:
    """A code of 32 bits, with the methods of a hash."""

    def __init__(self, function: Callable[[bytes, int], int], start: int) -> None:
        self._function, self._value = function, start

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


class PartOfContent(InvalidRequest):
    """The body is a part of the content (`Content-Range`), which cannot be stored as a whole (RFC 9110, 14.5)."""

    code = "part_of_content"


def refuse_encoding(headers: Headers) -> None:
    """Check that the body of an upload is the content itself, and all of it.

    Raises:
        PartOfContent: (400).
        EncodingUnsupported: (415).
    """
    if "content-range" in headers:
        raise PartOfContent("Send the whole content: Content-Range is not supported.")
    codings = ",".join(headers.getlist("content-encoding")).lower().split(",")
    if {coding.strip() for coding in codings} - {"", "identity"}:
        raise EncodingUnsupported("Send the content as it is: Content-Encoding is not supported.")
    if headers.get("x-amz-content-sha256", "").upper().startswith("STREAMING-") or "x-amz-trailer" in headers:
        raise EncodingUnsupported("Send the content as it is: signed chunks (aws-chunked) are not supported.")


class Announced:
    """What the headers announce of the body. Pass the body through `checked`."""

    def __init__(self, headers: Headers) -> None:
        """Read the headers.

        Raises:
            EncodingUnsupported: (415).
            InvalidChecksum: (400).
        """
        refuse_encoding(headers)
        # One per algorithm, however often a header repeats it: each costs time for every byte of the body.
        self._sums: dict[str, tuple[str, _Sum, bytes]] = {}
        for name, value in headers.items():
            if name == "content-md5":
                self._expect(name, "md5", _base64(name, value))
            elif name == "x-amz-content-sha256" and value.upper() != "UNSIGNED-PAYLOAD":
                self._expect(name, "sha256", _hexadecimal(name, value))
            elif name.startswith(_S3) and name.removeprefix(_S3) not in _S3_OTHER:
                self._expect(name, name.removeprefix(_S3), _base64(name, value))
            elif name == "oc-checksum":
                self._read_oc(name, value)
            elif name in _DIGESTS:
                self._read_digest(name, value)

    def __bool__(self) -> bool:
        return bool(self._sums)

    async def checked(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield `stream`.

        Raises:
            HashMismatch: at its end, if it is not what was announced (400).
        """
        async for piece in stream:
            for _, each, _ in self._sums.values():
                each.update(piece)
            yield piece
        for name, each, expected in self._sums.values():
            if not hmac.compare_digest(each.digest(), expected):
                raise HashMismatch(f"The body does not have the checksum that {name} announces.")

    def _read_digest(self, name: str, value: str) -> None:
        for member in value.split(","):
            found = _MEMBER.fullmatch(member)
            if found is None or found[2] != found[4]:
                raise InvalidChecksum(f"{name} is malformed.")
            algorithm = _known(found[1])
            if algorithm in _HASHES or algorithm in _CODES:
                self._expect(name, algorithm, _base64(name, found[3]))

    def _read_oc(self, name: str, value: str) -> None:
        for member in value.replace(",", " ").split():
            algorithm, _, told = member.partition(":")
            self._expect(name, _known(algorithm), _hexadecimal(name, told))

    def _expect(self, name: str, algorithm: str, expected: bytes) -> None:
        if algorithm in self._sums:
            other, _, told = self._sums[algorithm]
            if told != expected:
                raise InvalidChecksum(f"{name} contradicts {other}, or itself.")
            return
        if algorithm in _HASHES:
            size = _HASHES[algorithm]
            made: _Sum = hashlib.new(algorithm, usedforsecurity=False)
        elif algorithm in _CODES:
            size, made = 4, _Code(_CODES[algorithm], int(algorithm == "adler32"))
        else:
            known = ", ".join([*_HASHES, *_CODES])
            raise InvalidChecksum(f"{name}: this server can check {known}.")
        if len(expected) != size:
            raise InvalidChecksum(f"{name} must hold {size} bytes.")
        self._sums[algorithm] = name, made, expected


def _known(algorithm: str) -> str:
    return _ALIASES.get(algorithm.lower(), algorithm.lower())


def _base64(name: str, value: str) -> bytes:
    try:
        return b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidChecksum(f"{name} is not Base64.") from None


def _hexadecimal(name: str, value: str) -> bytes:
    if not _HEX.fullmatch(value.strip()):
        raise InvalidChecksum(f"{name} is not hexadecimal.")
    return bytes.fromhex(value.strip())
