"""Jobs: what happens later, or on a schedule."""

from __future__ import annotations

from sqlalchemy import Column, Table

from toolcrib.kernel.tables import Base, UtcDateTime, exact_string

schedule = Table(
    "schedule",
    Base.metadata,
    Column("name", exact_string(80), primary_key=True),
    Column("next_at", UtcDateTime(), nullable=False),
    Column("last_started_at", UtcDateTime()),
    Column("last_finished_at", UtcDateTime()),
    Column("last_error", exact_string(200)),
)
