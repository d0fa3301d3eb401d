"""What crosses the wire on the pool's own routes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from toolcrib.kernel.claims.schemas import Reason, Text
from toolcrib.kernel.json_scan import MAX_TEXT
from toolcrib.kernel.problems import Problem
from toolcrib.kernel.schema import Schema
from toolcrib.machines.hosts.driver import HomePolicy
from toolcrib.machines.models import CURRENT, HoldState
from toolcrib.machines.schemas import held_now
from toolcrib.machines.tags import own_tags, tags_of

MachineState = Literal[
    "free", "held", "preparing", "cleaning", "promised", "maintenance", "quarantined", "disabled"
]


def state_of(machine: Any, hold: Any, *, is_promised: bool) -> MachineState:
    """Return the one word for what a machine is doing."""
    if hold is not None and hold.state in CURRENT:
        return "preparing" if hold.state == HoldState.PREPARING else "held"
    if machine.quarantine is not None:
        return "quarantined"
    if hold is not None:
        return "cleaning"
    if machine.maintenance:
        return "maintenance"
    if not machine.enabled:
        return "disabled"
    return "promised" if is_promised else "free"


class NextBooking(Schema):
    starts_at: datetime
    ends_at: datetime
    holder: str

    @classmethod
    def of(cls, booking: Any, names: Mapping[str, str]) -> NextBooking:
        holder = names.get(booking.holder_uuid, booking.holder)
        return cls(starts_at=booking.starts_at, ends_at=booking.ends_at, holder=holder)


class MachineRead(Schema):
    """A machine. `state` is one word for what it is doing; `reason` says why it is in maintenance or quarantine. One
    that is held may be in maintenance already: nobody gets it afterwards."""

    name: str
    host: str
    port: int
    user: str
    scope: str
    tags: list[str]
    own_tags: list[str]
    facts: dict[str, Any]
    enabled: bool
    maintenance: bool
    sudo: bool
    jump: str | None
    reset: str | None
    homes: HomePolicy | None
    state: MachineState
    reason: str | None
    online: bool | None
    checked_at: datetime | None
    host_key: str | None
    offered_host_key: str | None
    has_password: bool
    has_key: bool
    holder: str | None
    login: str | None
    reserved_until: datetime | None
    fence: int | None
    reservation: str | None
    next_booking: NextBooking | None

    @classmethod
    def of(
        cls, machine: Any, hold: Any, *, is_promised: bool = False, booking: NextBooking | None = None
    ) -> MachineRead:
        held = held_now(hold)
        return cls(
            name=machine.name,
            host=machine.host,
            port=machine.port,
            user=machine.user,
            scope=machine.scope,
            tags=sorted(tags_of(machine.tags, machine.facts)),
            own_tags=own_tags(machine.tags),
            facts=machine.facts,
            enabled=machine.enabled,
            maintenance=machine.maintenance,
            sudo=machine.sudo,
            jump=machine.jump,
            reset=machine.reset,
            homes=machine.homes,
            state=state_of(machine, hold, is_promised=is_promised),
            reason=machine.reason,
            online=machine.is_online,
            checked_at=machine.checked_at,
            host_key=machine.host_key,
            offered_host_key=machine.offered_host_key,
            has_password=machine.password is not None,
            has_key=machine.private_key is not None,
            holder=held.held_by or held.holder if held is not None else None,
            login=held.login if held is not None else None,
            reserved_until=held.ends_at if held is not None else None,
            fence=held.fence if held is not None else None,
            reservation=held.reservation_id if held is not None else None,
            next_booking=booking,
        )


class MachinePage(Schema):
    """`next` is what to give as `after` for the next page; null on the last."""

    machines: list[MachineRead]
    next: str | None


class MachineChange(Schema):
    """What is to be changed; what is left out stays."""

    host: Text | None = None
    port: int | None = None
    user: Text | None = None
    password: Text | None = None
    private_key: Text | None = None
    sudo: bool | None = None
    jump: Text | None = None
    reset: Text | None = None
    homes: HomePolicy | None = None
    scope: Text | None = None
    tags: list[Text] | None = None
    enabled: bool | None = None


class Switch(Schema):
    on: bool
    reason: Reason | None = None


class HostKey(Schema):
    host_key: Text


class PastHold(Schema):
    reservation_id: int
    reservation: str
    holder: str
    login: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    removed_at: datetime | None
    reason: str | None

    @classmethod
    def of(cls, hold: Any) -> PastHold:
        return cls(
            reservation_id=hold.id,
            reservation=hold.reservation_id,
            holder=hold.holder,
            login=hold.login,
            state=hold.state,
            started_at=hold.created_at,
            ended_at=hold.ended_at,
            removed_at=hold.gone_at,
            reason=hold.reason,
        )


class History(Schema):
    holds: list[PastHold]


class RunOutput(Schema):
    """What the last run on a machine said, without secrets."""

    at: datetime | None
    what: str | None
    problem: str | None
    output: str

    @classmethod
    def of(cls, machine: Any) -> RunOutput:
        return cls(
            at=machine.last_run_at,
            what=machine.last_run,
            problem=machine.last_problem,
            output=machine.last_output or "",
        )


class MachineOutput(RunOutput):
    """The same of one machine of a reservation: of what was done last for this reservation."""

    machine: str

    @classmethod
    def of(cls, hold: Any) -> MachineOutput:
        return cls(machine=hold.machine, **RunOutput.of(hold).model_dump())


class ReservationOutput(Schema):
    machines: list[MachineOutput]


class Inventory(Schema):
    """An inventory file. A longer one is sent in parts: machines that are there already are left out."""

    format: Literal["yaml", "csv"] = "yaml"
    text: Annotated[str, Field(max_length=MAX_TEXT)]


class Skipped(Schema):
    """An entry that was left out, and why."""

    entry: str
    reason: str

    @classmethod
    def of(cls, entry: dict[str, Any], problem: Problem) -> Skipped:
        name = str(entry.get("name") or entry.get("host") or "an entry without a name")[:255]
        return cls(entry=name, reason=problem.detail)


class Imported(Schema):
    added: list[str]
    existing: list[str]
    skipped: list[Skipped]
