"""`.gitattributes`: which patterns git-lfs stores, and which of them it keeps read-only until locked."""

import re
from dataclasses import dataclass
from pathlib import Path

from toolcrib.cli.core.repository import Repository

# Merging these by hand is impossible, so tracking them without locking is always an oversight.
ALWAYS_LOCKABLE = ("uasset", "umap")

_LINE = re.compile(r"^(?P<pattern>\"(?:[^\"\\]|\\.)*\"|[^\s#]\S*)\s+(?P<attributes>.*\S)\s*$")


@dataclass(frozen=True)
class Line:
    """A line of a `.gitattributes` file that hands files to git-lfs."""

    file: Path
    number: int
    pattern: str
    lockable: bool

    @property
    def must_lock(self) -> bool:
        return self.pattern.strip('"').lower().endswith(tuple(f".{one}" for one in ALWAYS_LOCKABLE))


def lfs_lines(repository: Repository) -> list[Line]:
    """Return the LFS lines of every `.gitattributes`, committed or new."""
    listing = repository.git(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":(glob)**/.gitattributes"
    )
    found = []
    for name in sorted(set(listing.decode(errors="surrogateescape").split("\0")) - {""}):
        file = repository.root / name
        for number, text in enumerate(_read(file)):
            match = _LINE.match(text)
            attributes = match["attributes"].split() if match else []
            if match and "filter=lfs" in attributes:
                found.append(Line(file, number, match["pattern"], "lockable" in attributes))
    return found


def make_lockable(lines: list[Line]) -> None:
    """Add `lockable` to these lines and leave everything else as it is."""
    for file in {line.file for line in lines}:
        text = _read(file)
        for line in lines:
            if line.file == file:
                words = [
                    word for word in text[line.number].split(" ") if word not in ("-lockable", "!lockable")
                ]
                text[line.number] = " ".join(words).rstrip() + " lockable"
        file.write_text("\n".join(text) + "\n", encoding="utf-8", errors="surrogateescape", newline="\n")


def _read(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if file.is_file() else []
