"""Count the solids and faces of a STEP file (ISO 10303-21) without reading it into memory.

Only the names of entities are looked at, outside strings and comments and after `DATA;`. What an assembly uses several
times is defined once, and counts once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 1024 * 1024
# Longer than any name looked for: so much of a chunk's end waits for the next one.
KEPT = 64

SOLIDS = (b"MANIFOLD_SOLID_BREP", b"BREP_WITH_VOIDS", b"FACETED_BREP", b"TESSELLATED_SOLID")
FACES = (
    b"ADVANCED_FACE",
    b"FACE_SURFACE",
    b"TRIANGULATED_FACE",
    b"COMPLEX_TRIANGULATED_FACE",
    b"COMPLEX_TRIANGULATED_SURFACE_SET",
)

_NAMES = b"|".join([*SOLIDS, *FACES])
# A string that ends within what was read is skipped as one; a doubled quote in it looks like two strings.
_MARKS = re.compile(rb"'[^']*'|'|/\*|(?<![A-Z0-9_!.])(?:" + _NAMES + rb")(?![A-Z0-9_.])")
_START = re.compile(rb"'[^']*'|'|/\*|(?<![A-Z0-9_])DATA(?![A-Z0-9_])")
_SIGNATURE = re.compile(rb"ISO-10303-21\s*;")
# The signature may follow blanks and comments.
SIGNATURE_WITHIN = 64 * 1024


@dataclass
class StepCounts:
    """`is_step` says whether the file begins as STEP files do."""

    is_step: bool = False
    solids: int = 0
    faces: int = 0


class _Reader:
    def __init__(self) -> None:
        self.counts = StepCounts()
        self._rest = b""
        self._until: bytes | None = None  # what ends the string or comment that has begun
        self._in_data = False

    def feed(self, chunk: bytes, *, is_last: bool) -> None:
        text = self._rest + chunk
        end = len(text) if is_last else max(0, len(text) - KEPT)
        at = (
            1 if self._rest and self._until is None else 0
        )  # one byte before what is new, for the look behind
        while at < end:
            if self._until is not None:
                found = text.find(self._until, at)
                if found < 0:
                    at = max(at, len(text) - 1)  # half of a comment's end may be there
                    break
                at = found + len(self._until)
                self._until = None
                continue
            match = (_MARKS if self._in_data else _START).search(text, at)
            if match is None or match.start() >= end:
                at = end
                break
            self._met(match.group())
            at = match.end()
        self._rest = text[max(0, at - 1) :] if self._until is None else text[at:]

    def _met(self, word: bytes) -> None:
        if word == b"/*":
            self._until = b"*/"
        elif word == b"'":
            self._until = b"'"
        elif word == b"DATA":
            self._in_data = True
        elif word in SOLIDS:
            self.counts.solids += 1
        elif word in FACES:
            self.counts.faces += 1


def count(file: BinaryIO) -> StepCounts:
    """Read the file once, a chunk at a time."""
    reader = _Reader()
    chunk = file.read(CHUNK)
    reader.counts.is_step = _SIGNATURE.search(chunk[:SIGNATURE_WITHIN]) is not None
    while chunk:
        following = file.read(CHUNK)
        reader.feed(chunk, is_last=not following)
        chunk = following
    return reader.counts
