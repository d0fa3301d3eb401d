"""The sockets at which viewers connect, which the window server inherits."""

from __future__ import annotations

import ctypes
import socket
import struct
from ipaddress import ip_address

_BACKLOG = 16
_SO_ATTACH_FILTER, _SO_LOCK_FILTER = 26, 44
# Classic BPF (linux/filter.h): load a byte, a half or a whole word; combine; compare; return.
_BYTE, _HALF, _WORD, _AND, _EQUAL, _AT_LEAST, _RETURN = 0x30, 0x28, 0x20, 0x54, 0x15, 0x35, 0x06
_NETWORK_HEADER = 0xFFF0_0000
_ALL = 0xFFFF_FFFF
# In a TCP header: where the port is that is asked for, and the flags; those of the answer to a connection that one has
# opened oneself.
_PORT, _FLAGS, _SYN_ACK = 2, 13, 0x12


def listen(family: socket.AddressFamily, address: tuple[str, int] | str) -> socket.socket:
    """Raises OSError."""
    listening = socket.socket(family)
    try:
        listening.bind(address)
        if family != socket.AF_UNIX:
            _only_here(listening)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def _only_here(listening: socket.socket) -> None:
    """Let the socket take connections at its own address, and nothing else, for good.

    It belongs to this computer's network. Programs of the desktop can take it from the window server and disconnect
    it, and would reach with it whatever the server reaches, itself included. Connections that were taken inherit this.
    """
    host, port = listening.getsockname()[:2]
    own = ip_address(host.partition("%")[0])
    start = 16 if own.version == 4 else 24
    words = [] if own.is_unspecified else struct.unpack(f"!{len(own.packed) // 4}I", own.packed)
    steps = [(_HALF, _PORT), (_EQUAL, port), (_BYTE, _FLAGS), (_AND, _SYN_ACK), (_AT_LEAST, _SYN_ACK)]
    for number, word in enumerate(words):
        steps += [(_WORD, _NETWORK_HEADER + start + 4 * number), (_EQUAL, word)]
    steps += [(_RETURN, _ALL), (_RETURN, 0)]
    code = b""
    for at, (step, value) in enumerate(steps):
        to_end = len(steps) - 2 - at
        if_true, if_false = {_EQUAL: (0, to_end), _AT_LEAST: (to_end, 0)}.get(step, (0, 0))
        code += struct.pack("=HBBI", step, if_true, if_false, value)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(steps), ctypes.addressof(kept))
    listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    listening.setsockopt(socket.SOL_SOCKET, _SO_LOCK_FILTER, 1)
