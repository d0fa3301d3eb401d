"""Mail: queued with the work that causes it, delivered later."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from toolcrib.kernel.tables import Base, BigId, UtcDateTime, exact_string, exact_text

outbox = Table(
    "outbox",
    Base.metadata,
    Column("id", BigId, primary_key=True),
    Column("to_address", exact_string(320), nullable=False),
    Column("subject", exact_text(), nullable=False),
    Column("text", exact_text(), nullable=False),
    Column("html", exact_text(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("expires_at", UtcDateTime()),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime(), nullable=False),
    Column("last_error", exact_string(200)),
    Index("ix_outbox_next_attempt_at", "next_attempt_at"),
)
