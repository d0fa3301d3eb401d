"""Models of parts: STEP files are converted by processes of their own, and what came of it is kept by content."""

from toolcrib.parts.conversion.asking import Outcome, as_json, find, shown, wait_for
from toolcrib.parts.conversion.rows import lost, request
from toolcrib.parts.conversion.tables import named
from toolcrib.parts.conversion.views import forget_views
from toolcrib.parts.conversion.workshop import start, stop

__all__ = [
    "Outcome",
    "as_json",
    "find",
    "forget_views",
    "lost",
    "named",
    "request",
    "shown",
    "start",
    "stop",
    "wait_for",
]
