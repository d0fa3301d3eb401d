"""The header in which a successful answer warns of something."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from fastapi import Response

WARNING = "Toolcrib-Warning"
_PLAIN = " /:().-_"


def warn_in(answer: Response, warnings: Sequence[str]) -> None:
    """Add warnings to an answer, percent-encoded; nothing if there are none."""
    if warnings:
        answer.headers[WARNING] = ", ".join(quote(text, safe=_PLAIN) for text in warnings)
