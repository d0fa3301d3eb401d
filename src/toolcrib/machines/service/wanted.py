"""Which machines would do for what somebody asks of the pool."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.database import run_core
from toolcrib.kernel.identity.principal import Principal, Role
from toolcrib.kernel.identity.rights import principals_with
from toolcrib.machines.errors import MachineNotFound, TooFewMachines, UnknownTag
from toolcrib.machines.models import State, reservations
from toolcrib.machines.service.fairness import Want
from toolcrib.machines.service.fleet import Machine, Registered, WouldDo
from toolcrib.machines.tags import expression
from toolcrib.machines.wanted import Wanted

# Of the queue: a higher priority first, then who came first.
ORDER = (reservations.c.priority.desc(), reservations.c.place)
# So many different requests are remembered with the machines that would do for them.
KEPT = 64


def check_wanted(wanted: Wanted, fleet: Sequence[Machine], me: Principal) -> None:
    """Refuse names and tags that no machine has which the person may see.

    Raises:
        MachineNotFound: (404).
        UnknownTag, BadTags: (400).
    """
    sees = _scopes(fleet, me)
    missing = set(wanted.names)
    unknown = set(expression(wanted.tags).names) if wanted.tags else set()
    for machine in fleet:
        if not missing and not unknown:
            return
        if machine.scope in sees:
            missing.discard(machine.name)
            unknown -= machine.tags
    if missing:
        raise MachineNotFound
    if unknown:
        raise UnknownTag(f"No machine has the tag {min(unknown)}.")


def obstacle(wanted: Wanted, would_do: WouldDo, me: Principal) -> str | None:
    """Say why the pool as it is would not satisfy a request however long that waits; None if it would."""
    if wanted.is_damaged:
        return "What was asked for is damaged and cannot be read."
    needed, in_service = wanted.at_least, len(would_do.usable)
    if in_service >= needed:
        return None
    asked = "1 machine is needed" if needed == 1 else f"{needed} machines are needed"
    if would_do.registered < needed:
        has = f"only {would_do.registered}" if would_do.registered else "none"
        return f"{asked}, and the pool has {has} that match and that {me.username} may reserve."
    return f"{asked}; in service of those that match: {in_service} of {would_do.registered}."


def check_enough_exist(wanted: Wanted, would_do: WouldDo, me: Principal) -> None:
    """Refuse what all machines that there are, in service or not, could not satisfy.

    Raises:
        TooFewMachines: (409).
    """
    if would_do.registered < wanted.at_least:
        details = {"exist": would_do.registered, "wanted": wanted.count, "at_least": wanted.at_least}
        raise TooFewMachines(obstacle(wanted, would_do, me) or "", details)


def usable(wanted: Wanted, login: str, fleet: Sequence[Machine], me: Principal) -> Sequence[Machine]:
    """Return the machines in service of those that `which_would_do`."""
    return which_would_do(wanted, login, fleet, me).usable


def which_would_do(wanted: Wanted, login: str, fleet: Sequence[Machine], me: Principal) -> WouldDo:
    """Return which machines would do for the person. Those with the fewest tags come first, so that special ones stay
    for who needs them. The account that manages a machine is nobody's login there."""
    if wanted.is_damaged:
        return WouldDo()
    return _find(wanted.names, wanted.tags, wanted.scope, login, fleet, _scopes(fleet, me, "member"))


def _find(
    names: Sequence[str],
    tags: str | None,
    scope: str | None,
    login: str | None,
    fleet: Sequence[Machine],
    lent: Set[str],
) -> WouldDo:
    fits = expression(tags).matches if tags else None
    found = [
        machine
        for machine in fleet
        if machine.manager != login
        and (scope is None or machine.scope == scope)
        and (not names or machine.name in names)
        and (fits is None or fits(machine.tags))
        and machine.scope in lent
    ]
    in_service = [machine for machine in found if machine.in_service]
    in_service.sort(key=lambda machine: (len(machine.tags), machine.id))
    return WouldDo(in_service, len(found))


def would_do_of(registered: Registered, wanted: Wanted, login: str, me: Principal) -> WouldDo:
    """As `which_would_do`, found once for all to whom it is the same."""
    lent = frozenset(scope for scope in registered.scopes if me.may(scope, "member"))
    manager = login if login in registered.managers else None
    key = (wanted.names, wanted.tags, wanted.scope, manager, lent)
    found = registered.kept.get(key)
    if found is None:
        if len(registered.kept) >= KEPT:
            registered.kept.clear()
        found = registered.kept[key] = _find(
            wanted.names, wanted.tags, wanted.scope, manager, registered.machines, lent
        )
    return found


def _scopes(fleet: Sequence[Machine], me: Principal, role: Role = "viewer") -> set[str]:
    """Return the scopes of machines in which the person has that role."""
    return {scope for scope in {machine.scope for machine in fleet} if me.may(scope, role)}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reservation in the queue, its person with their present rights (None: the account is gone or disabled), what
    they want, and why the pool as it is could not satisfy that at any time (None: it can)."""

    row: Any
    me: Principal | None
    want: Want
    obstacle: str | None


_QUEUE = select(reservations).where(reservations.c.state == State.WAITING).order_by(*ORDER)


async def read_queue(
    session: AsyncSession, fleet: Sequence[Machine], *, open_projects: bool
) -> list[Waiting]:
    """Who waits for machines, front first."""
    return await run_core(session, queue_of, fleet, open_projects=open_projects)


def queue_of(connection: Connection, fleet: Sequence[Machine], *, open_projects: bool) -> list[Waiting]:
    """As `read_queue`."""
    rows = connection.execute(_QUEUE).all()
    if not rows:
        return []
    people = principals_with(connection, {row.holder_uuid for row in rows}, open_projects=open_projects)
    found = []
    for row in rows:
        me, wanted = people.get(row.holder_uuid), Wanted.of(row)
        would_do = which_would_do(wanted, row.login, fleet, me) if me is not None else WouldDo()
        ids = [machine.id for machine in would_do.usable]
        want = Want(row.id, wanted.count, wanted.at_least, ids, row.seconds)
        why = obstacle(wanted, would_do, me) if me is not None else None
        found.append(Waiting(row, me, want, why))
    return found
