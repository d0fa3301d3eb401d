"""Keeps accounts in step with claims: whatever ends a hold, by whichever door, has its account removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, literal_column, select, update

from toolcrib.kernel.claims.changes import Change, Together
from toolcrib.kernel.claims.models import PRIVATE, Claim
from toolcrib.kernel.driver_statements import DIALECTS, DriverStatement, select_listed
from toolcrib.kernel.problems import Conflict
from toolcrib.machines.logins import login_for
from toolcrib.machines.models import CURRENT, HoldState, State, holds, machines, reservations

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
        if before is None:
            _begun(connection, (after, _reservation_of(after), now))
        else:
            _begun(connection, (after, _passed_on(connection, before, after, now), now))
    change.nudge(WORK_JOB)


def _reservation_of(claim: Claim) -> str:
    private = claim.data.get(PRIVATE)
    found = private.get("reservation") if isinstance(private, dict) else None
    if not isinstance(found, str):
        raise NoReservation("Machines are held by a reservation.")
    return found


def _begin(connection: Connection, changes: Sequence[Change]) -> None:
    """Begin the holds that go with new claims."""
    begun = []
    for change in changes:
        claim = change.claim
        begun.append((claim, _reservation_of(claim), change.event.at))
        change.nudge(WORK_JOB)
    _begun(connection, *begun)


# Whatever changes a claim on a machine, by whichever door.
follow_claim = Together(_follow, _begin)


def _begun(connection: Connection, *begun: tuple[Claim, str, datetime]) -> None:
    """Begin a hold for each claim, of that reservation at that moment."""
    names = list({claim.key for claim, _, _ in begun})
    of = list({reservation_id for _, reservation_id, _ in begun})
    ids: dict[tuple[str, str], int] = {}
    logins: dict[str, str] = {}
    find = _FIND[connection.dialect.name]
    for name, scope_or_login, id_ in connection.execute(find, {"names": names, "reservations": of}):
        if id_:
            ids[name, scope_or_login] = id_
        else:
            logins[name] = scope_or_login
    rows = [
        (
            reservation_id,
            ids[claim.key, claim.scope],
            claim.key,
            claim.fence,
            claim.holder,
            logins[reservation_id],
            HoldState.PREPARING,
            now,
            claim.expires_at,
            False,
            0,
            now,
        )
        for claim, reservation_id, now in begun
    ]
    _INSERT.run(connection, rows)


# One statement for machines and reservations, because each more is a trip to the server with the write lock held.
_FIND = {
    dialect: select_listed(
        [machines.c.name, machines.c.scope, machines.c.id], machines.c.name, dialect, "names"
    ).union_all(
        select_listed(
            [reservations.c.id, reservations.c.login, literal_column("0").label("none")],
            reservations.c.id,
            dialect,
            "reservations",
        )
    )
    for dialect in DIALECTS
}
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


def _passed_on(connection: Connection, before: Claim, after: Claim, now: datetime) -> str:
    """Return the reservation of the new holder: what passes to one person at one moment out of one reservation is one.

    Nobody else's key or password lets anybody into it: the account is the new holder's, with the keys that they had
    in the shared reservation, if any.
    """
    former = _former(connection, before)
    same = select(reservations.c.id).where(
        reservations.c.came_from == former.id,
        reservations.c.holder_uuid == after.holder_uuid,
        reservations.c.created_at == now,
    )
    known = connection.execute(same).scalar()
    if known is not None:
        return str(known)
    keys: dict[str, Any] = former.access.get("keys", {})
    heir = after.holder_uuid
    access: dict[str, Any] = {"keys": {heir: keys[heir]} if heir in keys else {}}
    if former.access.get("certificate"):
        access["certificate"] = True  # of the heir: the former holder's are for the former reservation
    row = {
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
    return str(row["id"])


def _former(connection: Connection, claim: Claim) -> Row[Any]:
    query = select(reservations).join(holds, holds.c.reservation_id == reservations.c.id)
    return connection.execute(query.where(holds.c.fence == claim.fence)).one()
