# `toolcrib` for git and the shell: hands itself to the fork server (see fork_server.py), waits, and ends as it did.
# Only modules that are built in, for these load in no time.
import _signal  # type: ignore[import-not-found]
import _socket
import posix
import sys


def ended(connection: _socket.socket) -> int:
    pid = int.from_bytes(connection.recv(4), sys.byteorder)

    def forward(number: int, _frame: object) -> None:
        posix.kill(pid, number)

    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, forward)
    return int.from_bytes(connection.recv(4), sys.byteorder, signed=True)


def main(address: str, program: str) -> None:
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(address)
    umask = posix.umask(0)
    posix.umask(umask)
    arguments = [program, *sys.argv[1:]]
    fields = [
        b"%d" % umask,
        b"0",
        b"%d" % len(arguments),
        *[one.encode(sys.getfilesystemencoding(), "surrogateescape") for one in arguments],
        *[name + b"=" + value for name, value in posix.environ.items()],
    ]
    body = b"\0".join(fields)
    here = posix.open(".", posix.O_RDONLY)
    descriptors = b"".join(one.to_bytes(4, sys.byteorder) for one in (here, 0, 1, 2))
    head = len(body).to_bytes(4, sys.byteorder)
    connection.sendmsg([head], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptors)])
    connection.sendall(body)
    for one in (0, 1, 2, here):  # so that a reader sees the end when the process ends
        posix.close(one)
    status = ended(connection)
    if status < 0:
        _signal.signal(-status, _signal.SIG_DFL)
        posix.kill(posix.getpid(), -status)
    posix._exit(status)
