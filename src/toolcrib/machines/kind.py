"""How the machine pool plugs into the server."""

from __future__ import annotations

from toolcrib.kernel.kinds import Kind
from toolcrib.machines.errors import WORDINGS

kind = Kind(name="machine", wordings=WORDINGS)
