"""Draw a small picture of a model, without a graphics library: of what lies behind each pixel, the nearest."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

from toolcrib.parts.converter.glb import Floats, Model

SIZE = 256
# Drawn so many times larger, then averaged: edges are smooth, and pixels that no point met are filled.
SCALE = 2
# Of the larger picture's side, on each side.
MARGIN = 0.05
# So many triangles are drawn whole, if they cover no more pixels together, counting hidden ones.
WHOLE = 2_000
WHOLE_PIXELS = 20_000_000
DENSITY = 5
POINTS = 1_500_000
AT_ONCE = 250_000
COLOUR = np.array([0.63, 0.82, 1.0])
DARKEST = 0.35

# From above, in front and to the right, with z up as CAD programs have it; the light comes from the viewer's left.
_TOWARDS = np.array([0.55, -0.7, 0.5]) / np.linalg.norm([0.55, -0.7, 0.5])
_RIGHT = np.cross([0.0, 0.0, 1.0], _TOWARDS) / np.linalg.norm(np.cross([0.0, 0.0, 1.0], _TOWARDS))
_UP = np.cross(_TOWARDS, _RIGHT)
_LIGHT = (_TOWARDS - 0.5 * _RIGHT + 0.5 * _UP) / np.linalg.norm(_TOWARDS - 0.5 * _RIGHT + 0.5 * _UP)


def draw(model: Model) -> bytes:
    """Return a PNG picture with a transparent background."""
    axes = np.stack([_RIGHT, _UP, _TOWARDS])
    # The converter leaves the axes as the part has them, though glTF says that y is up.
    corners = np.concatenate([positions[triangles] @ axes.T for positions, triangles in model.instances()])
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    side = SIZE * SCALE
    span = max(float((high - low)[:2].max()), 1e-12)
    corners = (corners - (low + high) / 2) / span * (side * (1 - 2 * MARGIN))
    return _png(_average(_nearest(corners, side), side))


class _Canvas:
    """The nearest point of each pixel of the larger picture, as far as it is drawn."""

    def __init__(self, side: int) -> None:
        self.side = side
        self._depth = np.full(side * side, -np.inf)
        self._shade = np.zeros(side * side)

    def fill(self, corners: Floats, shade: float) -> None:
        """Draw one triangle: each pixel whose middle lies in it."""
        across = corners[:, 0] + self.side / 2
        down = self.side / 2 - corners[:, 1]
        left, right = int(max(across.min(), 0)), int(min(across.max(), self.side - 1))
        top, bottom = int(max(down.min(), 0)), int(min(down.max(), self.side - 1))
        x = np.arange(left, right + 1) + 0.5
        y = (np.arange(top, bottom + 1) + 0.5)[:, None]
        whole = (across[1] - across[0]) * (down[2] - down[0]) - (across[2] - across[0]) * (down[1] - down[0])
        if whole == 0:
            return
        # How near each pixel is to the second and third corner.
        two = ((x - across[0]) * (down[2] - down[0]) - (across[2] - across[0]) * (y - down[0])) / whole
        three = ((across[1] - across[0]) * (y - down[0]) - (x - across[0]) * (down[1] - down[0])) / whole
        depth = (
            corners[0, 2] + two * (corners[1, 2] - corners[0, 2]) + three * (corners[2, 2] - corners[0, 2])
        )
        rows, columns = np.nonzero((two >= 0) & (three >= 0) & (two + three <= 1))
        pixels = (rows + top) * self.side + columns + left
        self._put(pixels, depth[rows, columns], np.full(len(pixels), shade))

    def scatter(self, points: Floats, shades: Floats) -> None:
        """Draw single points."""
        columns = np.clip((points[:, 0] + self.side / 2).astype(np.int64), 0, self.side - 1)
        rows = np.clip((self.side / 2 - points[:, 1]).astype(np.int64), 0, self.side - 1)
        order = np.argsort(points[:, 2], kind="stable")  # the nearest is written last
        self._put((rows * self.side + columns)[order], points[order, 2], shades[order])

    def _put(self, pixels: npt.NDArray[np.int64], depth: Floats, shades: Floats) -> None:
        nearer = depth > self._depth[pixels]
        self._depth[pixels[nearer]] = depth[nearer]
        self._shade[pixels[nearer]] = shades[nearer]

    def pixels(self) -> Floats:
        """Return red, green, blue and opacity of each pixel."""
        is_drawn = np.isfinite(self._depth)[:, None]
        colours = np.minimum(1.0, self._shade[:, None] * COLOUR)
        return np.concatenate([colours * is_drawn, is_drawn.astype(np.float64)], axis=1)


def _nearest(corners: Floats, side: int) -> Floats:
    """Draw the largest triangles whole, and points on the others: there may be millions."""
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normal, axis=1)
    seen = length > 0
    corners, normal, length = corners[seen], normal[seen], length[seen]
    # The drawing's axes are right, up and towards the viewer.
    light = np.array([_LIGHT @ _RIGHT, _LIGHT @ _UP, _LIGHT @ _TOWARDS])
    shades = DARKEST + (1 - DARKEST) * np.abs(normal @ light) / length
    canvas = _Canvas(side)
    spans = corners[:, :, :2].max(axis=1) - corners[:, :, :2].min(axis=1)
    pixels = (spans[:, 0] + 1) * (spans[:, 1] + 1)
    largest = np.argsort(-pixels)[:WHOLE]
    largest = largest[: max(1, int(np.searchsorted(np.cumsum(pixels[largest]), WHOLE_PIXELS)))]
    for number in largest:
        canvas.fill(corners[number], float(shades[number]))
    is_left = np.ones(len(corners), dtype=bool)
    is_left[largest] = False
    _scatter(canvas, corners[is_left], shades[is_left], length[is_left])
    return canvas.pixels()


def _scatter(canvas: _Canvas, corners: Floats, shades: Floats, length: Floats) -> None:
    """Draw so many points for each square pixel of what faces the viewer that hardly one is missed."""
    if not len(corners):
        return
    wanted = length / 2 * DENSITY
    wanted *= min(1.0, POINTS / max(float(wanted.sum()), 1.0))
    ends = np.cumsum(np.maximum(1, np.ceil(wanted).astype(np.int64)))
    random = np.random.default_rng(1)
    for start in range(0, int(ends[-1]), AT_ONCE):
        numbers = np.arange(start, min(start + AT_ONCE, int(ends[-1])))
        which = np.searchsorted(ends, numbers, side="right")
        one, two = random.random((2, len(which)))
        over = one + two > 1
        one[over], two[over] = 1 - one[over], 1 - two[over]
        first = corners[which, 0]
        points = (
            first + one[:, None] * (corners[which, 1] - first) + two[:, None] * (corners[which, 2] - first)
        )
        canvas.scatter(points, shades[which])


def _average(pixels: Floats, side: int) -> npt.NDArray[Any]:
    small = pixels.reshape(side // SCALE, SCALE, side // SCALE, SCALE, 4).mean(axis=(1, 3))
    opacity = small[..., 3:]
    small[..., :3] = np.divide(small[..., :3], opacity, out=np.zeros_like(small[..., :3]), where=opacity > 0)
    rounded: npt.NDArray[Any] = np.rint(small * 255).astype(np.uint8)
    return rounded


def _png(picture: npt.NDArray[Any]) -> bytes:
    """Encode rows of red, green, blue and opacity (PNG, RFC 2083)."""
    height, width = picture.shape[:2]
    rows = np.concatenate([np.zeros((height, 1), np.uint8), picture.reshape(height, width * 4)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 6)
    chunks = ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    encoded = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + encoded
