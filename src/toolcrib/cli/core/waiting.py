"""A place in line, kept by a program that may be killed at any moment.

The place is a lease: a thread renews it as long as this program runs. What we are given is ours once it is confirmed.
So a program that was killed leaves the line by itself, and the next in line is served: another program of the same
account, too, for each has a place of its own.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import Failure

if TYPE_CHECKING:
    from toolcrib.cli.core.context import Context

# What may end a program that waits. Each makes it leave the line first.
ENDING_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
# How much of the lease passes before it is renewed, so that two renewals may fail.
RENEW_AFTER = 1 / 3
RENEW_SECONDS = FAREWELL_SECONDS = 5.0
GONE = (403, 404, 409)


def as_program(timeout_seconds: int | None) -> dict[str, Any]:
    """Return what the request for a place says, so that the server gives it to this program alone, as a lease, and ends
    it after a time."""
    until = {"timeout_seconds": timeout_seconds} if timeout_seconds else {}
    return {"program": True, "program_id": str(uuid4()), **until}


class Ended(SystemExit):
    """A signal asked this program to end. The exit code is the shell's for it."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


class Place:
    """Our place in the line, renewed until it is closed."""

    def __init__(self, context: "Context") -> None:
        self._account = context.account
        self._stop = threading.Event()
        self._place: dict[str, Any] = {}
        self._renewing: threading.Thread | None = None
        # What we have begun to confirm: from then on it may be ours for good.
        self._fence: int | None = None

    def note(self, answer: dict[str, Any]) -> None:
        """Keep what the server said of our place, and renew it from now on."""
        if "position" not in answer:
            return
        self._place = answer
        if self._renewing is None:
            self._renewing = threading.Thread(target=self._renew, daemon=True)
            self._renewing.start()

    def confirm(self) -> bool:
        """Keep what we were given. False if it did not come from our place in line, or has passed on since."""
        if not self._place:
            return False
        api = self._api(RENEW_SECONDS)
        try:
            claim = api.post(f"{self._address}/renew")["claim"]
            if claim is None:
                return False
            self._fence = claim["fence"]
            api.post(f"/claims/{self._fence}/confirm")
        except Failure as refused:
            if refused.status not in GONE:
                raise
            self._fence = None
            return False
        finally:
            api.close()
        return True

    def leave_or(self, leave: Callable[[], None]) -> None:
        """Give up the place, or what we were given. `leave` does so where we do not know our place."""
        self._stop.set()
        if not self._place:
            leave()
            return
        api = self._api(FAREWELL_SECONDS)
        with suppress(Failure):
            if self._fence is not None:
                api.post(f"/claims/{self._fence}/release")
            else:
                api.delete(self._address)
        api.close()

    def close(self) -> None:
        self._stop.set()

    @property
    def _address(self) -> str:
        return f"/claims/waiting/{self._place['waiter_id']}"

    def _api(self, timeout_seconds: float) -> ApiClient:
        """Return a connection of its own: the command's is busy with the events."""
        return ApiClient(self._account, timeout_seconds=timeout_seconds)

    def _renew(self) -> None:
        api = self._api(RENEW_SECONDS)
        while not self._stop.wait(self._place["lease_seconds"] * RENEW_AFTER):
            # A place that is lost shows in the events, after which we ask for another.
            with suppress(Failure):
                api.post(f"{self._address}/renew")
        api.close()


@contextmanager
def ending_by_exception() -> Iterator[Callable[[], None]]:
    """Let the signals that end a program raise `Ended` here. Yields a function after which they are ignored: leaving
    the line takes one short request, which a second signal must not cut off.

    A signal that is ignored already stays so, as after `nohup`.
    """
    before: dict[int, Any] = {}

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    def ignore() -> None:
        for number in before:
            signal.signal(number, signal.SIG_IGN)

    for name in ENDING_SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, end)
    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
