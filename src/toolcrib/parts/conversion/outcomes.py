"""What can come of a conversion, in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from toolcrib.settings import Settings

LIBRARY = "cascadio"
NOT_INSTALLED = (
    "Models cannot be shown: the converter is not installed on this server (pip install toolcrib[parts])."
)
STILL_UNDER_WAY = "The model is still being converted."


class Problem(StrEnum):
    """Why a content has no model. These are remembered."""

    UNREADABLE = "unreadable"
    EMPTY = "empty"
    TOO_LONG = "too_long"
    NO_MEMORY = "no_memory"
    CRASHED = "crashed"
    DIED = "died"


TEXTS = {
    Problem.UNREADABLE: "This is no STEP file, or it is damaged.",
    Problem.EMPTY: "Nothing in this file has a surface that could be shown.",
    Problem.TOO_LONG: "The conversion took longer than CONVERT_TIMEOUT allows.",
    Problem.NO_MEMORY: "The conversion needs more memory than CONVERT_MEMORY_MB allows.",
    Problem.CRASHED: "The converter crashed on this file: it is damaged, or needs more memory than CONVERT_MEMORY_MB "
    "allows.",
    Problem.DIED: "The converter was ended several times before it had finished.",
}


@dataclass(frozen=True)
class Converted:
    """`model` and `picture` are in the scratch folder; `picture` is there only if `has_picture`."""

    figures: dict[str, Any] = field(default_factory=dict)
    has_picture: bool = False


@dataclass(frozen=True)
class Failed:
    """The content cannot be converted."""

    problem: Problem


@dataclass(frozen=True)
class Interrupted:
    """The content is not to blame; `reason` is for the log. `counts` says that this may happen a few times only."""

    reason: str
    counts: bool = False


Outcome = Converted | Failed | Interrupted


@cache
def _library_version() -> str | None:
    if find_spec(LIBRARY) is None or find_spec("numpy") is None:
        return None
    try:
        return version(LIBRARY)
    except PackageNotFoundError:
        return "unknown"


def is_installed() -> bool:
    """Whether this server can convert."""
    return _library_version() is not None


def limits_of(settings: Settings) -> str:
    """Return what a failure depends on. It is not remembered where this differs."""
    return f"{LIBRARY} {_library_version()}, {settings.convert_timeout:g} s, {settings.convert_memory_mb} MB"
