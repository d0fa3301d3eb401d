"""What somebody asks of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, Strict, TypeAdapter, ValidationError

from toolcrib.kernel.stored_json import report_damage
from toolcrib.machines.models import reservations
from toolcrib.machines.tags import BadTags, expression

# As many as a request may ask for.
Count = Annotated[int, Strict(), Field(ge=1, le=10_000)]
Word = Annotated[str, Strict()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """`count` machines, or as few as `at_least`: these `names`, or any that `tags` fits, of `scope` or of any."""

    count: Count = 1
    at_least: Count = 1
    names: tuple[Word, ...] = ()
    tags: Word | None = None
    scope: Word | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "at_least": self.at_least,
            "names": list(self.names),
            "tags": self.tags,
            "scope": self.scope,
        }

    @classmethod
    def of(cls, row: Any) -> Wanted:
        """What the row of a reservation says. If it cannot be read, no machine: so its reservation gets none."""
        try:
            found = _STORED.validate_python(row.wanted)
            if found.tags is not None:
                expression(found.tags)
            # What is missing, or is more than `as_json` writes, was not written by it.
            if found.at_least <= found.count and found.as_json() == row.wanted:
                return found
        except (ValidationError, BadTags):
            pass
        report_damage(reservations.name, row.id)
        return cls(count=0)

    @property
    def is_damaged(self) -> bool:
        return self.count == 0


_STORED = TypeAdapter(Wanted)


def keys_of(access: dict[str, Any]) -> dict[str, list[str]]:
    """Return the public keys in the `access` of a reservation, by the UUID of whoever brought them; none if they cannot
    be read."""
    found = access.get("keys", {})
    is_whole = isinstance(found, dict) and all(
        isinstance(keys, list) and all(isinstance(key, str) for key in keys) for keys in found.values()
    )
    return found if is_whole else {}
