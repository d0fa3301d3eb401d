"""Bounds on JSON before it is parsed, and objects with long lists that are parsed as they arrive.

A JSON parser keeps the interpreter's lock until it is done, also in a thread: nine megabytes of `[]` stop everything
else for seconds. So a body is scanned first, in pieces and without building anything. What is not JSON passes the
scan: a parser stops where the first error is, and up to there it has met no more than the scan.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any, cast

import orjson

from toolcrib.kernel.problems import InvalidRequest

MAX_VALUES = 20_000
MAX_DEPTH = 64
# In bytes, as sent: 10,000 characters that are all escaped (`\ud83d\ude00`) fit into the former.
MAX_TEXT = 131_072
MAX_NUMBER = 400
# Neither too deep nor too many values, whatever it holds, if it opens no more than MAX_DEPTH: no scan is needed.
SMALL = 1_024
# What is scanned, and of a long list parsed, in one go: a millisecond or two, whatever it holds.
PIECE = 16_384
# The largest value in bytes directly in a long object, other than a list.
MAX_MEMBER = 1_048_576

_STRUCTURE = re.compile(rb"[\[\]{},]")
# Whatever numbers are made of becomes a zero, everything else a space.
_NUMERIC = bytes(ord("0" if chr(code) in "+-.0123456789eE" else " ") for code in range(256))
_NUMBER_ENDS = b"+-.0123456789eE"
_TOO_LONG = b"0" * (MAX_NUMBER + 1)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# JSON without half characters among its escapes; in bytes, a half, which UTF-8 does not allow.
_NO_HALVES = re.compile(
    rb"(?:[^\\]++|\\(?!u[dD][89a-fA-F]).|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})*+",
    re.DOTALL,
)
_HALF = re.compile(rb"\xed[\xa0-\xbf]")
_BYTE_ORDER_MARK = b"\xfe"  # or more: no text in UTF-8 begins so
_COMMA = ord(",")
_LIST, _LIST_END, _OBJECT, _OBJECT_END = b"[]{}"


NOT_UTF8 = "The body must be UTF-8."


class BadJson(InvalidRequest):
    """The JSON nests too deep, holds too many values or too long ones, or text that is none."""


def check_text(body: bytes) -> None:
    """Check that the text in `body` can be written in UTF-8. Some parsers take other encodings, and halves of
    characters outside the first 65,536 (lone surrogates), which neither databases nor answers can hold.

    Raises:
        BadJson: it cannot (400).
    """
    if b"\0" in body[:2] or body[:1] >= _BYTE_ORDER_MARK:
        raise BadJson(NOT_UTF8)
    if (b"\\u" in body and not _NO_HALVES.fullmatch(body)) or (b"\xed" in body and _HALF.search(body)):
        raise BadJson("The body holds half a character.")


def is_harmless(body: bytes) -> bool:
    """Whether `body` is too short for any harm, without scanning it."""
    return len(body) <= SMALL and body.count(b"[") + body.count(b"{") <= MAX_DEPTH


class JsonScan:
    """Counts what is in a JSON text that comes in pieces. It goes over each piece a few times at the speed of memory,
    instead of once from sign to sign."""

    def __init__(self) -> None:
        self.values = 1
        self.depth = 0
        self._in_text = False  # whether the next piece begins inside a text
        self._text_bytes = 0  # what has come of that text
        self._backslash = b""  # the end of the last piece, if what it escapes is in the next
        self._number = b""  # of a number that may go on in the next piece

    def feed(self, piece: bytes) -> None:
        """Scan the next piece, of at most PIECE bytes.

        Raises:
            BadJson: what has come by now is beyond the bounds (400).
        """
        self._scan(piece)

    def _scan(self, piece: bytes) -> tuple[list[bytes], bool]:
        """Scan `piece`, with a backslash before it if one was left. Returns what stands between its quotation marks,
        and whether the first of that is text; texts may have other signs than in `piece`, but the same length."""
        parts = self._split(piece)
        began_in_text = self._in_text
        self._in_text = began_in_text != (len(parts) % 2 == 0)
        self._count_texts(parts, began_in_text)
        bare = self._number + b" ".join(parts[began_in_text::2])
        if _TOO_LONG in bare.translate(_NUMERIC):
            raise BadJson(f"The body holds a number of more than {MAX_NUMBER} digits.")
        self._number = b"" if self._in_text else bare[len(bare.rstrip(_NUMBER_ENDS)) :]
        opened = bare.count(b"[") + bare.count(b"{")
        self.values += bare.count(b",") + opened
        if self.values > MAX_VALUES:
            raise BadJson(f"The body holds more than {MAX_VALUES} values.")
        if self.depth + opened > MAX_DEPTH:
            depths = accumulate(
                map(_STEP.__getitem__, bare.translate(None, _NO_BRACKETS)), initial=self.depth
            )
            if max(depths) > MAX_DEPTH:
                raise BadJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
        self.depth += opened - bare.count(b"]") - bare.count(b"}")
        return parts, began_in_text

    def _split(self, piece: bytes) -> list[bytes]:
        if self._backslash:
            piece = self._backslash + piece
            self._backslash = b""
        if b"\\" in piece:
            piece = piece.replace(b"\\\\", b"__").replace(b'\\"', b"__")
            if piece.endswith(b"\\"):
                self._backslash, piece = b"\\", piece[:-1]
        return piece.split(b'"')

    def _count_texts(self, parts: list[bytes], began_in_text: bool) -> None:
        if began_in_text:
            self._text_bytes += len(parts[0]) + (len(parts) > 1)
            self._check_text_bytes()
        if self._in_text and (not began_in_text or len(parts) > 1):
            self._text_bytes = 1 + len(parts[-1])
            self._check_text_bytes()

    def _check_text_bytes(self) -> None:
        if self._text_bytes > MAX_TEXT:
            raise BadJson(f"The body holds a text of more than {MAX_TEXT} bytes.")


class ObjectReader(JsonScan):
    """Parses a JSON object that comes in pieces. Lists directly in it are parsed as they arrive, so neither they nor
    their text keep the interpreter for long; everything else in it is short."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[str, Any] = {}
        self._text = b""  # what has come and is not parsed
        self._items: list[Any] | None = None  # of the list that is open
        self._cut = 0  # up to here what has come is parsed
        self._began = self._ended = False
        self._is_listed = False  # the present member was a list, which has ended

    def finish(self) -> dict[str, Any]:
        """Return the object.

        Raises:
            ValueError: what came is not one JSON object.
        """
        if not self._ended or self._text.strip():
            raise ValueError("not one JSON object")
        return self._fields

    def feed(self, piece: bytes) -> None:
        at = len(self._text) - len(self._backslash)
        depth = self.depth
        parts, is_text = self._scan(piece)
        text = self._text + piece
        depth_behind, self.depth = self.depth, depth
        for part in parts:
            if not is_text and part:
                for found in _STRUCTURE.finditer(part):
                    character = part[found.start()]
                    self.depth += _STEP.get(character, 0)
                    self._met(text, character, at + found.start())
            is_text = not is_text
            at += len(part) + 1
        self.depth = depth_behind
        if len(text) - self._cut > MAX_MEMBER:
            raise BadJson(f"The body holds a value of more than {MAX_MEMBER} bytes.")
        self._text, self._cut = text[self._cut :], 0

    def _met(self, text: bytes, character: int, at: int) -> None:
        if not self._began or self._ended:
            if self._ended or character != _OBJECT or text[self._cut : at].strip():
                raise ValueError("not one JSON object")
            self._began, self._cut = True, at + 1
        elif self._items is not None:
            self._met_in_list(self._items, text, character, at)
        elif self.depth == 2 and character == _LIST:
            if self._is_listed:
                raise ValueError("a list behind a list")
            name, _ = _only_member(b"{" + text[self._cut : at] + b"[]}")
            self._items = self._fields[name] = []
            self._cut = at + 1
        elif self.depth == 1 and character == _COMMA:
            self._end_member(text[self._cut : at])
            self._cut = at + 1
        elif self.depth == 0:
            is_empty = not self._fields and not text[self._cut : at].strip()
            if character != _OBJECT_END:
                raise ValueError("not one JSON object")
            if not is_empty:
                self._end_member(text[self._cut : at])
            self._ended, self._cut = True, at + 1

    def _met_in_list(self, items: list[Any], text: bytes, character: int, at: int) -> None:
        if self.depth == 2 and character == _COMMA:
            if at - self._cut >= PIECE // 2:
                self._take(items, text[self._cut : at])
                self._cut = at  # the comma stays, so that what follows it must be there
        elif self.depth == 1:
            if character != _LIST_END:
                raise ValueError("a list that does not end as one")
            self._take(items, text[self._cut : at])
            self._items, self._is_listed, self._cut = None, True, at + 1

    def _take(self, items: list[Any], text: bytes) -> None:
        if items:  # then `text` begins with the comma
            items += orjson.loads(b"[0" + text + b"]")[1:]
        else:
            items += orjson.loads(b"[" + text + b"]")

    def _end_member(self, text: bytes) -> None:
        if self._is_listed:
            self._is_listed = False
            if text.strip():
                raise ValueError("something behind a list")
            return
        name, value = _only_member(b"{" + text + b"}")
        self._fields[name] = value


def _only_member(text: bytes) -> tuple[str, Any]:
    (member,) = orjson.loads(text).items()
    return cast("tuple[str, Any]", member)
