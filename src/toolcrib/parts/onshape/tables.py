"""Tables: who is connected to Onshape, and who is just signing in there."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from toolcrib.kernel.secrets import Sealed
from toolcrib.kernel.tables import Base, UtcDateTime, exact_string, exact_text

OWNER_LENGTH = 80

# A sign-in under way. Whoever comes back shows the state, of which the digest is here; it counts once, and for a
# person's own connection only in a browser where this person is signed in.
states = Table(
    "onshape_states",
    Base.metadata,
    Column("digest", exact_string(64), primary_key=True),
    Column("owner", exact_string(OWNER_LENGTH), nullable=False),
    Column("redirect_uri", exact_text(), nullable=False),
    # The path of our page where it began; none where other pages began it.
    Column("return_to", exact_text()),
    Column("expires_at", UtcDateTime(), nullable=False),
    Index("ix_onshape_states_owner_expires_at", "owner", "expires_at"),
    Index("ix_onshape_states_expires_at", "expires_at"),
)

# The tokens are sealed. `refreshing_until` says that a process is asking for new ones; `renewed_at` when it last did.
# A connection that Onshape accepts no more stays, without tokens, so that its owner is told to connect again.
connections = Table(
    "onshape_connections",
    Base.metadata,
    Column("owner", exact_string(OWNER_LENGTH), primary_key=True),
    Column("access_token", exact_text(), nullable=False),
    Column("refresh_token", exact_text()),
    Column("expires_at", UtcDateTime(), nullable=False),
    Column("user_id", exact_string(255)),
    Column("email", exact_string(255)),
    Column("name", exact_string(255)),
    Column("authenticated_at", UtcDateTime(), nullable=False),
    Column("renewed_at", UtcDateTime(), nullable=False),
    Column("refreshing_until", UtcDateTime()),
)

ACCESS = Sealed(connections.c.access_token)
REFRESH = Sealed(connections.c.refresh_token)
SEALED = (ACCESS, REFRESH)
