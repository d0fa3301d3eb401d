"""How the machine pool plugs into the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.permissions import Verb
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.kinds import Kind
from toolcrib.machines.hook import follow_claim
from toolcrib.machines.jobs import JOBS
from toolcrib.machines.models import KIND, SEALED
from toolcrib.machines.notices import TELLING
from toolcrib.machines.pool import Pool, pool_of
from toolcrib.machines.routes import FAST_ROUTES, ROUTERS
from toolcrib.machines.service.confirming import forgive_outage
from toolcrib.machines.service.deciding import Decisions
from toolcrib.machines.wording import WORDINGS

RENEWAL = "A reservation is extended as a whole, not machine by machine."
WAITING = "The pool has a queue of its own: reserve a machine like it, and wait."


def _rules(_claim: Claim, _me: Principal, _now: datetime) -> Mapping[Verb, str]:
    """A reservation ends at one moment, and people wait for machines, not for this one."""
    return {"renew": RENEWAL, "wait": WAITING}


def _link(claim: Claim) -> str:
    return f"/machines/{quote(claim.key)}"


async def _start(kernel: Kernel) -> None:
    kernel.kinds[KIND] = Pool(kernel, Decisions(kernel))
    await forgive_outage(kernel)


async def _stop(kernel: Kernel) -> None:
    await pool_of(kernel).close()


kind = Kind(
    name=KIND,
    key_scope=KeyScope("machines", "Reserve machines, and register them if you may."),
    writes=frozenset(
        {
            ("GET", "/api/reserve"),
            ("GET", "/api/release_all"),
            (
                "GET",
                "/api/reservations/{reservation_id}/certificate",
            ),
        }
    ),
    routers=ROUTERS,
    jobs=JOBS,
    link=_link,
    rules=_rules,
    start=_start,
    stop=_stop,
    wordings=WORDINGS,
    telling=TELLING,
    hook=follow_claim,
    fast_routes=FAST_ROUTES,
    body_limits={"/api/pool/inventory": 2 * 2**20},
    sealed=SEALED,
)
