"""Runtime configuration: what an administrator may change while the server runs."""

from __future__ import annotations

from sqlalchemy import Column, Table

from toolcrib.kernel.tables import Base, UtcDateTime, exact_string, exact_text

config_values = Table(
    "config",
    Base.metadata,
    Column("key", exact_string(80), primary_key=True),
    Column("value", exact_text(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Column("updated_by", exact_string(255)),
)
