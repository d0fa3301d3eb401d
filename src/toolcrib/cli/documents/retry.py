"""Trying again: transfers outlive a connection that breaks now and then."""

import time

from toolcrib.cli.core.failures import Unreachable

WAITS = (0.5, 1, 2, 4)  # seconds between tries that got nowhere


class Retries:
    """Counts tries that got nowhere; every bit of progress makes it forget them."""

    def __init__(self) -> None:
        self._failed = 0
        self._reached = -1

    def wait(self, reached: int, broken: Unreachable, *, how: str) -> None:
        """Before another try, which begins at byte `reached`.

        Raises:
            Unreachable: there were enough; `how` says how to go on later.
        """
        if reached > self._reached:
            self._failed, self._reached = 0, reached
        if self._failed >= len(WAITS):
            raise Unreachable(f"{broken} {how}", code=broken.code) from broken
        time.sleep(WAITS[self._failed])
        self._failed += 1
