"""One file has one key: how asset paths are written (asset-locks contract, section 3.1)."""

from __future__ import annotations

import re
from urllib.parse import unquote

from toolcrib.kernel.problems import InvalidRequest

MAX_PATH = 1024
_SLASHES = re.compile("/{2,}")
# Control characters (C0, DEL, C1) and lone surrogates cannot be shown, typed or stored.
_UNUSABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadPath(InvalidRequest):
    code = "invalid_path"


def normalise(path: str) -> str:
    """Backslashes become `/`, repeated `/` one, and those at the ends go. Case is kept.

    Raises:
        BadPath: nothing left, too long (over 1024 characters), or characters no file name has (400).
    """
    found = path.replace("\\", "/").strip("/")
    if "//" in found:
        found = _SLASHES.sub("/", found)
    if not found:
        raise BadPath("asset_path must name a file.")
    if len(found) > MAX_PATH:
        raise BadPath(f"asset_path is longer than {MAX_PATH} characters.")
    if not (found.isascii() and found.isprintable()) and _UNUSABLE.search(found):
        raise BadPath("asset_path holds control characters or broken text.")
    return found


def from_url(raw_path: bytes, query: bytes, prefix: str) -> tuple[str, ...]:
    """The asset paths that the URL below `prefix` may mean, likeliest first.

    The query string is part of the path: an earlier client sends `?` unencoded, and acting on the part before it
    would act on another file. The same client leaves `%20` in a file name as it is, so the undecoded text is the
    second guess. Guesses that cannot be paths are left out.
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
