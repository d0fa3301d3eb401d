"""Writes docs/errors.md from the refusals the program declares; `--check` only says whether it is fresh."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import toolcrib
from toolcrib.kernel.problems import Problem

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"

HEAD = """# Error codes

This page is generated from the program (`scripts/error_docs.py`).

A refusal is JSON: `message` is a sentence for people, `code` a word for programs, `details` whatever helps. Codes do
not change once released; sentences may. Under `/api/storage` the word is in `message`, and in capitals in `error`;
on the machine pool's routes (sign-in and accounts) it is in `error` too; `git lfs` is told the sentence only. Under
`/dav` a refusal is XML, with `message` and `code` in the namespace `urn:toolcrib`, and WebDAV's own statuses:
`file_locked` is 423 there and `storage_full` is 507.

| Code | Status | Meaning |
|---|---|---|
"""

# Said by the framework, or before the application is asked.
FRAMEWORK = {
    ("method_not_allowed", 405): "The address exists, for other methods.",
    ("unsupported_media_type", 415): "The body is of a type this address does not read.",
    ("not_http", 400): "What was sent is not HTTP; the connection is closed.",
    ("head_too_large", 431): "The head of the request is larger than 64 KiB.",
    (
        "server_full",
        503,
    ): "The process has as many connections as it takes; only its health may be asked now.",
    ("server_error", 500): "A fault of ours; the answer names the request, and the log has the rest.",
}


def refusals(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        if each.__module__.startswith("toolcrib."):
            yield each
            yield from refusals(each)


def load_everything() -> None:
    """Refusals are found by their classes, and a server imports some modules at their first use only."""
    for module in pkgutil.walk_packages(toolcrib.__path__, "toolcrib."):
        if not module.name.startswith(("toolcrib.migrations", "toolcrib.__main__")):
            import_module(module.name)


def page() -> str:
    load_everything()
    found: dict[tuple[str, int], str] = dict(FRAMEWORK)
    for kind in refusals():
        said = (kind.__doc__ or "").strip().split("\n\n")[0]
        text = " ".join(said.split()).replace("|", "\\|")
        key = (kind.code, kind.status)
        if text and not found.get(key):
            found[key] = text
        found.setdefault(key, "")
    rows = [f"| `{code}` | {status} | {text} |\n" for (code, status), text in sorted(found.items())]
    return HEAD + "".join(rows)


def main() -> int:
    fresh = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == fresh else 1
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
