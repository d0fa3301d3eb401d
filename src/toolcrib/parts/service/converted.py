"""What the conversion of an uploaded model came to."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from toolcrib.kernel.context import Kernel
from toolcrib.parts import conversion


async def outcome(kernel: Kernel, part_id: int, file: Any) -> dict[str, Any]:
    """Return the `conversion` of the upload's answer (parts contract, section 6). Waits for its end, at most
    CONVERT_TIMEOUT."""
    found = await conversion.wait_for(kernel, file.sha256, kernel.settings.convert_timeout)
    path = f"{part_id}/{PurePosixPath(file.name).stem}.glb" if found.success else None
    return {"success": found.success, "error": found.error, "gltf_path": path}
