"""What the sign-in provider says of people, and when they last signed in."""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, UtcDateTime, exact_string
from toolcrib.migrations import steps

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names = ("name", "given_name", "family_name", "organization", "locale")
    times = ("last_login", "linked_at", "used_at")
    steps.create_table(
        "user_profiles",
        sa.Column("user_id", BigId, nullable=False),
        *(sa.Column(each, exact_string(255), nullable=True) for each in names),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        *(sa.Column(each, UtcDateTime(), nullable=True) for each in times),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_profiles"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_user_profiles_user_id", ondelete="CASCADE"
        ),
    )
