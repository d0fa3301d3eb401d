"""How desktops plug into the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from toolcrib.desktops.claims_of import desktop_of, is_desktop
from toolcrib.desktops.desk import Desk, desk_of
from toolcrib.desktops.hook import follow_claim
from toolcrib.desktops.jobs import JOBS
from toolcrib.desktops.models import KIND, SEALED
from toolcrib.desktops.notices import TELLING
from toolcrib.desktops.routes import ROUTERS
from toolcrib.desktops.routes.files import LIMIT
from toolcrib.desktops.service.sweeping import forgive_outage
from toolcrib.desktops.viewing import contract as viewing_contract
from toolcrib.desktops.viewing import routes as viewing
from toolcrib.desktops.viewing.jobs import JOBS as VIEW_JOBS
from toolcrib.desktops.viewing.watch import NAME as VIEWS
from toolcrib.desktops.viewing.watch import Viewing, viewing_of
from toolcrib.desktops.wording import WORDINGS
from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.permissions import Verb
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.kinds import Kind

RENEWAL = "A desktop is extended as a whole: extend the desktop."
TRANSFER = "A desktop belongs to one person, with the home in it: share it instead."
WAITING = "It belongs to one person: start a desktop of your own."
PART = "It is held by its desktop: stop that."


def _rules(claim: Claim, _me: Principal, _now: datetime) -> Mapping[Verb, str]:
    """A desktop and what it uses begin and end together."""
    found: dict[Verb, str] = {"renew": RENEWAL, "transfer": TRANSFER, "wait": WAITING}
    if not is_desktop(claim):
        found |= {"release": PART, "force_release": PART, "renew": PART, "transfer": PART}
    return found


def _link(claim: Claim) -> str:
    return f"/desktops?name={quote(desktop_of(claim) or '')}"


async def _start(kernel: Kernel) -> None:
    kernel.kinds[KIND] = desk = Desk(kernel)
    kernel.kinds[VIEWS] = Viewing(kernel)
    await forgive_outage(desk)


async def _stop(kernel: Kernel) -> None:
    await viewing_of(kernel).close()
    await desk_of(kernel).close()


kind = Kind(
    name=KIND,
    key_scope=KeyScope("desktops", "Start, see and stop desktops."),
    writes=frozenset(  # whoever follows such an address has control
        {
            ("GET", "/api/connections/direct-connect/{connection_id}"),
            ("GET", "/api/connections/guacamole-dashboard"),
        }
    ),
    routers=(
        viewing_contract.router,
        viewing.router,
        *ROUTERS,
    ),  # a fixed path wins over `/connections/{name}`
    pattern_limits=(LIMIT,),
    jobs=(*JOBS, *VIEW_JOBS),
    link=_link,
    rules=_rules,
    hook=follow_claim,
    start=_start,
    stop=_stop,
    telling=TELLING,
    sealed=SEALED,
    wordings=WORDINGS,
)
