"""Keeps accounts in step with claims: whatever ends a hold, by whichever door, has its account removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy import Row as DatabaseRow

from toolcrib.kernel.claims.changes import Change, Inserts, Together
from toolcrib.kernel.claims.models import PRIVATE, Claim
from toolcrib.kernel.driver_statements import DriverStatement, Row
from toolcrib.kernel.problems import Conflict
from toolcrib.machines.logins import login_for
from toolcrib.machines.models import CURRENT, HoldState, State, holds, machines, reservations
from toolcrib.machines.wanted import keys_of

WORK_JOB = "machines.work"


class NoReservation(Conflict):
    """A machine is held for a reservation only: that says which account is made."""

    code = "no_reservation"


def _follow(connection: Connection, change: Change) -> None:
    """Begin, move or end the hold that goes with a claim."""
    before, after = change.before, change.after
    if before is not None and after is not None and after.fence == before.fence:
        _moved(connection, after)
        return
    now = change.event.at
    if before is not None:
        _ended(connection, before, change, now)
    if after is not None:
        begun = (
            _account_of(connection, after) if before is None else _passed_on(connection, before, after, now)
        )
        _INSERT.run(connection, [_row(after, begun, now)])
    change.nudge(WORK_JOB)


def _begin(changes: Sequence[Change]) -> Inserts:
    """Begin the holds that go with new claims."""
    rows = []
    for change in changes:
        rows.append(_row(change.claim, Account.of(change.claim), change.event.at))
        change.nudge(WORK_JOB)
    return [(_INSERT, rows)]


# Whatever changes a claim on a machine, by whichever door.
follow_claim = Together(_follow, _begin)


class Account(NamedTuple):
    """The account that goes with a claim: of which reservation, on which machine, by which name. It is told in the
    claim's private data, so that the hook need not look for it."""

    reservation_id: str
    machine_id: int
    login: str

    @property
    def data(self) -> dict[str, Any]:
        """The data of a claim for it."""
        return {
            PRIVATE: {"reservation": self.reservation_id, "machine": self.machine_id, "login": self.login}
        }

    @classmethod
    def of(cls, claim: Claim) -> Account:
        """Return the account that a claim tells of.

        Raises:
            NoReservation: the claim is for none (409).
        """
        told = _told(claim)
        return cls(told["reservation"], told["machine"], told["login"])


def _told(claim: Claim) -> dict[str, Any]:
    private = claim.data.get(PRIVATE)
    if not isinstance(private, dict) or "reservation" not in private:
        raise NoReservation("Machines are held by a reservation.")
    return private


def _account_of(connection: Connection, claim: Claim) -> Account:
    told = _told(claim)
    if "login" in told:
        return Account.of(claim)
    # A claim of an earlier release, whose hook failed and is told again.
    machine = select(machines.c.id).where(machines.c.name == claim.key)
    login = select(reservations.c.login).where(reservations.c.id == told["reservation"])
    return Account(
        told["reservation"],
        connection.execute(machine).scalar_one(),
        connection.execute(login).scalar_one(),
    )


def _row(claim: Claim, account: Account, now: datetime) -> Row:
    return (
        account.reservation_id,
        account.machine_id,
        claim.key,
        claim.fence,
        claim.holder,
        account.login,
        HoldState.PREPARING,
        now,
        claim.expires_at,
        False,
        0,
        now,
    )


_INSERT = DriverStatement(
    insert(holds),
    "reservation_id",
    "machine_id",
    "machine",
    "fence",
    "holder",
    "login",
    "state",
    "created_at",
    "ends_at",
    "is_failed",
    "attempts",
    "next_at",
)


def _moved(connection: Connection, claim: Claim) -> None:
    """Its end moved."""
    hold = connection.execute(select(holds.c.reservation_id).where(holds.c.fence == claim.fence)).first()
    if hold is None:
        return
    connection.execute(update(holds).where(holds.c.fence == claim.fence).values(ends_at=claim.expires_at))
    latest = select(func.max(holds.c.ends_at)).where(
        holds.c.reservation_id == hold.reservation_id, holds.c.state.in_(CURRENT)
    )
    end = connection.execute(latest).scalar()
    reservation = update(reservations).where(reservations.c.id == hold.reservation_id)
    connection.execute(reservation.values(ends_at=end, warned_at=None, revision=reservations.c.revision + 1))


def _ended(connection: Connection, claim: Claim, change: Change, now: datetime) -> None:
    hold = connection.execute(select(holds).where(holds.c.fence == claim.fence)).first()
    if hold is None or hold.state not in CURRENT:
        return
    ended = update(holds).where(holds.c.id == hold.id)
    connection.execute(
        ended.values(
            state=HoldState.CLEANING,
            ended_at=now,
            reason=change.reason or change.event.verb,
            attempts=0,
            next_at=now,
        )
    )
    if hold.is_failed:
        return  # whoever found that out decides what becomes of the reservation
    others = select(holds.c.id).where(
        holds.c.reservation_id == hold.reservation_id, holds.c.state.in_(CURRENT)
    )
    if connection.execute(others.limit(1)).first() is None:
        over = update(reservations).where(
            reservations.c.id == hold.reservation_id,
            reservations.c.state.in_((State.PREPARING, State.READY)),
        )
        connection.execute(over.values(state=State.ENDED, ends_at=now, reason=change.reason))


def _passed_on(connection: Connection, before: Claim, after: Claim, now: datetime) -> Account:
    """Return the account of the new holder. What passes to one person at one moment out of one reservation is one
    reservation.

    Nobody else's key or password lets anybody into it: the account is the new holder's, with the keys that they had
    in the shared reservation, if any.
    """
    former = _former(connection, before)
    same = select(reservations.c.id, reservations.c.login).where(
        reservations.c.came_from == former.id,
        reservations.c.holder_uuid == after.holder_uuid,
        reservations.c.created_at == now,
    )
    known = connection.execute(same).first()
    if known is not None:
        return Account(known.id, former.machine_id, known.login)
    keys: dict[str, Any] = keys_of(former.access)
    heir = after.holder_uuid
    access: dict[str, Any] = {"keys": {heir: keys[heir]} if heir in keys else {}}
    if former.access.get("certificate"):
        access["certificate"] = True  # of the heir: the former holder's are for the former reservation
    row: dict[str, Any] = {
        "id": str(uuid4()),
        "place": after.fence,
        "holder": after.holder,
        "holder_uuid": after.holder_uuid,
        "login": login_for(after.holder),
        "state": State.PREPARING,
        "wanted": former.wanted,
        "access": access,
        "purpose": former.purpose,
        "seconds": former.seconds,
        "created_at": now,
        "ends_at": after.expires_at,
        "came_from": former.id,
    }
    connection.execute(insert(reservations).values(**row))
    return Account(row["id"], former.machine_id, row["login"])


def _former(connection: Connection, claim: Claim) -> DatabaseRow[Any]:
    query = select(reservations, holds.c.machine_id).join(holds, holds.c.reservation_id == reservations.c.id)
    return connection.execute(query.where(holds.c.fence == claim.fence)).one()
