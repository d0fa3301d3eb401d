"""What differs from run to run in an answer, replaced by what stays.

A value that is new in every run becomes `<kind:number>`, counted by first sight, so that two places that showed
the same value still show the same.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NUMBER_NAMES = re.compile(r"(^|_)(id|seq|fence|cursor|before|after)$")
_MEASURED_NAMES = {
    "uptime_seconds",
    "response_time_ms",
    "subscribers",
    "request_id",
    "held_seconds",
    "retry_after_seconds",
}
# All that is masked holds one of these.
_SUSPECT = re.compile(r"\d|tck_|quote request")
_DAY = r"20\d\d-\d\d-\d\d"
_HTTP_DATE = r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} 20\d\d \d\d:\d\d:\d\d GMT"
# Far ends that the script itself asks for.
_OWN_TIMES = re.compile(r"2099-")


class Masks:
    """Those of one recording, which share their counts."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, int]] = {}
        self._origin = ""
        self._patterns: list[tuple[re.Pattern[str], str]] = [
            (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]+"), "token"),
            (re.compile(r"(?<=LFS-Ticket )[\w=-]+\.\w+"), "ticket"),
            (re.compile(r"\btck_[\w-]{9,}"), "api-key"),
            (re.compile(r"\btck_[\w-]{8}"), "api-key-prefix"),
            (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "uuid"),
            (re.compile(r"(blobs/[0-9a-f]{2}/)?(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "object"),
            (re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])"), "folder"),
            (re.compile(r"(?<=bucket_id )[\w+/]+=*"), "metadata"),
            (re.compile(r'(?<=")\d+-\d+-[0-9a-f]{18}(?=")'), "etag"),
            (re.compile(r"(?<=quote request )[\w-]+", re.IGNORECASE), "request"),
            (re.compile(rf"{_DAY}[T ]\d\d:\d\d:\d\d(\.\d+|(?=\+00:00))"), "time"),
        ]

    def at(self, origin: str) -> None:
        """The server's own address, from here on."""
        self._origin = origin

    def text(self, text: str) -> str:
        if not _SUSPECT.search(text):
            return text
        text = text.replace(self._origin, "<server>").replace(self._origin.partition("//")[2], "<host>")
        for pattern, kind in self._patterns:
            text = pattern.sub(lambda found, kind=kind: self._counted(kind, found[0]), text)  # type: ignore[misc]
        # Whole seconds and minutes fall together by chance: they are not counted.
        text = re.sub(rf"{_DAY}[T ]\d\d:\d\d:\d\d", lambda found: self._unless_own(found[0], "second"), text)
        text = re.sub(rf"{_DAY} \d\d:\d\d", lambda found: self._unless_own(found[0], "minute"), text)
        text = re.sub(rf"{_DAY}( |%20)\d\d-\d\d", "<minute>", text)  # in the names of drafts
        text = re.sub(r"(?<=Try again in )\d+(?= s)", "<number>", text)
        text = re.sub(r"20\d{6}T\d{6}Z", "<second>", text)
        text = re.sub(r"(?<=X-Amz-Signature=)[0-9a-f]{64}", "<signature>", text)
        text = re.sub(r"(?<=X-Amz-Credential=minioadmin%2F)20\d{6}", "<day>", text)
        text = re.sub(_HTTP_DATE, "<date>", text)
        text = re.sub(r"\d+(?= MiB free)", "<number>", text)
        text = re.sub(r"Second-(\d+)", lambda found: f"Second-{-(-int(found[1]) // 60) * 60}", text)
        return re.sub(r"(?<=claim=)\d+", lambda found: self._counted("n", found[0]), text)

    def value(self, value: Any, name: str = "", beside: frozenset[str] = frozenset()) -> Any:
        """What JSON holds, below the key `name` of an object that also has the keys `beside`."""
        if isinstance(value, dict):
            names = frozenset(value)
            return {self.text(key): self.value(each, key, names) for key, each in value.items()}
        if isinstance(value, list):
            return [self.value(each, name, beside) for each in value]
        if isinstance(value, bool) or value is None:
            return value
        if name in _MEASURED_NAMES:
            return f"<{type(value).__name__}>"
        if _NUMBER_NAMES.search(name):
            # Accounts and API keys are counted by the database, all else by the event log.
            kind = "user" if "username" in beside else "api-key-id" if "prefix" in beside else "n"
            if isinstance(value, int):
                return f"#{self._counted(kind, str(value))}"
            if isinstance(value, str) and value.isascii() and value.isdecimal():
                return self._counted(kind, value)
        return self.text(value) if isinstance(value, str) else value

    def lines(self, text: str, media_type: str) -> list[str]:
        """A body that is no JSON, line by line."""
        if media_type == "text/event-stream":
            return [self._event_line(line) for line in text.splitlines()]
        if media_type == "text/csv":
            text = re.sub(r"^\d+", lambda found: self._counted("n", found[0]), text, flags=re.MULTILINE)
        if media_type.endswith("/xml"):
            text = text.replace("><", ">\n<")
        return self.text(text).splitlines()

    def _event_line(self, line: str) -> str:
        name, _, rest = line.partition(": ")
        if name == "id":
            return f"id: {self._counted('n', rest)}"
        if name == "data":
            return f"data: {json.dumps(self.value(json.loads(rest)), sort_keys=True)}"
        return self.text(line)

    def _counted(self, kind: str, value: str) -> str:
        seen = self._seen.setdefault(kind, {})
        return f"<{kind}:{seen.setdefault(value, len(seen) + 1)}>"

    @staticmethod
    def _unless_own(moment: str, kind: str) -> str:
        return moment if _OWN_TIMES.match(moment) else f"<{kind}>"
