"""Remember the last failed write until one succeeds: what can be read may not be writable, as on a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar

import structlog

from toolcrib.kernel.problems import NotWell
from toolcrib.kernel.waits import end_tasks

log = structlog.get_logger()

PROBE_SECONDS = 1.0
CANNOT_WRITE = "cannot write"

_probing: ContextVar[bool] = ContextVar("probing", default=False)


def is_probing() -> bool:
    """Whether this runs in a `probe`. That it fails is no news, so it is no line in the log."""
    return _probing.get()


class WriteWatch:
    """The writes to one part. After one has failed, `probe` tries another every second; otherwise a server that
    receives no changes would never notice that writing works again. `has_failed` stays until somebody resets it."""

    def __init__(self, part: str, probe: Callable[[], Awaitable[None]]) -> None:
        self._part = part
        self._probe = probe
        self._probing: asyncio.Task[None] | None = None
        self._closed = False
        self.failure = ""
        self.has_failed = False

    def check(self) -> None:
        """Check that the last write succeeded.

        Raises:
            NotWell: it failed; the message says why, in words for operators.
        """
        if self.failure:
            raise NotWell(f"{CANNOT_WRITE}: {self.failure}")

    def failed(self, why: str) -> None:
        if not self.failure:
            log.error("writes_fail", part=self._part, reason=why)
        self.failure = why
        self.has_failed = True
        if self._probing is None and not self._closed:
            # Apart from the request whose write has failed, which is long over before this is.
            self._probing = asyncio.create_task(
                self._probe_until_well(), name=f"probe {self._part}", context=Context()
            )

    def worked(self) -> None:
        if self.failure:
            self.failure = ""
            log.info("writes_work_again", part=self._part)

    async def close(self) -> None:
        self._closed = True
        if self._probing is not None:
            await end_tasks(self._probing)

    async def _probe_until_well(self) -> None:
        _probing.set(True)
        try:
            while self.failure:
                try:
                    await self._probe()
                except Exception as error:  # noqa: BLE001 - whatever it is, it does not work yet
                    log.debug("probe_failed", part=self._part, error=type(error).__name__)
                    await asyncio.sleep(PROBE_SECONDS)
                else:
                    self.worked()
        finally:
            self._probing = None
