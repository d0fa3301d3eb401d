"""Tags of machines, and expressions over them: `gpu && !flaky`, `(a100 || h100) && linux`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Set
from functools import lru_cache
from typing import Any

from toolcrib.kernel.problems import InvalidRequest

TAG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
MAX_TAGS = 64
EXPRESSION_LENGTH = 500
DEEPEST = 20
_TOKEN = re.compile(rf"\s*({TAG.pattern}|&&|\|\||!|\(|\))")

Matches = Callable[[Set[str]], bool]


class BadTags(InvalidRequest):
    code = "bad_tags"


def own_tags(own: Mapping[str, Any]) -> list[str]:
    """The tags in the `tags` of a machine that administrators gave it; none if they cannot be read."""
    found = own.get("tags")
    return [tag for tag in found if isinstance(tag, str)] if isinstance(found, list) else []


def tags_of(own: Mapping[str, Any], facts: Mapping[str, Any]) -> frozenset[str]:
    """All tags of a machine: those that administrators gave it, and those of what was found on it."""
    found = set(own_tags(own))
    for name in ("os_id", "architecture"):
        if isinstance(value := facts.get(name), str) and TAG.fullmatch(value):
            found.add(value)
    if facts.get("os_id") and facts.get("os_version"):
        found.add(f"{facts['os_id']}-{facts['os_version']}")
    if facts.get("gpus"):
        found.add("gpu")
    if isinstance(cores := facts.get("cores"), int):
        found.add(f"cores:{cores}")
    return frozenset(found)


class Expression:
    """`names` are the tags that it asks for, without those to be left out; `matches` says whether a machine with some
    tags is meant.

    Raises:
        BadTags: the text is no expression (400).
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        if len(self.text) > EXPRESSION_LENGTH:
            raise BadTags(f"A tag expression has at most {EXPRESSION_LENGTH} characters.")
        self.names: set[str] = set()
        self._tokens = self._split(self.text)
        self._at = self._depth = 0
        self._leaves_out = False
        self.matches: Matches = self._either()
        if self._at < len(self._tokens):
            raise self._bad()

    def _split(self, text: str) -> list[str]:
        found, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise BadTags("Tags are joined by &&, || and !, with parentheses: gpu && !flaky.")
            found.append(match[1])
            at = match.end()
        return found

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _taken(self, token: str) -> bool:
        if self._next() != token:
            return False
        self._at += 1
        return True

    def _bad(self) -> BadTags:
        what = (
            f"“{self._next()}” is not expected there" if self._next() else "something is missing at its end"
        )
        return BadTags(f"The tag expression cannot be read: {what}.")

    def _either(self) -> Matches:
        parts = [self._both()]
        while self._taken("||"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda tags: any(part(tags) for part in parts)

    def _both(self) -> Matches:
        parts = [self._one()]
        while self._taken("&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda tags: all(part(tags) for part in parts)

    def _one(self) -> Matches:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadTags(f"A tag expression has at most {DEEPEST} levels.")
        try:
            if self._taken("!"):
                self._leaves_out = not self._leaves_out
                inner = self._one()
                self._leaves_out = not self._leaves_out
                return lambda tags: not inner(tags)
            if self._taken("("):
                inner = self._either()
                if not self._taken(")"):
                    raise self._bad()
                return inner
            name = self._next()
            if not TAG.fullmatch(name):
                raise self._bad()
            self._at += 1
            if not self._leaves_out:
                self.names.add(name)
            return lambda tags: name in tags
        finally:
            self._depth -= 1


@lru_cache(maxsize=1_024)
def expression(text: str) -> Expression:
    """As `Expression(text)`, which programs ask for again and again."""
    return Expression(text)
