"""Tags: JSON data that clients write about a file. Every list of files shows them, so they are small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolcrib.documents.errors import ValidationFailed
from toolcrib.kernel.stored_json import Limits, excess

# Limits for all tags of one file together.
LIMITS = Limits(levels=10, values=500, bytes=16_384)


def check_tags(tags: Mapping[str, Any], field: str = "tags") -> None:
    """Check the tags that a file is to have.

    Raises:
        ValidationFailed: too many, too large or too deep (400).
    """
    if (reason := excess(tags, LIMITS)) is not None:
        raise ValidationFailed.of(field, reason)
