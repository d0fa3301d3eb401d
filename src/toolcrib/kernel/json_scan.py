"""Bounds on JSON before it is parsed, and objects with long lists that are parsed as they arrive.

A JSON parser keeps the interpreter's lock until it is done, also in a thread: nine megabytes of `[]` stop everything
else for seconds. So a body is scanned first, in pieces and without building anything. What is not JSON passes the
scan: a parser stops where the first error is, and up to there it has met no more than the scan.
"""

from __future__ import annotations

import re
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
# What is scanned, and of a long list parsed, in one go.
PIECE = 65_536
# The largest value in bytes directly in a long object, other than a list.
MAX_MEMBER = 1_048_576

# A string to its end, or what has come of it; a structural character; a number, or another word's letter `e`.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:(")|\\?\Z)|[\[\]{},]|[-+.0-9eE]++', re.DOTALL)
# JSON without half characters among its escapes; in bytes, a half, which UTF-8 does not allow.
_NO_HALVES = re.compile(
    rb"(?:[^\\]++|\\(?!u[dD][89a-fA-F]).|\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2})*+",
    re.DOTALL,
)
_HALF = re.compile(rb"\xed[\xa0-\xbf]")
_BYTE_ORDER_MARK = b"\xfe"  # or more: no text in UTF-8 begins so
_TEXT, _COMMA = ord('"'), ord(",")
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_LIST, _LIST_END, _OBJECT, _OBJECT_END = b"[]{}"


class BadJson(InvalidRequest):
    """The JSON nests too deep, holds too many values or too long ones, or text that is none."""


def check_text(body: bytes) -> None:
    """Check that the text in `body` can be written in UTF-8. Some parsers take other encodings, and halves of
    characters outside the first 65,536 (lone surrogates), which neither databases nor answers can hold.

    Raises:
        BadJson: it cannot (400).
    """
    if b"\0" in body[:2] or body[:1] >= _BYTE_ORDER_MARK:
        raise BadJson("The body must be UTF-8.")
    if (b"\\u" in body and not _NO_HALVES.fullmatch(body)) or (b"\xed" in body and _HALF.search(body)):
        raise BadJson("The body holds half a character.")


def is_harmless(body: bytes) -> bool:
    """Whether `body` is too short for any harm, without scanning it."""
    return len(body) <= SMALL and body.count(b"[") + body.count(b"{") <= MAX_DEPTH


class JsonScan:
    """Counts what is in a JSON text that comes in pieces."""

    def __init__(self) -> None:
        self.values = 1
        self.depth = 0
        self._text = b""  # what has to be looked at again with the next piece
        self._scanned = 0  # the part of it that has not

    def feed(self, piece: bytes) -> None:
        """Scan the next piece, of at most PIECE bytes.

        Raises:
            BadJson: what has come by now is beyond the bounds (400).
        """
        text = self._text + piece if self._text else piece
        at = len(text)
        for found in _TOKEN.finditer(text, self._scanned):
            start, end = found.span()
            first = text[start]
            if first == _COMMA:
                self.values += 1
                if self.values > MAX_VALUES:
                    raise BadJson(f"The body holds more than {MAX_VALUES} values.")
            elif first == _TEXT:
                if end - start > MAX_TEXT:
                    raise BadJson(f"The body holds a text of more than {MAX_TEXT} bytes.")
                if found.lastindex is None:
                    at = start
                    break
                continue
            elif first in _OPENING:
                self.values += 1
                self.depth += 1
                if self.depth > MAX_DEPTH:
                    raise BadJson(f"The body is nested deeper than {MAX_DEPTH} levels.")
                if self.values > MAX_VALUES:
                    raise BadJson(f"The body holds more than {MAX_VALUES} values.")
            elif first in _CLOSING:
                self.depth -= 1
            else:
                if end - start > MAX_NUMBER:
                    raise BadJson(f"The body holds a number of more than {MAX_NUMBER} digits.")
                if end == len(text):
                    at = start
                continue
            self._met(text, first, start)
        kept = self._keep_from(at)
        self._text, self._scanned = text[kept:], at - kept

    def _met(self, text: bytes, character: int, at: int) -> None:
        """A structural character outside of strings; `depth` is what it is behind it."""

    def _keep_from(self, at: int) -> int:
        return at


class ObjectReader(JsonScan):
    """Parses a JSON object that comes in pieces. Lists directly in it are parsed as they arrive, so neither they nor
    their text keep the interpreter for long; everything else in it is short."""

    def __init__(self) -> None:
        super().__init__()
        self._fields: dict[str, Any] = {}
        self._items: list[Any] | None = None  # of the list that is open
        self._cut = 0  # up to here `_text` is parsed
        self._began = self._ended = False
        self._is_listed = False  # the present member was a list, which has ended

    def finish(self) -> dict[str, Any]:
        """Return the object.

        Raises:
            ValueError: what came is not one JSON object.
        """
        if not self._ended or self._text[self._cut :].strip():
            raise ValueError("not one JSON object")
        return self._fields

    def _keep_from(self, at: int) -> int:
        kept, self._cut = self._cut, 0
        if at - kept > MAX_MEMBER:
            raise BadJson(f"The body holds a value of more than {MAX_MEMBER} bytes.")
        return kept

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
            if at - self._cut >= PIECE // 4:
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
