"""Names of stored files (parts contract, section 6)."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
_BLANKS = re.compile(r"\s+")
_OTHERS = re.compile(r"[^A-Za-z0-9_.-]")


def extension_of(name: str) -> str:
    """Return what follows the last dot of `name`, in lower case; empty if there is no dot."""
    last = re.split(r"[/\\]", name)[-1]
    return last.rpartition(".")[2].lower() if "." in last else ""


def safe(name: str) -> str:
    """Return `name` without path, in plain characters; perhaps empty."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    plain = _OTHERS.sub("", _BLANKS.sub("_", plain.strip())).strip("._")
    stem, dot, extension = plain.rpartition(".")
    if len(plain) > LONGEST and dot:
        return f"{stem[: LONGEST - len(extension) - 1].rstrip('._')}.{extension}"
    return plain[:LONGEST]


def stored_name(name: str, part_id: int) -> str:
    """Return the name under which an upload is kept: `part-<id>.<extension>` where nothing is left of its own."""
    extension = extension_of(name)
    plain = safe(name)
    stem, dot, kept = plain.rpartition(".")
    if not dot or not stem.strip("._") or kept.lower() != extension:
        return f"part-{part_id}.{extension}"
    return plain
