"""Which machine has which address: where MACHINES_UNIQUE_HOSTS is on, no host is two machines."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from toolcrib.machines.errors import AddressTaken
from toolcrib.machines.hosts.names import plain_address
from toolcrib.machines.models import machines
from toolcrib.settings import Settings

# A plain address, a port and a jump host: behind different jump hosts one address may be different hosts.
Address = tuple[str, int, str | None]


def address_of(host: str, port: int, jump: str | None) -> Address:
    """Return what is equal for all spellings of an address. What two names stand for is not looked up."""
    return plain_address(host), port, jump


async def read_addresses(
    session: AsyncSession, settings: Settings, host: str | None = None
) -> dict[Address, str]:
    """Return which machine has each address that nobody else may have; if a host is given, of those alone that may be
    it."""
    if not settings.machines_unique_hosts:
        return {}
    query = select(machines.c.name, machines.c.host, machines.c.port, machines.c.jump)
    if host is not None:
        plain = plain_address(host)
        # An IPv6 address has many spellings.
        spelled = func.lower(machines.c.host).in_([plain, f"{plain}."])
        query = query.where(or_(spelled, machines.c.host.contains(":")))
    rows = await session.execute(query)
    return {address_of(row.host, row.port, row.jump): row.name for row in rows}


def check_free(address: Address, name: str, taken: Mapping[Address, str]) -> None:
    """Check that no machine but `name` has this address.

    Raises:
        AddressTaken: (409).
    """
    other = taken.get(address, name)
    if other != name:
        raise AddressTaken(f"{other} is this host already: a machine has one holder at a time.")
