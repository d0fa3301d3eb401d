"""What the conversion of an uploaded model came to."""

from __future__ import annotations

from typing import Any

from toolcrib.kernel.context import Kernel

NOT_INSTALLED = "The converter is not installed on this server; the file is kept."


async def outcome(_kernel: Kernel, _part_id: int, _file: Any) -> dict[str, Any]:
    """Return the `conversion` of the upload's answer (parts contract, section 6)."""
    return {"success": False, "error": NOT_INSTALLED, "gltf_path": None}
