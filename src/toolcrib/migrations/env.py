"""Alembic's entry: always on a connection that `kernel.migrate` hands over."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import BigInteger, String, Text

from toolcrib.kernel.tables import Base, JsonText, UtcDateTime


def in_our_words(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Write a new migration with the names of `kernel.tables`, so that it reads as the models do."""
    if kind != "type":
        return False
    varies = "mysql" in item._variant_mapping or "sqlite" in item._variant_mapping
    if isinstance(item, UtcDateTime | JsonText):
        return f"{type(item).__name__}()"
    if isinstance(item, Text) and varies:
        return "exact_text()"
    if isinstance(item, String) and varies:
        return f"exact_string({item.length})"
    if isinstance(item, BigInteger) and varies:
        return "BigId"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_item=in_our_words,
    alembic_module_prefix="steps.",
    version_table=context.config.attributes.get("version_table", "alembic_version"),
)
with context.begin_transaction():
    context.run_migrations()
