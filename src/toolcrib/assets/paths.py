"""Normalise asset paths, so that one file has one key (asset-locks contract, section 3.1)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from toolcrib.kernel.problems import InvalidRequest

MAX_PATH = 1024
_SLASHES = re.compile("/{2,}")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
# Control characters (C0, DEL, C1) and lone surrogates cannot be shown, typed or stored.
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadPath(InvalidRequest):
    code = "invalid_path"


def normalise(path: str) -> str:
    """Return the path with `/` for backslashes, repeated `/` reduced to one and none at the ends, and without `.` and
    `..`. Case and composition are kept: `Ref` compares composed.

    Raises:
        BadPath: the path is empty or too long (over 1024 characters), leads out of the root, or has characters that no
            file name has (400).
    """
    found = path.replace("\\", "/").strip("/")
    if "//" in found:
        found = _SLASHES.sub("/", found)
    # The pattern tries each place of a path; most have no name that begins with a dot.
    if ("/." in found or found.startswith(".")) and _DOTS.search(found):
        found = _resolved(found)
    if not found:
        raise BadPath("asset_path must name a file.")
    if len(found) > MAX_PATH:
        raise BadPath(f"asset_path is longer than {MAX_PATH} characters.")
    if not (found.isascii() and found.isprintable()) and _UNUSABLE.search(found):
        raise BadPath("asset_path contains control characters or invalid text.")
    return found


def _resolved(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                raise BadPath("asset_path leads out of the project.")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def from_url(raw_path: bytes, query: bytes, prefix: str) -> tuple[str, ...]:
    """Return the asset paths that the URL below `prefix` may mean, the most likely first.

    The query string is part of the path: an earlier client sends `?` unencoded, and using the part before it would
    affect another file. The same client leaves `%20` in a file name unencoded, so the undecoded text comes second.
    Candidates that cannot be paths are left out.
    """
    text = raw_path.decode("latin-1")
    at = text.find(prefix)
    if at < 0:
        at, prefix = text.find("/locks/"), "/locks/"
    sent = text[at + len(prefix) :] + (f"?{query.decode('latin-1')}" if query else "")
    guesses: list[str] = []
    for guess in (unquote(sent, errors="surrogateescape"), sent):
        try:
            path = normalise(guess)
        except BadPath:
            continue
        if path not in guesses:
            guesses.append(path)
    if not guesses:
        raise BadPath("The address names no asset path.")
    return tuple(guesses)
