"""The pool: machines in full, the queue, and what is free."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.deps import AdminDep, KernelDep, NowDep, PrincipalDep, ReadSessionDep, SessionDep
from toolcrib.kernel.openapi import refusals
from toolcrib.machines.pool import pool_of
from toolcrib.machines.reservation_views import AuthorityKey, Move, Preview, Priority, Queue
from toolcrib.machines.service import (
    checking,
    enrolling,
    importing,
    inventory,
    pool_keys,
    queueing,
    reading,
    registry,
    requesting,
    values,
)
from toolcrib.machines.views import (
    History,
    HostKey,
    Imported,
    Inventory,
    MachineChange,
    MachinePage,
    MachineRead,
    MachineState,
    PastHold,
    RunOutput,
    Switch,
)

router = APIRouter(prefix="/pool", tags=["machines"])

TagText = Annotated[Text | None, Query(max_length=500)]


@router.get("/machines")
async def list_machines(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    tags: TagText = None,
    q: Annotated[Text, Query(max_length=255)] = "",
    state: Annotated[list[MachineState], Query()] = [],  # noqa: B006 - FastAPI copies it
    after: Annotated[Text, Query(max_length=255)] = "",
    limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
) -> MachinePage:
    """List the machines that the caller may see, by name: with `tags` those that the expression fits, with `q` those
    with that text in name, host, holder or tags, with `state` those that are doing that now."""
    wanted = queueing.Filter(tags, q, state, after, limit)
    found, following = await queueing.shown_machines(session, kernel.settings, me, now, wanted)
    return MachinePage(machines=found, next=following)


@router.get("/machines/{name}", responses=refusals(404))
async def read_machine(
    name: Text, session: ReadSessionDep, kernel: KernelDep, me: PrincipalDep, now: NowDep
) -> MachineRead:
    await registry.get(session, name, me)
    return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.patch("/machines/{name}", responses=refusals(403, 404, 409))
async def change_machine(
    name: Text, body: MachineChange, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> MachineRead:
    """Change what is known of a machine. Its host key is forgotten with its address."""
    sealed = values.for_storage(kernel.secrets, values.of_change(body, me, kernel.settings))
    await registry.change(session, kernel.settings, name, sealed, actor=me.username, now=now)
    return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.post("/machines/{name}/maintenance", responses=refusals(403, 404))
async def set_maintenance(
    name: Text, body: Switch, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> MachineRead:
    """Begin or end maintenance: nobody new gets the machine, and whoever has it keeps it."""
    await registry.set_maintenance(session, name, body.reason, on=body.on, actor=me.username, now=now)
    registry.nudge(session, kernel)
    return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.post("/machines/{name}/quarantine", responses=refusals(403, 404))
async def set_quarantine(
    name: Text, body: Switch, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> MachineRead:
    """Take a machine out of the pool, or give it back to it."""
    await registry.set_quarantine(session, name, body.reason, on=body.on, actor=me.username, now=now)
    registry.nudge(session, kernel)
    return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.post("/machines/{name}/accept-host-key", responses=refusals(403, 404, 409))
async def accept_host_key(
    name: Text, body: HostKey, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> MachineRead:
    """Pin the other host key that the machine has shown."""
    await registry.accept_host_key(session, name, body.host_key, actor=me.username, now=now)
    registry.nudge(session, kernel)
    return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.post("/machines/{name}/check", responses=refusals(403, 404))
async def check_machine(name: Text, kernel: KernelDep, me: AdminDep, now: NowDep) -> MachineRead:
    """Look at the machine now, and answer when that is done."""
    async with kernel.database.read() as session:
        machine = await registry.get(session, name)
    await checking.check(pool_of(kernel), [machine.id])
    async with kernel.database.read() as session:
        return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.post("/machines/{name}/enroll", responses=refusals(403, 404, 409))
async def enroll_machine(name: Text, kernel: KernelDep, me: AdminDep, now: NowDep) -> MachineRead:
    """Sign in on the machine by a key of the pool's own from now on, and forget its password. Nothing is done for one
    that has no password."""
    await enrolling.enroll(pool_of(kernel), name, actor=me.username)
    async with kernel.database.read() as session:
        return await queueing.shown_machine(session, kernel.settings, me, name, now)


@router.get("/machines/{name}/history", responses=refusals(404))
async def history(
    name: Text,
    session: ReadSessionDep,
    me: PrincipalDep,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> History:
    """List who has had the machine, the latest first."""
    machine = await registry.get(session, name, me)
    found = await reading.history(session, machine.id, before=before, limit=limit)
    return History(holds=[PastHold.of(hold) for hold in found])


@router.get("/machines/{name}/output", responses=refusals(403, 404))
async def output(name: Text, session: ReadSessionDep, _me: AdminDep) -> RunOutput:
    """Return what the last run on the machine said, without secrets."""
    return RunOutput.of(await registry.get(session, name))


_TEXTS: dict[int | str, dict[str, Any]] = {200: {"content": {"application/yaml": {}, "text/csv": {}}}}


@router.get("/inventory", response_class=Response, responses={**refusals(403), **_TEXTS})
async def export(session: ReadSessionDep, me: AdminDep, format: inventory.Format = "yaml") -> Response:  # noqa: A002
    """Return all machines in the form that the register script reads. Passwords are not in it."""
    rows = [machine for machine, _ in await reading.seen_machines(session, me)]
    media_type = "application/yaml" if format == "yaml" else "text/csv; charset=utf-8"
    return Response(inventory.write(rows, format), media_type=media_type)


@router.post("/inventory", responses=refusals(403))
async def import_(
    body: Inventory, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> Imported:
    """Register all machines of a file that are not there yet."""
    return await importing.import_all(session, kernel, me, body, now=now)


@router.get("/queue")
async def read_queue(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=queueing.QUEUE_PAGE)] = queueing.QUEUE_PAGE,
) -> Queue:
    """List who waits for machines, in the order of service; `total` is how many there are."""
    return await queueing.shown_queue(session, kernel.settings, me, now, offset=offset, limit=limit)


@router.post("/queue/{reservation_id}/move", responses=refusals(403, 404))
async def move(
    reservation_id: Text, body: Move, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> Queue:
    """Give somebody in the queue another place. The reason is logged."""
    await queueing.move(session, reservation_id, body.place, body.reason, actor=me.username, now=now)
    registry.nudge(session, kernel)
    return await queueing.shown_queue(session, kernel.settings, me, now)


@router.get("/ca")
async def read_ca(kernel: KernelDep, _me: PrincipalDep, now: NowDep) -> AuthorityKey:
    """Return the public key of the CA that signs certificates of the pool."""
    return AuthorityKey(public_key=await pool_keys.public_ca_key(kernel.database, kernel.secrets, now))


@router.post("/queue/{reservation_id}/priority", responses=refusals(403, 404))
async def set_priority(
    reservation_id: Text, body: Priority, session: SessionDep, kernel: KernelDep, me: AdminDep, now: NowDep
) -> Queue:
    """Have somebody in the queue served before all with a lower priority. The reason is logged."""
    await queueing.set_priority(
        session, reservation_id, body.priority, body.reason, actor=me.username, now=now
    )
    registry.nudge(session, kernel)
    return await queueing.shown_queue(session, kernel.settings, me, now)


@router.get("/preview")
async def preview(
    session: ReadSessionDep,
    kernel: KernelDep,
    me: PrincipalDep,
    now: NowDep,
    count: Annotated[int, Query(ge=1, le=10_000)] = 1,
    tags: TagText = None,
    minutes: Annotated[int, Query(ge=1, le=5_256_000)] = 60,
) -> Preview:
    """Say what is free for such a request, and when it would be served if it waited."""
    wanted = requesting.wanted_of(kernel.settings, count=count, tags=tags)
    requesting.check_length(kernel.settings, minutes)
    return await queueing.preview(session, kernel.settings, me, wanted, minutes, now)
