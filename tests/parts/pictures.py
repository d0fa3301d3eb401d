"""What begins as a PNG picture."""

from __future__ import annotations

import struct


def drawn(number: int, size: int = 100) -> bytes:
    """A picture of its own, of `size` bytes."""
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 8, 8, 8, 6, 0, 0, 0)
    return header + bytes([number]) * max(8, size - len(header))
