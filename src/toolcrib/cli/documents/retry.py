"""Retrying: transfers survive a connection that breaks now and then."""

import time

from toolcrib.cli.core.failures import Unreachable

WAITS = (0.5, 1, 2, 4)  # seconds between tries without progress


class Retries:
    """Counts tries without progress; any progress resets the count."""

    def __init__(self) -> None:
        self._failed = 0
        self._reached = -1

    def wait(self, reached: int, broken: Unreachable, *, how: str) -> None:
        """Wait before another try, which begins at byte `reached`.

        Raises:
            Unreachable: there were enough tries; `how` says how to resume later.
        """
        if reached > self._reached:
            self._failed, self._reached = 0, reached
        if self._failed >= len(WAITS):
            raise Unreachable(f"{broken} {how}", code=broken.code) from broken
        time.sleep(WAITS[self._failed])
        self._failed += 1
