"""Runs the installed `toolcrib` script in forks of a process that has its modules loaded.

Started by `tests.servers.command` as `python fork_server.py SOCKET SCRIPT MODULE…`. Each connection to SOCKET is one
call: see `receive` for what it sends. The answer is the process's id and, when it has ended, its exit status (negative
for a signal), as two native `int`s. A caller that closes the connection before that ends the process by SIGKILL.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import io
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import time
from typing import Any

LENGTH = struct.Struct("=I")
ANSWER = struct.Struct("=i")
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class Call:
    """What a process is given when it starts."""

    def __init__(self, descriptors: list[int], fields: list[bytes]) -> None:
        self.cwd, *self.streams = descriptors
        self.umask, self.leads, count = map(int, fields[:3])
        count += 3
        self.argv = [os.fsdecode(one) for one in fields[3:count]]
        self.environment = dict(one.split(b"=", 1) for one in fields[count:])


def receive(connection: socket.socket) -> Call | None:
    """Four descriptors (working directory, standard input, output, error) sent along with the length of the rest; then
    that many bytes, with NULs between: umask, 1 to lead a process group of its own or 0, number of arguments, the
    arguments, and the environment's KEY=VALUE.

    None if the caller was gone before all was sent.
    """
    head, descriptors, _flags, _address = socket.recv_fds(connection, LENGTH.size, 4)
    if len(head) < LENGTH.size or len(descriptors) < 4:
        return None
    (length,) = LENGTH.unpack(head)
    body = bytearray()
    while len(body) < length:
        block = connection.recv(length - len(body))
        if not block:
            return None
        body += block
    return Call(descriptors, bytes(body).split(b"\0"))


def next_call(listener: socket.socket) -> Call:
    """Fork for each call. Returns only in a child."""
    watched = selectors.DefaultSelector()
    watched.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is listener:
                connection, _address = listener.accept()
                call = receive(connection)
                if call is None:
                    connection.close()
                    continue
                pid = os.fork()
                if pid == 0:
                    connection.close()
                    for other in list(
                        watched.get_map().values()
                    ):  # the listener, what belongs to other calls
                        if isinstance(other.fileobj, int):
                            os.close(other.fileobj)
                        else:
                            other.fileobj.close()  # type: ignore[attr-defined]
                    watched.close()
                    return call
                if call.leads:
                    os.setpgid(pid, pid)  # here too, so that it is done before the caller knows the process
                for descriptor in (call.cwd, *call.streams):
                    os.close(descriptor)
                process = os.pidfd_open(pid)
                watched.register(process, selectors.EVENT_READ, (pid, connection))
                watched.register(connection, selectors.EVENT_READ, (pid, None))
                _tell(connection, pid)
            elif isinstance(key.fileobj, int):
                pid, connection = key.data
                _pid, status = os.waitpid(pid, 0)
                _tell(connection, os.waitstatus_to_exitcode(status))
                watched.unregister(key.fileobj)
                with contextlib.suppress(KeyError):
                    watched.unregister(connection)
                os.close(key.fd)
                connection.close()
            elif key.fd in watched.get_map():  # the caller is gone, and the process was not reaped just now
                os.kill(key.data[0], signal.SIGKILL)
                watched.unregister(key.fileobj)


def _tell(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):
        connection.sendall(ANSWER.pack(number))


def become(call: Call) -> None:
    """Make this process what it would be had it been started by the call."""
    if call.leads:
        os.setpgid(0, 0)
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # it ends with the test run
    os.fchdir(call.cwd)
    os.close(call.cwd)
    for number, descriptor in enumerate(call.streams):
        os.dup2(descriptor, number)
    for descriptor in call.streams:
        if descriptor > 2:
            os.close(descriptor)
    os.umask(call.umask)
    os.environb.clear()
    os.environb.update(call.environment)
    importlib.invalidate_caches()  # folders of PYTHONPATH may have been made since
    time.tzset()
    sys.argv[:] = call.argv
    # The encodings and error handlers are what the interpreter chose for this process when it started.
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        old = getattr(sys, name)
        raw: Any = open(number, mode + "b", closefd=False)  # noqa: SIM115 - as long as the process lives
        line_buffering = name == "stderr" or os.isatty(number)
        new = io.TextIOWrapper(raw, old.encoding, old.errors, newline="\n", line_buffering=line_buffering)
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def work_out(route: Any) -> None:
    """What the framework does when a route is first asked for. For all of them it takes longer than the rest of a
    server's start."""
    for each in getattr(route, "effective_candidates", list)():
        work_out(each)


def quick_exit(code: int) -> None:
    """What the interpreter does at its end, except for taking down every module. Returns if a stream cannot be
    flushed: the interpreter has its own words for that.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        return
    os._exit(code & 0xFF)


def main() -> None:
    address, script, *modules = sys.argv[1:]
    sys.path.insert(0, os.path.dirname(script))
    for module in modules:
        importlib.import_module(module)
    if server := sys.modules.get("toolcrib.server"):
        for route in server._router(server.kinds()).routes:
            work_out(route)
    with open(script, "rb") as file:
        code = compile(file.read(), script, "exec")
    # What is loaded and made only when arguments are read.
    for arguments in (["--help"], ["docs", "--help"]):
        sys.argv[:] = [script, *arguments]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            exec(code, {"__name__": "__main__"})
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".new")
    listener.listen(64)
    os.rename(address + ".new", address)  # from now on it can be connected to
    gc.collect()
    gc.freeze()
    become(next_call(listener))
    try:
        exec(code, {"__name__": "__main__", "__file__": script})
    except SystemExit as end:
        if isinstance(end.code, int):
            quick_exit(end.code)
        raise


if __name__ == "__main__":
    main()
