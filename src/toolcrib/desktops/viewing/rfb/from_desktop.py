"""What a desktop sends, where nothing may be copied from it: messages are stepped over, and clipboards left out.

Only lengths are read; pictures pass as they came. The viewer was kept from asking for encodings whose lengths cannot be
told (`encodings.READABLE`), so this holds with any VNC server, whatever it was told of clipboards.
"""

from __future__ import annotations

import struct
from collections.abc import Generator

from toolcrib.desktops.viewing.rfb import encodings
from toolcrib.desktops.viewing.rfb.errors import NotRfb
from toolcrib.desktops.viewing.rfb.pixels import PixelSizes

_RECT = struct.Struct("!HHHHi")
UPDATE, COLOURS, BELL, CUT_TEXT = 0, 1, 2, 3
END_OF_CONTINUOUS, FENCE = 150, 248
# In place of a count: rectangles until one says that it is the last.
UNTIL_LAST = 0xFFFF
TIGHT_FILL, TIGHT_JPEG, TIGHT_PNG = 8, 9, 10
TIGHT_PALETTE = 1
TIGHT_SHORT = 12  # less is not compressed, and has no length

# It asks for so many bytes to read or, if negative, to step over.
Steps = Generator[int, bytes, None]


class FromDesktop:
    """Give it what arrives, and it returns what the viewer gets."""

    def __init__(self, init: bytes) -> None:
        self.pixels = PixelSizes.of(init[4:20])
        self._steps = self._messages()
        self._wanted = next(self._steps)
        self._left = b""
        self._drops = False  # what is stepped over now is left out
        # What arrived last, and how far it is read: for looking ahead.
        self._data, self._at = b"", 0

    def set_pixels(self, pixels: PixelSizes) -> None:
        self.pixels = pixels

    def feed(self, data: bytes) -> bytes:
        """Raises NotRfb."""
        if self._left:
            data = self._left + data
        at, end, kept = 0, len(data), 0
        passed: list[bytes] = []
        wanted = self._wanted
        self._data = data
        while True:
            if wanted > 0:
                if at + wanted > end:
                    break
                piece = data[at : at + wanted]
                at += wanted
            else:
                step = min(-wanted, end - at)
                at += step
                wanted += step
                if wanted < 0:
                    break
                piece = b""
            self._at = at
            was_dropping = self._drops
            wanted = self._steps.send(piece)
            if self._drops != was_dropping:
                if self._drops:  # from the byte on that says so
                    passed.append(data[kept : at - len(piece)])
                kept = at
        self._wanted, self._left, self._data = wanted, data[at:], b""
        if self._drops:
            return b"".join(passed)
        if kept == 0 and at == end:
            return data
        passed.append(data[kept:at])
        return b"".join(passed)

    def _messages(self) -> Steps:
        while True:
            kind = (yield 1)[0]
            if kind == UPDATE:
                yield from self._update()
            elif kind in {BELL, END_OF_CONTINUOUS}:
                continue
            elif kind == FENCE:
                yield -(yield 8)[7]
            elif kind == COLOURS:
                yield -6 * _short((yield 5), 3)
            elif kind == CUT_TEXT:
                self._drops = True
                yield -abs(int.from_bytes((yield 7)[3:], "big", signed=True))
                self._drops = False
            else:
                raise NotRfb(f"message type {kind}")

    def _update(self) -> Steps:
        count = _short((yield 3), 1)
        done = 0
        while done < count or count == UNTIL_LAST:
            _x, _y, width, height, encoding = _RECT.unpack((yield _RECT.size))
            done += 1
            if encoding == encodings.LAST_RECT:
                return
            yield from self._rectangle(width, height, encoding)

    def _rectangle(self, width: int, height: int, encoding: int) -> Steps:
        pixel = self.pixels.plain
        if encoding in {encodings.TIGHT, encodings.TIGHT_PNG}:
            yield from self._tight(width, height)
        elif encoding == encodings.ZRLE:
            yield -_long((yield 4))
        elif encoding == encodings.COPY_RECT:
            yield -4
        elif encoding == encodings.RAW:
            yield -width * height * pixel
        elif encoding == encodings.CURSOR:
            yield -(width * height * pixel + (width + 7) // 8 * height)
        elif encoding == encodings.VMWARE_CURSOR:
            is_alpha = (yield 2)[0] == 1
            yield -width * height * (4 if is_alpha else 2 * pixel)
        elif encoding == encodings.EXTENDED_DESKTOP_SIZE:
            yield -16 * (yield 4)[0]
        elif encoding == encodings.DESKTOP_NAME:
            yield -_long((yield 4))
        elif encoding == encodings.LED_STATE:
            yield -1
        elif encoding == encodings.VMWARE_LED_STATE:
            yield -4
        elif encoding not in {encodings.DESKTOP_SIZE, encodings.QEMU_KEYS}:
            raise NotRfb(f"encoding {encoding}")

    def _tight(self, width: int, height: int) -> Steps:
        data, at = self._data, self._at
        if len(data) - at > 3:  # nearly always: one step in place of five
            kind, size = data[at] >> 4, width * height * self.pixels.tight
            if kind in {TIGHT_JPEG, TIGHT_PNG} or (
                kind < TIGHT_FILL and not kind & 4 and size >= TIGHT_SHORT
            ):
                first, second = data[at + 1], data[at + 2]
                if first < 0x80:
                    yield -2 - first
                elif second < 0x80:
                    yield -3 - (first & 0x7F | second << 7)
                else:
                    yield -4 - (first & 0x7F | (second & 0x7F) << 7 | data[at + 3] << 14)
                return
        control = (yield 1)[0]
        kind = control >> 4
        if kind == TIGHT_FILL:
            yield -self.pixels.tight
            return
        if kind in {TIGHT_JPEG, TIGHT_PNG}:
            yield from self._compact()
            return
        if kind > TIGHT_PNG:
            raise NotRfb(f"Tight compression {kind}")
        size = width * height * self.pixels.tight
        if kind & 4 and (yield 1)[0] == TIGHT_PALETTE:
            colours = (yield 1)[0] + 1
            yield -colours * self.pixels.tight
            size = (width + 7) // 8 * height if colours == 2 else width * height
        if size < TIGHT_SHORT:
            yield -size
        else:
            yield from self._compact()

    def _compact(self) -> Steps:
        """A length of one to three bytes, and what has that length."""
        size = 0
        for place in (0, 7, 14):
            byte = (yield 1)[0]
            size |= (byte & (0x7F if place < 14 else 0xFF)) << place
            if place == 14 or not byte & 0x80:
                break
        yield -size


def _short(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")


def _long(data: bytes) -> int:
    return int.from_bytes(data[:4], "big")
