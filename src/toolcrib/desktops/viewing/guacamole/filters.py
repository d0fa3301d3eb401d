"""What passes through a tunnel, by what its view may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolcrib.desktops.viewing.guacamole.instructions import written
from toolcrib.desktops.viewing.rights import Rights

# They move nothing.
ALWAYS = frozenset({"sync", "nop", "ack"})
INPUT = frozenset({"mouse", "key", "touch", "size"})
STREAM = frozenset({"blob", "end"})
CLIPBOARD = "clipboard"
MAX_PRESSED = 256
MAX_STREAMS = 64


class FromClient:
    """Instructions of a viewer. Files, pipes, sound and changes of parameters never pass."""

    def __init__(self, rights: Rights) -> None:
        self.rights = rights
        self.has_input = False
        self._clipboards: set[str] = set()
        self._pressed: set[str] = set()
        self._dragging: Sequence[str] = ()

    def passes(self, elements: Sequence[str]) -> bool:
        opcode, *values = elements
        rights = self.rights
        if opcode in ALWAYS:
            return True
        if opcode in INPUT:
            if rights.has_control:
                self.has_input = True
                self._note(opcode, values)
            return rights.has_control
        if opcode == CLIPBOARD and values:
            may = rights.has_control and rights.paste_in and len(self._clipboards) < MAX_STREAMS
            (self._clipboards.add if may else self._clipboards.discard)(values[0])
            return may
        if opcode in STREAM and values and values[0] in self._clipboards:
            if opcode == "end":
                self._clipboards.discard(values[0])
            return True
        return False

    def release(self) -> str:
        """Return what releases every key and button that this view has pressed."""
        found = [written("key", key, 0) for key in sorted(self._pressed)]
        if self._dragging:
            found.append(written("mouse", *self._dragging[:2], 0))
        self._pressed, self._dragging = set(), ()
        return "".join(found)

    def _note(self, opcode: str, values: Sequence[str]) -> None:
        if opcode == "mouse" and len(values) >= 3:
            self._dragging = () if values[2] == "0" else values
        elif opcode == "key" and len(values) >= 2:
            if values[1] == "0":
                self._pressed.discard(values[0])
            elif len(self._pressed) < MAX_PRESSED:
                self._pressed.add(values[0])


class FromGuacd:
    """Instructions of guacd, without clipboards where nothing may be copied."""

    def __init__(self, *, copy_out: bool) -> None:
        self.copy_out = copy_out
        self._clipboards: set[str] = set()

    def passed(self, found: Iterator[tuple[list[str], str]]) -> Iterator[str]:
        for elements, text in found:
            if self.copy_out or not self._is_clipboard(elements):
                yield text

    def _is_clipboard(self, elements: Sequence[str]) -> bool:
        if len(elements) < 2:
            return False
        opcode, stream = elements[:2]
        if opcode == CLIPBOARD:
            self._clipboards.add(stream)
            return True
        if opcode not in STREAM or stream not in self._clipboards:
            # A stream's number is used again, for other things.
            self._clipboards -= (
                {stream} if opcode in {"img", "audio", "video", "file", "pipe", "body"} else set()
            )
            return False
        if opcode == "end":
            self._clipboards.discard(stream)
        return True
