"""A command that is run while something is held, and what may happen meanwhile."""

import os
import queue
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from toolcrib.cli.core.failures import Failure
from toolcrib.cli.core.waiting import ENDING_SIGNALS

KILL_SECONDS = 10.0
CANNOT_RUN = 126


class Mailbox:
    """What happens to this program, one after the other: signals that ask it to end, and the end of its child.

    Signals are kept here instead of interrupting what goes on, so that none can come between taking something and
    noting that it was taken. A signal that is ignored already stays so, as after `nohup`.
    """

    def __init__(self) -> None:
        # Its `put` may be called by a signal handler.
        self._box: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Mailbox":
        for name in ENDING_SIGNALS:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._box.put(("signal", number))

    def put_end(self, code: int) -> None:
        self._box.put(("end", code))

    def get(self, seconds: float) -> tuple[str, int] | None:
        """Return what happened next, ("signal", number) or ("end", code), or None when nothing did for so long."""
        try:
            return self._box.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None


class Child:
    """A command, started. At a terminal it stays in the foreground; else it leads a group of processes, which are
    ended together."""

    def __init__(self, words: list[str], environment: dict[str, str], mailbox: Mailbox) -> None:
        self._has_group = os.name == "posix" and not sys.stdin.isatty()
        try:
            self._process = subprocess.Popen(
                words, env=environment, process_group=0 if self._has_group else None
            )
        except OSError as bad:
            failure = Failure(f"{words[0]} cannot be run: {bad.strerror}.", code="cannot_run")
            failure.exit_code = CANNOT_RUN
            raise failure from bad
        threading.Thread(target=self._wait, args=(mailbox,), daemon=True).start()

    def _wait(self, mailbox: Mailbox) -> None:
        code = self._process.wait()
        mailbox.put_end(code if code >= 0 else 128 - code)

    def pass_on(self, number: int) -> None:
        """Send a signal that came to us. At a terminal, Ctrl-C has reached the command already."""
        if self._has_group or number != signal.SIGINT:
            self._send(number)

    def end(self) -> None:
        """Ask the command to end, and after KILL_SECONDS have it ended with all it started in its group."""
        self._send(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(KILL_SECONDS)
        self._send(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._process.wait()

    def _send(self, number: int) -> None:
        if self._has_group:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return
        elif self._process.poll() is None:
            self._process.send_signal(number)
