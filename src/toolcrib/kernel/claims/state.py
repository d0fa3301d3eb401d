"""What claims and waiters are while commands are carried out, and how a group of commands is taken back.

It starts with what the commands name, as read by whoever holds the write lock, and records what changes:
`statements.py` brings it from and to the database.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from toolcrib.kernel.claims.changes import Change
from toolcrib.kernel.claims.models import Claim, Ref, Waiter
from toolcrib.kernel.events.writer import EventWriter
from toolcrib.kernel.requester import Requester


class ClaimState:
    def __init__(
        self,
        claims: Iterable[Claim],
        waiters: Iterable[Waiter],
        events: EventWriter,
        now: datetime,
        hooked: Container[str] = (),
    ) -> None:
        """`hooked` are the kinds whose changes are recorded in `changes`, in their order."""
        self.now = now
        self.events = events
        self.claims: dict[str, Claim] = {}
        # The digests of what is or was held, by what is equal for names that differ only in case.
        self.spellings: dict[str, set[str]] = {}
        for claim in claims:
            self._put(claim.digest, claim)
        self.waiters: dict[str, list[Waiter]] = {}
        for waiter in sorted(waiters, key=lambda each: each.position):
            self.waiters.setdefault(waiter.digest, []).append(waiter)
        self.changes: list[Change] = []
        self.was_written()
        self._hooked = hooked
        self._by: Requester | None = None
        self._refusable = True
        self._undo: list[Callable[[], object]] | None = None
        self._lines = 0

    def was_written(self) -> None:
        """The database now has the claims and waiters as they are here."""
        self.read_claims = dict(self.claims)
        self.read_waiters = {waiter.id: waiter for queue in self.waiters.values() for waiter in queue}

    def keep_group(self) -> None:
        """The last `try_group` stands. Its undo steps refer to these rules: until the garbage collector came, they
        would keep the whole batch in memory."""
        self._undo = None

    def undo_group(self) -> None:
        """Take back everything that the last `try_group` did."""
        for undo in reversed(self._undo or ()):
            undo()
        self.events.truncate(self._lines)
        self.changes.clear()
        self._undo = None

    def _write(self, ref: Ref, actor: str | None, verb: str, data: dict[str, Any]) -> int:
        return self.events.append(
            at=self.now,
            actor=actor,
            verb=verb,
            kind=ref.kind,
            scope=ref.scope,
            key=ref.key,
            digest=ref.digest,
            data=data,
        )

    def _write_about(self, claim: Claim, actor: str | None, verb: str, data: dict[str, Any]) -> int:
        data.setdefault("holder", claim.holder)
        data["fence"] = claim.fence
        if claim.branch is not None:
            data["branch"] = claim.branch
        data.update(labelled(claim))
        return self._write(claim.ref, actor, verb, data)

    @contextmanager
    def _by_itself(self) -> Iterator[None]:
        """For what time brings: nobody asked for it, and no kind can refuse it."""
        by, self._by, self._refusable = self._by, None, False
        yield
        self._by, self._refusable = by, True

    def _set(self, digest: str, claim: Claim | None, reason: str | None = None) -> None:
        """Put `claim` in place of what is held now, None for nothing; the event of it was written just before."""
        before = self.claims.get(digest)
        if self._undo is not None:
            self._undo.append(partial(self._put, digest, before))
        self._put(digest, claim)
        event = self.events.lines[-1]
        if event.kind in self._hooked:
            self.changes.append(Change(before, claim, event, self._by, reason, refusable=self._refusable))

    def _put(self, digest: str, claim: Claim | None) -> None:
        if claim is None:
            self.claims.pop(digest, None)
            return
        self.claims[digest] = claim
        if claim.folded is not None:
            self.spellings.setdefault(claim.folded, set()).add(digest)

    def _set_queue(self, digest: str, queue: list[Waiter]) -> None:
        if self._undo is not None:
            self._undo.append(partial(self.waiters.__setitem__, digest, self.waiters.get(digest, [])))
        self.waiters[digest] = queue

    def _forget_waiter(self, digest: str, holder_uuid: str, waiter_id: str | None = None) -> bool:
        queue = self.waiters.get(digest, [])
        left = [
            waiter
            for waiter in queue
            if waiter.holder_uuid != holder_uuid or waiter_id not in (None, waiter.id)
        ]
        if len(left) == len(queue):
            return False
        self._set_queue(digest, left)
        return True


def labelled(claim: Claim) -> dict[str, str]:
    return {"label": claim.data["label"]} if "label" in claim.data else {}
