"""RFB as the bridge reads it: whole messages, within bounds, and no clipboard where nothing may be copied."""

from __future__ import annotations

import struct

import pytest

from tests.desktops.viewing.screens import INIT, PIXELS
from toolcrib.desktops.viewing.rfb import encodings
from toolcrib.desktops.viewing.rfb.errors import Malformed, NotRfb
from toolcrib.desktops.viewing.rfb.from_desktop import FromDesktop
from toolcrib.desktops.viewing.rfb.from_viewer import FromViewer
from toolcrib.desktops.viewing.rights import Rights

KEY = struct.pack("!BBxxI", 4, 1, 97)
QEMU_KEY = struct.pack("!BBHII", 255, 0, 1, 97, 0x1E)
POINTER = struct.pack("!BBHH", 5, 1, 10, 10)
PASTE = struct.pack("!BxxxI", 6, 5) + b"hello"
RESIZE = struct.pack("!BxHHBx", 251, 400, 300, 1) + bytes(16)
UPDATE = struct.pack("!BBHHHH", 3, 1, 0, 0, 64, 48)
FENCE = struct.pack("!BxxxIB", 248, 1, 3) + b"abc"
FORMAT = b"\0\0\0\0" + PIXELS
CONTINUOUS = struct.pack("!BBHHHH", 150, 1, 0, 0, 64, 48)
XVP = struct.pack("!BxBB", 250, 1, 2)
CAPS, REQUEST, NOTIFY, PROVIDE = (1 << bit for bit in (24, 25, 27, 28))


def extended(flags: int) -> bytes:
    return struct.pack("!Bxxxi", 6, -8) + struct.pack("!II", flags | 1, 0)


def chosen(*found: int) -> bytes:
    return struct.pack(f"!BxH{len(found)}i", 2, len(found), *found)


ALL = Rights(copy_out=True, paste_in=True, has_control=True)
INPUT = (KEY, QEMU_KEY, POINTER, PASTE, RESIZE)
OTHERS = (FORMAT, UPDATE, FENCE, CONTINUOUS)


def test_what_a_view_may_do_passes_however_it_is_cut() -> None:
    messages = b"".join((*INPUT, *OTHERS, chosen(7, 0, -239), extended(CAPS), extended(PROVIDE)))
    for size in range(1, len(messages) + 1):
        reader = FromViewer(ALL)
        pieces = [messages[at : at + size] for at in range(0, len(messages), size)]
        assert b"".join(map(reader.feed, pieces)) == messages
        assert reader.has_input


def test_without_control_only_what_moves_nothing_passes() -> None:
    reader = FromViewer(Rights(copy_out=True, paste_in=True))
    assert reader.feed(b"".join((*INPUT, extended(NOTIFY), extended(PROVIDE), XVP))) == b""
    assert not reader.has_input
    assert reader.feed(b"".join(OTHERS)) == b"".join(OTHERS)
    assert reader.feed(extended(CAPS) + extended(REQUEST)) == extended(CAPS) + extended(REQUEST)


def test_control_counts_from_one_message_to_the_next() -> None:
    rights = Rights(paste_in=True)
    reader = FromViewer(rights)
    assert reader.feed(KEY + KEY[:3]) == b""
    rights.has_control = True
    assert reader.feed(KEY[3:] + PASTE) == KEY + PASTE
    rights.has_control = False
    assert reader.feed(KEY) == b""


def test_nothing_is_pasted_where_that_is_not_allowed() -> None:
    reader = FromViewer(Rights(copy_out=True, has_control=True))
    assert reader.feed(PASTE + extended(PROVIDE) + extended(NOTIFY) + KEY) == KEY


def test_encodings_that_cannot_be_stepped_over_are_not_asked_for() -> None:
    wanted = (7, 5, 16, 0, -239, encodings.EXTENDED_CLIPBOARD, -316, -259, -305, -309, -314, 50)
    everything = FromViewer(ALL).feed(chosen(*wanted))
    assert everything == chosen(7, 5, 16, 0, -239, encodings.EXTENDED_CLIPBOARD, -314, 50)
    assert FromViewer(Rights()).feed(chosen(*wanted)) == chosen(7, 16, 0, -239)


@pytest.mark.parametrize(
    "data",
    [
        b"\x07",  # no message has this type
        b"GET / HTTP/1.1\r\n",
        struct.pack("!BxxxI", 6, 2**30),
        struct.pack("!Bxxxi", 6, -(2**31)),
        struct.pack("!Bxxxi", 6, -2) + b"ab",
        struct.pack("!BxH", 2, 65_535),
        struct.pack("!BxxxIB", 248, 0, 200),
        struct.pack("!BxHHBx", 251, 1, 1, 255),
        b"\xff\x01\0\0",  # sound
        b"\0\0\0\0" + struct.pack("!BBBBHHHBBB3x", 24, 24, 0, 1, 255, 255, 255, 16, 8, 0),
    ],
)
def test_what_no_viewer_sends_is_refused_before_it_is_kept(data: bytes) -> None:
    with pytest.raises(Malformed):
        FromViewer(ALL).feed(data)


