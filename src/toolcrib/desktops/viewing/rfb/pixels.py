"""Pixel formats (RFC 6143, section 7.4): how many bytes a pixel takes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from toolcrib.desktops.viewing.rfb.errors import Malformed

_FORMAT = struct.Struct("!BBBBHHHBBB3x")


@dataclass(frozen=True)
class PixelSizes:
    """`plain` bytes for a pixel, and `tight` in the Tight encoding, which leaves out the unused one of four."""

    plain: int
    tight: int

    @classmethod
    def of(cls, text: bytes) -> PixelSizes:
        """Read a pixel format of 16 bytes.

        Raises:
            Malformed: no server would know what to do with it.
        """
        bits, depth, _big, true_colour, red, green, blue, *shifts = _FORMAT.unpack(text)
        if bits not in {8, 16, 32}:
            raise Malformed("A pixel has 8, 16 or 32 bits.")
        is_888 = bits == 32 and depth == 24 and bool(true_colour) and red == green == blue == 255
        if is_888 and any(shift % 8 or shift > 24 for shift in shifts):
            raise Malformed("The colours of a pixel of 32 bits are bytes.")
        return cls(bits // 8, 3 if is_888 else bits // 8)
