"""API tokens: keys whose secret is a JWT, and whose rows stay after they were revoked."""

import sqlalchemy as sa

from toolcrib.kernel.tables import UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("api_keys", sa.Column("token_id", exact_string(36), nullable=True))
    steps.add_column("api_keys", sa.Column("description", exact_string(1000), nullable=True))
    steps.add_column("api_keys", sa.Column("revoked_at", UtcDateTime(), nullable=True))
    steps.create_index("ix_api_keys_token_id", "api_keys", ["token_id"], unique=True)
