"""${message}"""

import sqlalchemy as sa

from toolcrib.kernel.tables import BigId, JsonText, UtcDateTime, exact_string, exact_text
from toolcrib.migrations import steps
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
