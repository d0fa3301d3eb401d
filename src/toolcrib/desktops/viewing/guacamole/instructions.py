"""Instructions: `4.size,1.0,4.1024;` is `size`, 0, 1024. Lengths count characters, not bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

# No element or instruction that guacd or its clients send is longer, and none has more elements.
MAX_INSTRUCTION = 256 * 1024
MAX_ELEMENTS = 256
MAX_DIGITS = 6


class NotGuacamole(Exception):
    """The other side does not speak the protocol."""


def written(*elements: object) -> str:
    return ",".join(f"{len(text)}.{text}" for text in map(str, elements)) + ";"


class Instructions:
    """Give it text as it arrives, and it returns the whole instructions in it: each with its elements, and as it was
    written."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._left = ""

    def feed_bytes(self, data: bytes) -> Iterator[tuple[list[str], str]]:
        """Raises NotGuacamole."""
        try:
            text = self._decoder.decode(data)
        except UnicodeDecodeError as error:
            raise NotGuacamole("not UTF-8") from error
        return self.feed(text)

    def feed(self, text: str) -> Iterator[tuple[list[str], str]]:
        """Raises NotGuacamole."""
        text = self._left + text if self._left else text
        at = 0
        while True:
            found = _instruction(text, at)
            if found is None:
                break
            elements, end = found
            yield elements, text[at:end]
            at = end
        self._left = text[at:]
        if len(self._left) > MAX_INSTRUCTION:
            raise NotGuacamole("an instruction without end")


def _instruction(text: str, at: int) -> tuple[list[str], int] | None:
    """The elements of the instruction that begins there, and where it ends; None if it is not whole."""
    elements: list[str] = []
    size = len(text)
    while True:
        dot = text.find(".", at, at + MAX_DIGITS + 1)
        if dot < 0:
            if size - at > MAX_DIGITS:
                raise NotGuacamole("an element without a length")
            if not (text[at:] or "0").isdecimal():
                raise NotGuacamole("an element without a length")
            return None
        digits = text[at:dot]
        if not (digits.isascii() and digits.isdecimal()):
            raise NotGuacamole("an element without a length")
        end = dot + 1 + int(digits)
        if int(digits) > MAX_INSTRUCTION or len(elements) >= MAX_ELEMENTS:
            raise NotGuacamole("an instruction that is too long")
        if end >= size:
            return None
        elements.append(text[dot + 1 : end])
        at = end + 1
        if text[end] == ";":
            return elements, at
        if text[end] != ",":
            raise NotGuacamole("an element that is longer than it says")
