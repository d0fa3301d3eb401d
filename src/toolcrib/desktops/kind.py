"""How desktops plug into the server."""

from __future__ import annotations

from toolcrib.desktops.models import KIND, SEALED
from toolcrib.desktops.wording import WORDINGS
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.kinds import Kind

kind = Kind(
    name=KIND,
    key_scope=KeyScope("desktops", "Start, see and stop desktops."),
    sealed=SEALED,
    wordings=WORDINGS,
)
