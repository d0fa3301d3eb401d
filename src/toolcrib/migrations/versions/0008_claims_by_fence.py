"""The claims of a scope in the order they were acquired, so that a list is read in pages of an index."""

from toolcrib.migrations import steps

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.create_index("ix_claims_kind_scope_fence", "claims", ["kind", "scope", "fence"], unique=False)
    steps.drop_index("ix_claims_kind_scope", table_name="claims")
