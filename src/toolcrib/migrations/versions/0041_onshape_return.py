"""A sign-in at Onshape knows the page where it began."""

import sqlalchemy as sa

from toolcrib.kernel.tables import exact_text
from toolcrib.migrations import steps

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_column("onshape_states", sa.Column("return_to", exact_text(), nullable=True))
