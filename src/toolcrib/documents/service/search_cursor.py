"""Where a search goes on, as a text that tells clients nothing: it may hold ids of files that they may not read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import orjson

from toolcrib.documents.caller import Caller
from toolcrib.documents.errors import ValidationFailed
from toolcrib.documents.paths import Place
from toolcrib.kernel.secrets import Envelopes, Secrets

_CURSOR = re.compile(r"[A-Za-z0-9_-]{1,508}={0,2}")


@dataclass(frozen=True, slots=True)
class Shown:
    """The last file that an answer showed: whether its name has all words, and its id."""

    is_named: bool
    id: str


@dataclass(frozen=True, slots=True)
class Position:
    """Among the files whose ids are after `after`, up to `until`, those that come after `shown`. Without `shown` the
    piece of files is still to be chosen: it begins after `after`."""

    after: str = ""
    until: str | None = None
    shown: Shown | None = None


class Cursors:
    """Writes and reads the cursors of one search: those of another caller or another question are refused."""

    def __init__(self, secrets: Secrets, caller: Caller, words: list[str], below: Place | None) -> None:
        self._secrets = secrets
        place = [below.bucket.type, below.bucket.id, below.path] if below else None
        self._question = sha256(orjson.dumps([caller.me.uuid, words, place])).hexdigest()[:32]

    @cached_property
    def _envelopes(self) -> Envelopes:
        return Envelopes(self._secrets, "search cursors")

    def write(self, position: Position) -> str:
        shown = position.shown and [position.shown.is_named, position.shown.id]
        return self._envelopes.seal(orjson.dumps([self._question, position.after, position.until, shown]))

    def read(self, cursor: str) -> Position:
        """Return the position that `write` wrote.

        Raises:
            ValidationFailed: it is none, or of another search (400).
        """
        refusal = ValidationFailed.of("cursor", "must be the next_cursor of an answer to the same search")
        if not _CURSOR.fullmatch(cursor):
            raise refusal
        try:
            question, after, until, shown = orjson.loads(self._envelopes.open(cursor))
        except ValueError:
            raise refusal from None
        if question != self._question:
            raise refusal
        return Position(after, until, Shown(*shown) if shown else None)
