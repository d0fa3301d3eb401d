"""Meeting rooms: a kind that a package from elsewhere brings, of which the page knows nothing."""

from __future__ import annotations

from fastapi import APIRouter

from toolcrib.kernel.claims.commands import Acquire
from toolcrib.kernel.claims.models import Ref
from toolcrib.kernel.deps import KernelDep, PrincipalDep
from toolcrib.kernel.kinds import Kind

router = APIRouter()


@router.post("/rooms/{name}/take", status_code=204)
async def take(name: str, kernel: KernelDep, me: PrincipalDep) -> None:
    """Hold a room of the default project."""
    room = Ref("meeting_room", "project:default", name)
    await kernel.claims.submit([Acquire(room, me.holder, comment="design review")])


kind = Kind(name="meeting_room", routers=(router,))
