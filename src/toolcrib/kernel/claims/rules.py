"""The rules of holding, as plain code on plain values: no database, no clock, no I/O.

What they change, and how that is recorded, is in `state.py`; those of waiting are in `queue_rules.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from toolcrib.kernel.claims.commands import (
    Acquire,
    Command,
    Confirm,
    EndWaiting,
    Expire,
    ForceRelease,
    Forgive,
    Group,
    KeepWaiting,
    Release,
    Renew,
    StopWaiting,
    Transfer,
    Wait,
)
from toolcrib.kernel.claims.models import UPSTREAM, Claim, Holder, Ref, held_by_program
from toolcrib.kernel.claims.problems import (
    BadEnd,
    ClaimHeld,
    ClaimLost,
    ClaimNotFound,
    NotHolder,
    SpelledOtherwise,
)
from toolcrib.kernel.claims.queue_rules import QueueRules, end_of
from toolcrib.kernel.clock import iso_format
from toolcrib.kernel.long_work import each_synchronously

# These are about claims past their end: they find them as they are.
_FOR_WHAT_IS_OVER = frozenset({Expire, Forgive})


class ClaimRules(QueueRules):
    def run_group(self, group: Group) -> list[Claim | None]:
        """Carry out all commands of `group` or, if one is refused, none of them.

        What is over ends first, and stays ended whatever becomes of the commands.
        """
        self.end_what_is_over(group)
        claims = self.try_group(group)
        self.keep_group()
        return claims

    def end_what_is_over(self, group: Group) -> None:
        """End the claims past their end that `group` speaks of."""
        self._undo = None
        for command in group.commands:
            if type(command) not in _FOR_WHAT_IS_OVER:
                self.live(command.ref)

    def try_group(self, group: Group) -> list[Claim | None]:
        """`run_group` after `end_what_is_over`. `undo_group` can take it back until the next group."""
        self._lines = len(self.events.lines)
        self._undo = []
        self._by, self._refusable = group.by, True
        try:
            return each_synchronously(self.run, group.commands)
        except Exception:
            self.undo_group()
            raise
        finally:
            self._by = None

    def run(self, command: Command) -> Claim | None:
        """Carry out one command. Returns the claim as it now is, or as it was when it ended."""
        match command:
            case Acquire():
                return self.acquire(command)
            case Renew():
                return self.renew(command)
            case Release():
                return self.release(command)
            case ForceRelease():
                return self.force_release(command)
            case Transfer():
                return self.transfer(command)
            case Expire():
                return self.expire(command)
            case Forgive():
                return self.forgive(command)
            case Confirm():
                return self.confirm(command)
            case Wait():
                return self.wait(command)
            case KeepWaiting():
                return self.keep_waiting(command)
            case StopWaiting():
                return self.stop_waiting(command)
            case EndWaiting():
                self.end_waiting(command)
                return None

    # Verbs

    def acquire(self, command: Acquire) -> Claim:
        ref, now = command.ref, self.now
        _must_be_ahead(command.expires_at, now)
        held = self.live(ref)
        if held is not None:
            raise ClaimHeld(held, len(self.waiters.get(ref.digest, ())))
        if command.alone and ref.folded is not None:
            self._require_no_other_spelling(ref)
        data: dict[str, Any] = {"holder": command.holder.username}
        if command.branch is not None:
            data["branch"] = command.branch
        if command.comment is not None:
            data["comment"] = command.comment
        if command.expires_at is not None:
            data["expires_at"] = iso_format(command.expires_at)
        for name in ("label", UPSTREAM):
            if name in command.data:
                data[name] = command.data[name]
        if command.granted:
            data["granted"] = True
        fence = self._write(ref, command.holder.username, "acquired", data)
        data["fence"] = fence
        claim = Claim(
            kind=ref.kind,
            scope=ref.scope,
            key=ref.key,
            digest=ref.digest,
            holder=command.holder.username,
            holder_uuid=command.holder.uuid,
            branch=command.branch,
            comment=command.comment,
            acquired_at=now,
            renewed_at=now,
            expires_at=command.expires_at,
            heartbeat=command.heartbeat,
            fence=fence,
            data=command.data,
            folded=ref.folded,
        )
        self._set(ref.digest, claim)
        return claim

    def _require_no_other_spelling(self, ref: Ref) -> None:
        for digest in sorted(self.spellings.get(ref.folded or "", ())):
            other = self.claims.get(digest)
            held = self.live(other.ref) if other is not None and digest != ref.digest else None
            if held is not None:
                raise SpelledOtherwise(held, ref.key, len(self.waiters.get(digest, ())))

    def renew(self, command: Renew) -> Claim:
        _must_be_ahead(command.expires_at, self.now)
        claim = self._held_by(command.ref, command.holder, command.fence)
        renewed = replace(
            claim,
            renewed_at=self.now,
            expires_at=command.expires_at,
            heartbeat=claim.heartbeat and claim.unconfirmed is None,
            data=_confirmed_data(claim) if command.data is None else command.data,
        )
        self._write_about(
            claim, command.holder.username, "renewed", {"expires_at": _shown(command.expires_at)}
        )
        self._set(claim.digest, renewed)
        return renewed

    def release(self, command: Release) -> Claim:
        claim = self._held_by(command.ref, command.holder, command.fence)
        if command.waiter_id is not None and (claim.unconfirmed or {}).get("waiter_id") != command.waiter_id:
            raise ClaimLost(f"You have confirmed {claim.label} since.")
        self._end(claim, command.holder.username, "released", {}, command.reason)
        return claim

    def force_release(self, command: ForceRelease) -> Claim:
        claim = self._held(command.ref, command.fence)
        self._refusable = command.refusable
        self._end(claim, command.actor, "force_released", {"reason": command.reason}, command.reason)
        self._refusable = True
        return claim

    def transfer(self, command: Transfer) -> Claim:
        if command.holder is not None:
            claim = self._held_by(command.ref, command.holder, command.fence)
        else:
            claim = self._held(command.ref, command.fence)
        data: dict[str, Any] = {
            "from": claim.holder,
            "to": command.to.username,
            "holder": command.to.username,
        }
        if command.comment is not None:
            data["comment"] = command.comment
        expires_at = claim.expires_at
        if claim.unconfirmed is not None:
            expires_at = self._end_once_confirmed(claim.unconfirmed)
            data["expires_at"] = _shown(expires_at)
        program = self._serve_by_hand(claim.digest, command.to)
        fence = self._write_about(claim, command.actor, "transferred", data)
        data["fence"] = fence
        passed = replace(
            claim,
            holder=command.to.username,
            holder_uuid=command.to.uuid,
            comment=claim.comment if command.comment is None else command.comment,
            acquired_at=self.now,
            renewed_at=self.now,
            expires_at=expires_at,
            heartbeat=claim.heartbeat and claim.unconfirmed is None,
            fence=fence,
            data={**claim.public_data, **held_by_program(program)},
        )
        self._refusable = command.refusable
        self._set(claim.digest, passed, command.comment)
        self._refusable = True
        return passed

    def expire(self, command: Expire) -> Claim | None:
        claim = self.claims.get(command.ref.digest)
        if claim is None or claim.fence != command.fence or not claim.is_over(self.now):
            return None
        self._run_out(claim)
        return claim

    def forgive(self, command: Forgive) -> Claim | None:
        claim, until = self.claims.get(command.ref.digest), command.expires_at
        if claim is None or claim.fence != command.fence:
            return None
        chosen = _chosen_end(claim.unconfirmed)
        if chosen is not None:
            until = min(until, chosen)
        if not claim.heartbeat or claim.expires_at is None or until <= max(claim.expires_at, self.now):
            return None
        forgiven = replace(claim, expires_at=until)
        with self._by_itself():
            self._write_about(claim, None, "renewed", {"expires_at": _shown(until)})
            self._set(claim.digest, forgiven)
        return forgiven

    def confirm(self, command: Confirm) -> Claim:
        claim = self._held_by(command.ref, command.holder, command.fence)
        if claim.unconfirmed is None:
            return claim
        ends = self._end_once_confirmed(claim.unconfirmed)
        return self.renew(Renew(command.ref, command.holder, ends, command.fence))

    def _end_once_confirmed(self, unconfirmed: dict[str, Any]) -> datetime | None:
        return end_of(self.now, unconfirmed.get("ttl_seconds"), _chosen_end(unconfirmed))

    # What is true now

    def live(self, ref: Ref) -> Claim | None:
        """The claim on `ref`. One that is over ends here and now, and passes to whoever waits for it."""
        claim = self.claims.get(ref.digest)
        if claim is not None and claim.is_over(self.now):
            self._run_out(claim)
            claim = self.claims.get(ref.digest)
        return claim

    def _held(self, ref: Ref, fence: int | None) -> Claim:
        claim = self.live(ref)
        if claim is None:
            raise ClaimNotFound(f"{ref.key} is not held by anybody.")
        if fence is not None and claim.fence != fence:
            raise ClaimLost(f"{claim.label} has passed on: it is held by {claim.holder} now.")
        return claim

    def _held_by(self, ref: Ref, holder: Holder, fence: int | None) -> Claim:
        claim = self.live(ref)
        if claim is None:
            raise ClaimNotFound(f"{ref.key} is not held by anybody.")
        if claim.holder_uuid != holder.uuid:
            raise NotHolder(claim)
        if fence is not None and claim.fence != fence:
            raise ClaimLost(f"You hold {claim.label} anew since then; this was an earlier claim.")
        return claim

    def _run_out(self, claim: Claim) -> None:
        with self._by_itself():
            self._end(claim, None, "expired", {})

    def _end(
        self, claim: Claim, actor: str | None, verb: str, data: dict[str, Any], reason: str | None = None
    ) -> None:
        ended_at = claim.expires_at if verb == "expired" and claim.expires_at else self.now
        data["holder"] = claim.holder
        data["held_seconds"] = int((ended_at - claim.acquired_at).total_seconds())
        self._write_about(claim, actor, verb, data)
        self._set(claim.digest, None, reason)
        # Whoever is next asked long ago: that a kind cannot serve them now must not keep the claim from ending.
        by, self._by = self._by, None
        refusable, self._refusable = self._refusable, False
        self._serve_queue(claim)
        self._by, self._refusable = by, refusable


def _confirmed_data(claim: Claim) -> dict[str, Any]:
    if claim.unconfirmed is None:
        return claim.data
    return {**claim.public_data, **held_by_program(claim.program)}


def _chosen_end(unconfirmed: dict[str, Any] | None) -> datetime | None:
    """Return the moment at which the program that is given a claim wants it to end, if it named one."""
    ends_at = (unconfirmed or {}).get("ends_at")  # not there in what earlier releases wrote
    return datetime.fromisoformat(ends_at) if ends_at else None


def _shown(moment: datetime | None) -> str | None:
    return iso_format(moment) if moment else None


def _must_be_ahead(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise BadEnd("The end must lie in the future.")
