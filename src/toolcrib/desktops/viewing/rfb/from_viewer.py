"""What a viewer sends: read message by message, and passed on as far as the view may do that."""

from __future__ import annotations

import struct
from collections.abc import Callable

from toolcrib.desktops.viewing.rfb.encodings import permitted
from toolcrib.desktops.viewing.rfb.errors import Malformed
from toolcrib.desktops.viewing.rfb.pixels import PixelSizes
from toolcrib.desktops.viewing.rights import Rights

# A clipboard, a list of encodings, screens: no viewer sends more.
MAX_TEXT = 1024 * 1024
MAX_ENCODINGS = 512
MAX_SCREENS = 64
MAX_FENCE = 64
MAX_PRESSED = 256
# Actions of the extended clipboard, in the first four bytes of its message.
REQUEST, NOTIFY, PROVIDE = 1 << 25, 1 << 27, 1 << 28

SET_PIXEL_FORMAT, SET_ENCODINGS, UPDATE_REQUEST, KEY, POINTER, CUT_TEXT = 0, 2, 3, 4, 5, 6
CONTINUOUS, FENCE, XVP, RESIZE, GII, QEMU = 150, 248, 250, 251, 253, 255


class FromViewer:
    """Give it what arrives, and it returns what the desktop gets.

    `has_input` is set when a key or the pointer was passed on. `pixels` is told of a new pixel format. Desktops from
    which nothing may be copied are asked only for what `from_desktop` can read.
    """

    def __init__(self, rights: Rights, pixels: Callable[[PixelSizes], None] | None = None) -> None:
        self.rights = rights
        self.has_input = False
        self._pixels = pixels
        self._has_asked = False
        self._left = b""
        # How each key that is pressed is released, and where the pointer is with a button pressed.
        self._pressed: dict[bytes, bytes] = {}
        self._dragging = b""

    def release(self) -> bytes:
        """Return what releases every key and button that this view has pressed: whoever has control next would find
        them pressed."""
        found = [*self._pressed.values(), self._dragging]
        self._pressed, self._dragging = {}, b""
        return b"".join(found)

    def feed(self, data: bytes) -> bytes:
        """Raises Malformed."""
        if self._left:
            data = self._left + data
        at, end = 0, len(data)
        passed: list[bytes] = []
        while at < end:
            size = self._size(data, at)
            if size is None or at + size > end:
                break
            message = data[at : at + size]
            at += size
            if (found := self._permitted(message)) is not None:
                passed.append(found)
        self._left = data[at:]
        return b"".join(passed)

    def _size(self, data: bytes, at: int) -> int | None:
        """How long the message is that begins there; None if that is not known yet."""
        kind = data[at]
        if (fixed := _FIXED.get(kind)) is not None:
            return fixed
        head = _HEADS.get(kind)
        if head is None:
            raise Malformed(f"There is no message of type {kind}.")
        if len(data) - at < head:
            return None
        if kind == SET_ENCODINGS:
            return head + 4 * _bounded(_number(data, at + 2, 2), MAX_ENCODINGS)
        if kind == CUT_TEXT:
            # A negative length marks the extended clipboard.
            return head + _bounded(abs(_signed(data, at + 4)), MAX_TEXT)
        if kind == FENCE:
            return head + _bounded(data[at + 8], MAX_FENCE)
        if kind == RESIZE:
            return head + 16 * _bounded(data[at + 6], MAX_SCREENS)
        # QEMU: the key messages; audio was never agreed on.
        if data[at + 1] != 0:
            raise Malformed("There is no sound here.")
        return 12

    def _permitted(self, message: bytes) -> bytes | None:
        kind, rights = message[0], self.rights
        if kind in {KEY, POINTER, QEMU}:
            if not rights.has_control:
                return None
            self.has_input = True
            self._note(kind, message)
            return message
        if kind in {UPDATE_REQUEST, CONTINUOUS}:
            self._has_asked = True
            return message
        if kind == SET_PIXEL_FORMAT:
            self._new_pixels(PixelSizes.of(message[4:]))
            return message
        if kind == SET_ENCODINGS:
            asked = struct.unpack(f"!{(len(message) - 4) // 4}i", message[4:])
            found = permitted(asked, readable_only=not rights.copy_out)
            return struct.pack(f"!BxH{len(found)}i", SET_ENCODINGS, len(found), *found)
        if kind == CUT_TEXT:
            return message if self._may_cut(message) else None
        if kind == RESIZE:
            return message if rights.has_control else None
        return None if kind == XVP else message

    def _note(self, kind: int, message: bytes) -> None:
        if kind == POINTER:
            self._dragging = bytes([POINTER, 0]) + message[2:] if message[1] else b""
            return
        key, is_down = (message[4:], message[1]) if kind == KEY else (message[4:], message[3] or message[2])
        if not is_down:
            self._pressed.pop(key, None)
        elif len(self._pressed) < MAX_PRESSED:
            self._pressed[key] = (message[:1] + b"\0\0\0" if kind == KEY else message[:2] + b"\0\0") + key

    def _new_pixels(self, sizes: PixelSizes) -> None:
        if self._pixels is None:
            return
        if self._has_asked:
            # What is on its way has the format of before: nobody could tell where its messages end.
            raise Malformed("The pixel format is chosen before the first update.")
        self._pixels(sizes)

    def _may_cut(self, message: bytes) -> bool:
        rights = self.rights
        if _signed(message, 4) >= 0:
            return rights.has_control and rights.paste_in
        if len(message) < 12:
            raise Malformed("The extended clipboard has flags.")
        if not rights.copy_out:
            # It was never agreed on, so this is a length that the desktop would not understand.
            return False
        if _number(message, 8, 4) & (NOTIFY | PROVIDE):
            return rights.has_control and rights.paste_in
        return True


_FIXED = {SET_PIXEL_FORMAT: 20, UPDATE_REQUEST: 10, KEY: 8, POINTER: 6, CONTINUOUS: 10, XVP: 4}
# Of those whose length depends on what they hold: so much tells it.
_HEADS = {SET_ENCODINGS: 4, CUT_TEXT: 8, FENCE: 9, RESIZE: 8, QEMU: 2}


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")


def _signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big", signed=True)


def _bounded(count: int, most: int) -> int:
    if count > most:
        raise Malformed(f"A message with {count} parts or bytes is too long: at most {most}.")
    return count
