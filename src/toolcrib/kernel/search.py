"""Match text in SQL, with wildcards in the caller's text taken literally."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement


def prefix_match(column: Any, prefix: str) -> ColumnElement[bool]:
    """`column` starts with `prefix`, taken literally."""
    found: ColumnElement[bool] = column.startswith(prefix, autoescape=True, escape="~")
    return found


def text_match(column: Any, text: str) -> ColumnElement[bool]:
    """`column` contains `text`, taken literally, whatever the case."""
    found: ColumnElement[bool] = column.icontains(text, autoescape=True, escape="~")
    return found
