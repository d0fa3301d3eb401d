"""Reservations as clients ask for them and read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from toolcrib.kernel.claims.schemas import Comment, Reason, Text, Username
from toolcrib.kernel.schema import Schema
from toolcrib.machines.models import HoldState, State
from toolcrib.machines.wanted import Wanted, keys_of

Minutes = Annotated[int, Field(ge=1, le=5_256_000)]


class ReservationWish(Schema):
    """What somebody wants: `count` machines, or those in `names`; any, or those that `tags` fits. With `starts_at` they
    are booked from then on."""

    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    names: Annotated[list[Text], Field(max_length=1_000)] = []
    tags: Annotated[Text, Field(max_length=500)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None
    scope: Text | None = None
    minutes: Minutes = 60
    purpose: Comment | None = None
    login: Text | None = None
    public_keys: Annotated[list[Text], Field(max_length=20)] = []
    password: Text | None = None
    generate_password: bool = False
    certificate: bool = False
    wait: bool = False
    wait_minutes: Minutes | None = None
    program: bool = False
    starts_at: datetime | None = None


class BookingChange(Schema):
    """What of a booking is to be changed; what is left out stays. `names` take the place of a number and tags, and the
    other way round; empty `tags` are any."""

    model_config = ConfigDict(extra="forbid")

    starts_at: datetime | None = None
    minutes: Minutes | None = None
    count: Annotated[int, Field(ge=1, le=10_000)] | None = None
    names: Annotated[list[Text], Field(max_length=1_000)] | None = None
    tags: Annotated[Text, Field(max_length=500)] | None = None
    at_least: Annotated[int, Field(ge=1)] | None = None


class JumpHost(Schema):
    """The machine by way of which another is reached. Having that one gives nobody an account here."""

    machine: str
    host: str
    port: int
    host_key: str | None

    @classmethod
    def of(cls, machine: Any) -> JumpHost:
        return cls(machine=machine.name, host=machine.host, port=machine.port, host_key=machine.host_key)


class HeldMachine(Schema):
    reservation_id: int
    machine: str
    host: str | None
    port: int | None
    host_key: str | None
    jump: JumpHost | None
    fence: int
    state: str
    problem: str | None


class QueuePlaceRead(Schema):
    """`place` of `of`; `estimate` is when it will be served if every hold lasts until its end, where that can be
    told. With an `obstacle`, the pool as it is would never serve it, and those behind it go first."""

    place: int
    of: int
    estimate: datetime | None
    until: datetime | None
    lease_ends_at: datetime | None
    priority: int
    obstacle: str | None


class ReservationRead(Schema):
    """A reservation. `booked_machines` are those of a booking that has not begun. With a `confirm_by`, it ends then
    unless its holder confirms it. What a `damaged` one asked for cannot be read, so it gets no machines. `password` is
    only in the answer to the request that asked for one."""

    id: str
    holder: str
    login: str
    state: str
    purpose: str | None
    damaged: bool
    count: int
    at_least: int
    names: list[str]
    tags: str | None
    scope: str | None
    minutes: int
    created_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    seconds_remaining: int | None
    reason: str | None
    machines: list[HeldMachine]
    booked_machines: list[str]
    confirm_by: datetime | None
    shared_with: list[str]
    certificate: bool
    queue: QueuePlaceRead | None = None
    password: str | None = None

    @classmethod
    def of(
        cls,
        row: Any,
        held: list[tuple[Any, Any]],
        names: Mapping[str, str],
        now: datetime,
        jumps: Mapping[str | None, JumpHost],
        queue: QueuePlaceRead | None = None,
        booked: list[str] | None = None,
    ) -> ReservationRead:
        """`names` are the usernames of now by UUID."""
        wanted = Wanted.of(row)
        going_on = row.state in (State.PREPARING, State.READY)
        left = max(0, int((row.ends_at - now).total_seconds())) if going_on and row.ends_at else None
        return cls(
            id=row.id,
            holder=names.get(row.holder_uuid, row.holder),
            login=row.login,
            state=row.state,
            purpose=row.purpose,
            damaged=wanted.is_damaged,
            count=wanted.count,
            at_least=wanted.at_least,
            names=list(wanted.names),
            tags=wanted.tags,
            scope=wanted.scope,
            minutes=row.seconds // 60,
            created_at=row.created_at,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            seconds_remaining=left,
            reason=row.reason,
            machines=[
                HeldMachine(
                    reservation_id=hold.id,
                    machine=hold.machine,
                    host=machine.host if machine is not None else None,
                    port=machine.port if machine is not None else None,
                    host_key=machine.host_key if machine is not None else None,
                    jump=jumps.get(machine.jump) if machine is not None else None,
                    fence=hold.fence,
                    state="failed" if hold.is_failed else _STATES[hold.state],
                    problem=hold.problem,
                )
                for hold, machine in held
            ],
            booked_machines=booked or [],
            confirm_by=row.confirm_by if going_on else None,
            shared_with=sorted(
                names[uuid] for uuid in keys_of(row.access) if uuid != row.holder_uuid and uuid in names
            ),
            certificate=bool(row.access.get("certificate")),
            queue=queue,
        )


_STATES = {
    HoldState.PREPARING: "preparing",
    HoldState.READY: "ready",
    HoldState.CLEANING: "cleaning",
    HoldState.GONE: "ended",
}


class ReservationPage(Schema):
    reservations: list[ReservationRead]


class Queue(Schema):
    """A page of the queue, which has `total` places."""

    queue: list[ReservationRead]
    total: int


class Extension(Schema):
    minutes: Minutes


class Sharing(Schema):
    username: Username
    public_keys: Annotated[list[Text], Field(max_length=20)] = []


class Passing(Schema):
    to: Username


class NewAccess(Schema):
    """The holder's own keys and password from now on; what is left out is taken away. Whether certificates are
    accepted stays as it is unless it is said."""

    public_keys: Annotated[list[Text], Field(max_length=20)] = []
    password: Text | None = None
    certificate: bool | None = None


class Certificate(Schema):
    """An OpenSSH certificate for one of the caller's keys, which signs in until `valid_until`."""

    certificate: str
    valid_until: datetime


class AuthorityKey(Schema):
    public_key: str


class Move(Schema):
    place: Annotated[int, Field(ge=1)]
    reason: Reason


class Priority(Schema):
    """Whoever has a higher one is served before all with a lower one; everybody begins with 0."""

    priority: Annotated[int, Field(ge=-100, le=100)]
    reason: Reason


class Preview(Schema):
    """How many machines are free for such a request, which, and when it would be served if it waited. With an
    `obstacle`, the pool as it is would never serve it."""

    available: int
    names: list[str]
    estimate: datetime | None
    obstacle: str | None
