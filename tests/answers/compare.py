"""Two recordings side by side."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator
from typing import Any

_MARK = re.compile(r"<([a-z-]+):(\d+)>")


class Pairs:
    """Which masked value of the new recording stands for which of the old one.

    Paired as they are met on lines that are otherwise equal: one id more in an answer does not make all later
    numbers differ.
    """

    def __init__(self) -> None:
        self._new_of: dict[str, str] = {}
        self._old_of: dict[str, str] = {}

    def old_line(self, line: str) -> str:
        """The line with `?` for each value that has no partner yet, to be looked for in the new recording."""
        return _MARK.sub(
            lambda found: found[0] if found[0] in self._new_of else f"<{found[1]}:?>", line
        ).rstrip(",")

    def new_line(self, line: str) -> str:
        """The line in the old recording's numbers."""
        return _MARK.sub(lambda found: self._old_of.get(found[0], f"<{found[1]}:?>"), line).rstrip(",")

    def agree(self, old: str, new: str) -> bool:
        """Whether two lines that are equal but for their numbers speak of the same things."""
        pairs = list(zip(_marks(old), _marks(new), strict=True))
        if any(self._new_of.get(o, n) != n or self._old_of.get(n, o) != o for o, n in pairs):
            return False
        for one, other in pairs:
            self._new_of[one], self._old_of[other] = other, one
        return True


def without(value: Any, names: frozenset[str]) -> Any:
    """JSON without the keys `names`, however deep."""
    if isinstance(value, dict):
        return {key: without(each, names) for key, each in value.items() if key not in names}
    return [without(each, names) for each in value] if isinstance(value, list) else value


def differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """A text for each step whose answers differ, or that only one recording has."""
    pairs = Pairs()
    for step, answer in old.items():
        if step not in new:
            yield f"- {step}\n    only in the old recording: {answer['status']}"
            continue
        lines = list(_compared(_lines(answer), _lines(new[step]), pairs))
        if lines:
            yield "\n".join([f"! {step}", *(f"    {line}" for line in lines)])
    for step, answer in new.items():
        if step not in old:
            yield f"+ {step}\n    only in the new recording: {answer['status']}"


def _lines(answer: dict[str, Any]) -> list[str]:
    return json.dumps(answer, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _compared(old: list[str], new: list[str], pairs: Pairs) -> Iterator[str]:
    sought = [pairs.old_line(line) for line in old]
    matcher = difflib.SequenceMatcher(None, sought, [pairs.new_line(line) for line in new], autojunk=False)
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            for one, other in zip(old[start:end], new[new_start:new_end], strict=True):
                if not pairs.agree(one, other):
                    yield f"- {one.strip()}"
                    yield f"+ {other.strip()}   (equal but for which is which)"
            continue
        yield from (f"- {line.strip()}" for line in old[start:end])
        yield from (f"+ {line.strip()}" for line in new[new_start:new_end])


def _marks(line: str) -> list[str]:
    return [found[0] for found in _MARK.finditer(line)]
