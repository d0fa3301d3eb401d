"""Machines that a program has for as long as it needs them."""

import time
from contextlib import suppress
from typing import Any, NoReturn

from toolcrib.cli.core.accounts import Account
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.durations import parse_moment
from toolcrib.cli.core.failures import Failure, Unreachable
from toolcrib.cli.core.output import warn
from toolcrib.cli.core.waiting import Ended
from toolcrib.cli.machines.access import CURRENT, Reservation, machines_of
from toolcrib.cli.machines.child import Child, Mailbox
from toolcrib.cli.machines.reservations import tell_place

# Beside these, a command that is not found (127) or cannot be run (126), as shells have them.
REFUSED, LOST, TIMED_OUT, NO_ANSWER, NOT_FOUND = 121, 122, 124, 125, 127

REQUEST_SECONDS = 10.0
WAIT_POLL_SECONDS, HOLD_POLL_SECONDS = 1.0, 2.0
# A reservation is extended when less than this part of it is left, and never later than so many seconds before its end.
EXTEND_AT, EXTEND_SECONDS = 1 / 3, 120.0
EXTEND_AGAIN_SECONDS = 30.0
GIVE_BACK_TRIES = 3


def _failure(text: str, exit_code: int, code: str) -> Failure:
    failure = Failure(text, code=code)
    failure.exit_code = exit_code
    return failure


class Lease:
    """One reservation: taken, kept while a command runs, given back."""

    def __init__(self, account: Account, mailbox: Mailbox, *, extends_by: int | None) -> None:
        self._api = ApiClient(account, timeout_seconds=REQUEST_SECONDS)
        self._mailbox = mailbox
        self._minutes = extends_by
        self._id: str | None = None
        self._ends = 0.0
        self._length = 0.0
        self._extend_again = 0.0
        self._fences: set[int] = set()

    # -- taking ---------------------------------------------------------------

    def take(self, body: dict[str, Any], limit: int | None) -> Reservation:
        """Return the reservation when its accounts are there.

        Raises:
            Failure: refused, or `limit` seconds were over.
            Ended: a signal came.
        """
        deadline = None if limit is None else time.monotonic() + limit
        now = self._api.post("/reservations", body, timeout_seconds=60)
        self._id = now["id"]
        renew_every = self._lease_seconds(now) / 3
        renew_at = time.monotonic() + renew_every
        tell_place(None, now)
        while now["state"] != "ready":
            if now["state"] not in ("waiting", *CURRENT):
                raise _failure(f"No machines: {now['reason'] or now['state']}", REFUSED, "refused")
            if deadline is not None and time.monotonic() >= deadline:
                self._timed_out()
            self._pause(WAIT_POLL_SECONDS if deadline is None else min(1.0, deadline - time.monotonic()))
            # An outage of the server ends nobody's wait; the place may lapse, which shows in its state.
            with suppress(Unreachable):
                if now["state"] == "waiting" and time.monotonic() >= renew_at:
                    renew_at = time.monotonic() + renew_every
                    with suppress(Failure):
                        self._api.post(f"/reservations/{self._id}/renew")
                before, now = now, self._confirmed(self._api.get(f"/reservations/{self._id}"))
                tell_place(before, now)
        self._note(now)
        self._length = self._ends - time.monotonic()
        self._fences = {one["fence"] for one in machines_of(now) if one["state"] == "ready"}
        if not self._fences:
            raise _failure("No machines: none is ready.", REFUSED, "refused")
        return now  # type: ignore[no-any-return]

    def _lease_seconds(self, reservation: Reservation) -> float:
        place = reservation["queue"] or {}
        ends, made = parse_moment(place.get("lease_ends_at")), parse_moment(reservation["created_at"])
        return max(1.0, (ends - made).total_seconds()) if ends and made else 30.0

    def _confirmed(self, reservation: Reservation) -> Reservation:
        """Say that we know that we have been served, where that is asked: else the machines pass on."""
        if reservation.get("confirm_by") is None:
            return reservation
        try:
            return self._api.post(f"/reservations/{self._id}/confirm")  # type: ignore[no-any-return]
        except Unreachable:
            raise
        except Failure:  # it has ended
            return self._api.get(f"/reservations/{self._id}")  # type: ignore[no-any-return]

    def _timed_out(self) -> NoReturn:
        raise _failure("The time to wait is over.", TIMED_OUT, "timed_out")

    def _pause(self, seconds: float) -> None:
        happened = self._mailbox.get(seconds)
        if happened is not None:
            raise Ended(happened[1])

    # -- keeping --------------------------------------------------------------

    def keep_while(self, child: Child) -> int:
        """Keep the machines until the command ends, and return its exit code.

        Raises:
            Failure: the machines were lost; the command has been ended.
        """
        try:
            while True:
                happened = self._mailbox.get(min(HOLD_POLL_SECONDS, self._ends - time.monotonic()))
                if happened is None:
                    if (reason := self._why_lost()) is not None:
                        raise _failure(f"The machines are lost: {reason}", LOST, "lost")
                elif happened[0] == "end":
                    return happened[1]
                else:
                    child.pass_on(happened[1])
        finally:
            child.end()

    def _why_lost(self) -> str | None:
        """Return why the machines are not ours any more, or None while they are."""
        try:
            # No answer is awaited for much longer than we have the machines.
            left = max(1.0, self._ends - time.monotonic())
            seconds = min(REQUEST_SECONDS, left)
            now = self._api.request("GET", f"/reservations/{self._id}", timeout_seconds=seconds)
        except Unreachable:
            is_over = time.monotonic() >= self._ends
            return "their time is over, and the server does not answer." if is_over else None
        except Failure as refused:
            return str(refused)
        held = {one["fence"] for one in machines_of(now)}
        if now["state"] not in CURRENT or not self._fences <= held:
            reason: str = now["reason"] or "the reservation has ended."
            return reason
        self._note(now)
        if time.monotonic() >= self._ends:
            return "their time is over."
        self._extend_if_due()
        return None

    def _note(self, reservation: Reservation) -> None:
        self._ends = time.monotonic() + (reservation["seconds_remaining"] or 0)

    def _extend_if_due(self) -> None:
        now = time.monotonic()
        if self._minutes is None or now < self._extend_again:
            return
        if self._ends - now >= max(self._length * EXTEND_AT, EXTEND_SECONDS):
            return
        is_first = self._extend_again == 0
        self._extend_again = now + EXTEND_AGAIN_SECONDS
        try:
            self._note(self._api.post(f"/reservations/{self._id}/extend", {"minutes": self._minutes}))
            self._extend_again = 0
        except Failure as refused:
            if is_first:
                warn(f"toolcrib: The machines cannot be kept longer for now: {refused}")

    # -- giving back ----------------------------------------------------------

    def give_back(self) -> None:
        """Release the machines, or leave the line."""
        if self._id is None:
            return
        for _ in range(GIVE_BACK_TRIES):
            try:
                self._api.delete(f"/reservations/{self._id}")
            except Unreachable as away:
                problem = away
                time.sleep(1)
            except Failure:
                return  # it has ended already
            else:
                return
        warn(f"toolcrib: The machines could not be given back; they are free at their end. {problem}")