@pytest.mark.parametrize("first", [UPDATE, CONTINUOUS])
def test_the_pixel_format_stays_where_messages_are_stepped_over(first: bytes) -> None:
    seen: list[object] = []
    reader = FromViewer(Rights(), seen.append)
    reader.feed(FORMAT + first)
    assert len(seen) == 1
    with pytest.raises(Malformed):
        reader.feed(FORMAT)


# From the desktop


def rectangle(width: int, height: int, encoding: int, body: bytes = b"") -> bytes:
    return struct.pack("!HHHHi", 0, 0, width, height, encoding) + body


def update(*rectangles: bytes, count: int | None = None) -> bytes:
    return struct.pack("!BxH", 0, len(rectangles) if count is None else count) + b"".join(rectangles)


def compact(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    if size < 16_384:
        return bytes([size & 127 | 128, size >> 7])
    return bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])


def cut_text(text: bytes) -> bytes:
    return struct.pack("!BxxxI", 3, len(text)) + text


TIGHT = [
    rectangle(9, 9, 7, b"\x80abc"),
    rectangle(64, 48, 7, b"\x90" + compact(20_000) + b"\x03" * 20_000),
    rectangle(64, 48, -260, b"\xa0" + compact(300) + b"\x03" * 300),
    rectangle(2, 1, 7, b"\x00" + b"\x03" * 6),
    rectangle(9, 9, 7, b"\x00" + compact(100) + b"\x03" * 100),
    rectangle(9, 9, 7, b"\x40\x01\x01" + b"\x03" * 6 + compact(18) + b"\x03" * 18),
    rectangle(9, 1, 7, b"\x40\x01\x01" + b"\x03" * 6 + b"\x03" * 2),
    rectangle(9, 9, 7, b"\x40\x01\x04" + b"\x03" * 15 + compact(40) + b"\x03" * 40),
    rectangle(9, 9, 7, b"\x40\x02" + compact(127) + b"\x03" * 127),
]
PICTURES = [
    update(rectangle(3, 2, 0, b"\x03" * 24), rectangle(3, 2, 1, b"\x03" * 4), rectangle(1, 1, -223)),
    update(*TIGHT),
    update(rectangle(64, 48, 16, struct.pack("!I", 500) + b"\x03" * 500)),
    update(
        rectangle(9, 3, -239, b"\x03" * (9 * 3 * 4 + 2 * 3)),
        rectangle(9, 3, 0x574D5664, b"\x01\0" + b"\x03" * 108),
        rectangle(9, 3, 0x574D5664, b"\x00\0" + b"\x03" * 216),
        rectangle(0, 0, -258),
        rectangle(0, 0, -261, b"\x03"),
        rectangle(64, 48, -308, b"\x02\0\0\0" + b"\x03" * 32),
        rectangle(0, 0, -307, struct.pack("!I", 3) + b"\x03" * 3),
    ),
    update(*TIGHT[:2], rectangle(0, 0, -224), count=0xFFFF),
    struct.pack("!BxHH", 1, 0, 2) + b"\x03" * 12,
    b"\x02",
    b"\x96",
    struct.pack("!BxxxIB", 248, 1, 3) + b"\x03" * 3,
]


def test_clipboards_are_left_out_and_all_else_passes_however_it_is_cut() -> None:
    secret = b"the secret"
    clipboards = [cut_text(secret), cut_text(b""), struct.pack("!Bxxxi", 3, -12) + secret + b"!!"]
    stream = b"".join(
        picture + clipboards[number % 3] for number, picture in enumerate([*PICTURES, *PICTURES])
    )
    expected = b"".join([*PICTURES, *PICTURES])
    for size in (*range(1, 40), 97, 1_000, 4_096, len(stream)):
        reader = FromDesktop(INIT)
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert b"".join(map(reader.feed, pieces)) == expected, size


def test_a_clipboard_without_end_is_left_out_without_being_kept() -> None:
    reader = FromDesktop(INIT)
    assert reader.feed(b"\x02" + struct.pack("!BxxxI", 3, 2**31 - 1)) == b"\x02"
    for _ in range(100):
        assert reader.feed(bytes(65_536)) == b""
    assert len(reader._left) == 0


@pytest.mark.parametrize(
    "data", [b"\x09", update(rectangle(9, 9, 5)), update(rectangle(9, 9, 7, b"\xf0")), b"HTTP/1.1"]
)
def test_what_cannot_be_told_apart_ends_the_view(data: bytes) -> None:
    with pytest.raises(NotRfb):
        FromDesktop(INIT).feed(data)


def test_what_is_pressed_can_be_released() -> None:
    reader = FromViewer(ALL)
    reader.feed(KEY + QEMU_KEY + POINTER + struct.pack("!BBxxI", 4, 1, 98) + struct.pack("!BBxxI", 4, 0, 98))
    up = struct.pack("!BBxxI", 4, 0, 97), struct.pack("!BBHII", 255, 0, 0, 97, 0x1E), b"\5\0" + POINTER[2:]
    assert reader.release() == b"".join(up)
    assert reader.release() == b""
