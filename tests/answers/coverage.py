"""Which operations of the server's own description the script reached, and how."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

METHODS = {"get", "head", "post", "put", "patch", "delete"}
# Parameters that take slashes too.
_DEEP = {"asset_path", "project", "username", "key"}


def operations(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, item in document.get("paths", {}).items()
        for method in item
        if method in METHODS
    ]


def gaps(document: dict[str, Any], asked: Iterable[tuple[str, str, int]]) -> Iterator[tuple[str, str, str]]:
    """Operations never reached with success, or never with a refusal: method, path, and what is missing."""
    found = operations(document)
    reached: dict[tuple[str, str], set[str]] = {each: set() for each in found}
    patterns = [(method, path, _pattern(path)) for method, path in sorted(found, key=_plainest_first)]
    for method, path, status in asked:
        for its_method, template, pattern in patterns:
            if method == its_method and pattern.fullmatch(path):
                reached[method, template].add("success" if status < 400 else "refusal")
                break
    for (method, path), ways in reached.items():
        for missing in sorted({"success", "refusal"} - ways):
            yield method, path, missing


def _plainest_first(operation: tuple[str, str]) -> tuple[int, int]:
    return operation[1].count("{"), -len(operation[1])


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(?::path)?\}", template)
    return re.compile(
        "".join(
            re.escape(part) if index % 2 == 0 else ".+" if part in _DEEP else "[^/]+"
            for index, part in enumerate(parts)
        )
    )
