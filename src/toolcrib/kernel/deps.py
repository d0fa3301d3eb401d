"""What routes ask for: the kernel, a session, who is asking, the time.

All are coroutines, also those that wait for nothing: FastAPI runs a plain function in another thread, which costs
more than most of what a request does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.kernel.context import Kernel
from toolcrib.kernel.fast_routes import header
from toolcrib.kernel.forwarding import client_address
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.requester import Requester


def kernel_of(request: Request) -> Kernel:
    kernel: Kernel = request.app.state.kernel
    return kernel


async def _kernel(request: Request) -> Kernel:
    return kernel_of(request)


KernelDep = Annotated[Kernel, Depends(_kernel)]


# These take the kernel from the request: as a dependency of theirs, it would be kept for each route anew, 1 MB in all.
async def _unit_of_work(request: Request) -> AsyncIterator[AsyncSession]:
    async with kernel_of(request).database.write() as session:
        yield session


async def _look(request: Request) -> AsyncIterator[AsyncSession]:
    async with kernel_of(request).database.read() as session:
        yield session


async def _principal(request: Request) -> Principal:
    return await kernel_of(request).auth.principal(request)


PrincipalDep = Annotated[Principal, Depends(_principal)]


async def _admin(principal: PrincipalDep) -> Principal:
    principal.require_admin()
    return principal


def requester_of(request: Request, me: Principal) -> Requester:
    """Who asks, from where and with which program, for audits."""
    return Requester(me.username, me.uuid, client_address(request), header(request, b"user-agent"))


async def _requester(request: Request, me: PrincipalDep) -> Requester:
    return requester_of(request, me)


async def _now(request: Request) -> datetime:
    return kernel_of(request).clock()


def per_person(name: str, setting: str) -> Any:
    """For a route's `dependencies`: count the call by the person who makes it, at most at the rate in `setting`.

    Raises:
        RateLimited: they have used it up (429).
    """

    async def count(kernel: KernelDep, me: PrincipalDep) -> None:
        await kernel.limiter.hit(name, getattr(kernel.settings, setting), me.uuid)

    return Depends(count)


# Commits before the answer is sent: with the default scope a client could be told of a change that then fails.
SessionDep = Annotated[AsyncSession, Depends(_unit_of_work, scope="function")]
ReadSessionDep = Annotated[AsyncSession, Depends(_look, scope="function")]
AdminDep = Annotated[Principal, Depends(_admin)]
RequesterDep = Annotated[Requester, Depends(_requester)]
NowDep = Annotated[datetime, Depends(_now)]
