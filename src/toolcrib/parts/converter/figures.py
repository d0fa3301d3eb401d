"""Size, volume and area of a model, from its triangles: approximate where surfaces are curved."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolcrib.parts.converter.glb import Model

MM = 1000.0
# Significant digits. Coordinates have about seven.
DIGITS = 7


def measure(model: Model) -> dict[str, Any]:
    """Return the figures in millimetres.

    `volume_mm3` is that of the solids, each counted where it is used; a surface that encloses nothing makes it wrong.
    """
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    area = volume = 0.0
    count = 0
    for positions, triangles in model.instances():
        corners = positions[triangles]
        low = np.minimum(low, corners.min(axis=(0, 1)))
        high = np.maximum(high, corners.max(axis=(0, 1)))
        # From the middle of the mesh: far from the origin, digits would be lost.
        corners -= corners.mean(axis=(0, 1))
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area += float(np.linalg.norm(cross, axis=1).sum()) / 2
        volume += abs(float((corners[:, 0] * cross).sum())) / 6
        count += len(triangles)
    size = high - low
    return {
        "bounding_box": {
            "min_mm": [_rounded(each * MM) for each in low],
            "max_mm": [_rounded(each * MM) for each in high],
            "size_mm": [_rounded(each * MM) for each in size],
        },
        "volume_mm3": _rounded(volume * MM**3),
        "area_mm2": _rounded(area * MM**2),
        "triangles": count,
        "is_approximate": True,
    }


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
