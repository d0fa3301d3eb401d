"""The rules of waiting: one queue for each thing, first come, first served.

A person keeps the place without doing anything. A program keeps it as a lease, which it renews as long as it runs; the
claim it is given lasts only until it has confirmed that it is still there. So a program that was killed neither holds
up the queue nor ends as the holder. Programs of one account are strangers to each other here: each has its own place,
and may wait for what another of them holds.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from toolcrib.kernel.claims.commands import Acquire, EndWaiting, KeepWaiting, StopWaiting, Wait
from toolcrib.kernel.claims.models import PRIVATE, UNCONFIRMED, Claim, Holder, Ref, Waiter
from toolcrib.kernel.claims.problems import (
    HELD_BY_YOU,
    AlreadyWaiting,
    ClaimHeld,
    ClaimNotFound,
    TooManyPrograms,
)
from toolcrib.kernel.claims.state import ClaimState, labelled
from toolcrib.kernel.clock import iso_format

# Why somebody no longer waits, in the event: nobody renewed the place, or the time to wait was over.
LAPSED, TIME_OVER = "lapsed", "time_over"
# So many programs of one account may wait for one thing.
MAX_PROGRAMS = 100


class QueueRules(ClaimState):
    @abstractmethod
    def live(self, ref: Ref) -> Claim | None: ...

    @abstractmethod
    def acquire(self, command: Acquire) -> Claim: ...

    def wait(self, command: Wait) -> Claim:
        ref = command.ref
        claim = self.live(ref)
        if claim is None:
            raise ClaimNotFound(f"{ref.key} is free: take it instead of waiting for it.")
        queue = self._without_those_over(ref, labelled(claim))
        self._require_no_place(command, claim, queue)
        if claim.holder_uuid == command.holder.uuid and not _is_for_another_program(claim, command):
            raise ClaimHeld(claim, len(queue), HELD_BY_YOU)
        position = self._write_about(claim, command.holder.username, "queued", {"take": command.take})
        waiter = Waiter(
            id=command.waiter_id,
            digest=ref.digest,
            kind=ref.kind,
            scope=ref.scope,
            key=ref.key,
            holder=command.holder.username,
            holder_uuid=command.holder.uuid,
            since=self.now,
            position=position,
            take=command.take,
            until=command.until,
            branch=command.branch,
            comment=command.comment,
            ttl_seconds=command.ttl_seconds,
            data=command.data,
            lease_ends_at=command.lease_ends_at,
            confirm_seconds=command.confirm_seconds,
            ends_at=command.ends_at,
        )
        self._set_queue(ref.digest, [*queue, waiter])
        return claim

    def _require_no_place(self, command: Wait, claim: Claim, queue: list[Waiter]) -> None:
        is_program = command.lease_ends_at is not None
        mine = [
            waiter
            for waiter in queue
            if waiter.holder_uuid == command.holder.uuid and (waiter.lease_ends_at is not None) is is_program
        ]
        if any(waiter.id == command.waiter_id or not is_program for waiter in mine):
            raise AlreadyWaiting(f"You are already waiting for {claim.label}.")
        if len(mine) >= MAX_PROGRAMS:
            raise TooManyPrograms(f"{len(mine)} of your programs wait for {claim.label} already.")

    def keep_waiting(self, command: KeepWaiting) -> Claim | None:
        queue = list(self.waiters.get(command.ref.digest, ()))
        for place, waiter in enumerate(queue):
            if (waiter.id, waiter.holder_uuid) != (command.waiter_id, command.holder.uuid):
                continue
            if waiter.is_over(self.now):
                break
            if waiter.lease_ends_at is not None:
                queue[place] = replace(waiter, lease_ends_at=command.lease_ends_at)
                self._set_queue(command.ref.digest, queue)
            return self.claims.get(command.ref.digest)
        raise ClaimNotFound(f"You are not waiting for {command.ref.key}.")

    def stop_waiting(self, command: StopWaiting) -> Claim | None:
        digest, uuid = command.ref.digest, command.holder.uuid
        if command.waiter_id is not None:
            left = self._forget_waiter(digest, uuid, command.waiter_id)
        else:
            left = self._forget_person(digest, uuid) or self._forget_waiter(digest, uuid)
        if not left:
            raise ClaimNotFound(f"You are not waiting for {command.ref.key}.")
        ref = command.ref
        self._write(ref, command.holder.username, "unqueued", {"holder": command.holder.username})
        return self.claims.get(ref.digest)

    def end_waiting(self, command: EndWaiting) -> None:
        for waiter in self.waiters.get(command.ref.digest, ()):
            if waiter.id == command.waiter_id and waiter.is_over(self.now):
                self._forget_waiter(waiter.digest, waiter.holder_uuid, waiter.id)
                claim = self.claims.get(waiter.digest)
                self._say_it_is_over(command.ref, waiter, labelled(claim) if claim else {})
                return

    def _without_those_over(self, ref: Ref, label: dict[str, str]) -> list[Waiter]:
        """Take the places that are over out of the queue, and return what is left."""
        queue = self.waiters.get(ref.digest, [])
        left = [waiter for waiter in queue if not waiter.is_over(self.now)]
        if len(left) < len(queue):
            for waiter in queue:
                if waiter.is_over(self.now):
                    self._say_it_is_over(ref, waiter, label)
            self._set_queue(ref.digest, list(left))
        return left

    def _say_it_is_over(self, ref: Ref, waiter: Waiter, label: dict[str, str]) -> None:
        in_time = waiter.until is None or waiter.until > self.now
        data = {"holder": waiter.holder, "reason": LAPSED if in_time else TIME_OVER, **label}
        self._write(ref, None, "unqueued", data)

    def _serve_by_hand(self, digest: str, to: Holder) -> str | None:
        """Take out of the queue whoever need not wait any longer once the claim is handed over to `to`: the person, and
        the first of their programs. Returns the number of its place."""
        self._forget_person(digest, to.uuid)
        for waiter in self.waiters.get(digest, ()):
            if waiter.holder_uuid == to.uuid and not waiter.is_over(self.now):
                self._forget_waiter(digest, to.uuid, waiter.id)
                return waiter.id
        return None

    def _forget_person(self, digest: str, holder_uuid: str) -> bool:
        for waiter in self.waiters.get(digest, ()):
            if waiter.holder_uuid == holder_uuid and waiter.lease_ends_at is None:
                return self._forget_waiter(digest, holder_uuid, waiter.id)
        return False

    def _serve_queue(self, ended: Claim) -> None:
        """Tell those who asked to be told, up to the first who asked to be given the claim."""
        if not self.waiters.get(ended.digest):
            return
        queue = self._without_those_over(ended.ref, labelled(ended))
        while queue:
            waiter = queue.pop(0)
            self._set_queue(ended.digest, list(queue))
            if waiter.take:
                self._give(ended.ref, waiter)
                return
            self._write(ended.ref, None, "offered", {"holder": waiter.holder, **labelled(ended)})

    def _give(self, ref: Ref, waiter: Waiter) -> None:
        data = waiter.data
        ends = end_of(self.now, waiter.ttl_seconds, waiter.ends_at)
        if waiter.confirm_seconds is not None:
            until = self.now + timedelta(seconds=waiter.confirm_seconds)
            mark: dict[str, Any] = {
                "waiter_id": waiter.id,
                "ttl_seconds": waiter.ttl_seconds,
                "ends_at": iso_format(waiter.ends_at) if waiter.ends_at else None,
            }
            ends, data = min(until, ends or until), {**data, PRIVATE: {UNCONFIRMED: mark}}
        self.acquire(
            Acquire(
                ref=ref,
                holder=Holder(waiter.holder, waiter.holder_uuid),
                branch=waiter.branch,
                comment=waiter.comment,
                expires_at=ends,
                heartbeat=waiter.confirm_seconds is not None,  # our own outage must not end it either
                data=data,
                granted=waiter.confirm_seconds is None,  # a program learns it by itself
            )
        )


def end_of(now: datetime, ttl_seconds: int | None, ends_at: datetime | None) -> datetime | None:
    """Return when a claim that is given or confirmed now ends."""
    if ends_at is not None:
        return ends_at
    return now + timedelta(seconds=ttl_seconds) if ttl_seconds is not None else None


def _is_for_another_program(claim: Claim, command: Wait) -> bool:
    """Whether a program asks for what another program of the same account holds."""
    return command.lease_ends_at is not None and claim.program not in (None, command.waiter_id)
