"""When two spellings are the same name.

Names are compared composed (Unicode NFC): file systems and keyboards write `é` in one character or in two, and nobody
sees which. Whether names that differ only in case are the same is a question of its own: `folded` is equal for those,
by the full case folding of Unicode.
"""

from __future__ import annotations

import unicodedata


def composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def folded(text: str) -> str:
    """Return what is equal for all spellings of `text` that differ in case or composition only (Unicode, D145)."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text).casefold())
