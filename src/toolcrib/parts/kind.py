"""How parts plug into the server."""

from __future__ import annotations

import re

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.kinds import Kind
from toolcrib.parts import conversion
from toolcrib.parts.hook import follow_claim
from toolcrib.parts.jobs import JOBS
from toolcrib.parts.models import KIND
from toolcrib.parts.notices import TELLING
from toolcrib.parts.onshape import connecting as onshape
from toolcrib.parts.onshape.tables import SEALED
from toolcrib.parts.routes import ROOT_ROUTERS, ROUTERS
from toolcrib.parts.service.samples import add_samples
from toolcrib.parts.shop import Shop
from toolcrib.parts.wording import WORDINGS

JSON_BYTES = 262_144
TABLE_BYTES = 5_000_000
# They begin a sign-in, or fetch a drawing and keep it.
WRITES = frozenset(
    {("GET", f"/api{prefix}/auth/onshape/connect") for prefix in ("", "/parts")}
    | {("GET", "/api/onshape/start"), ("GET", "/onshape/start"), ("GET", "/api/parts/{part_id}/drawing")}
)


def _link(claim: Claim) -> str:
    return f"/parts/{claim.key}"


async def _start(kernel: Kernel) -> None:
    kernel.kinds[KIND] = Shop(kernel)
    conversion.start(kernel)
    onshape.start(kernel)
    await add_samples(kernel)


async def _stop(kernel: Kernel) -> None:
    await conversion.stop(kernel)
    await onshape.stop(kernel)


kind = Kind(
    name=KIND,
    key_scope=KeyScope("parts", "Add, review and make parts."),
    writes=WRITES,
    routers=ROUTERS,
    root_routers=ROOT_ROUTERS,
    sealed=SEALED,
    jobs=JOBS,
    link=_link,
    telling=TELLING,
    start=_start,
    stop=_stop,
    named_keys=conversion.named,
    wordings=WORDINGS,
    hook=follow_claim,
    pattern_limits=(
        ("POST", re.compile(r"/api/parts/\d+/upload"), None),
        ("POST", re.compile(r"/api/(shop/)?parts/\d+/views"), None),
        ("POST", re.compile(r"/api/parts/?"), JSON_BYTES),
        ("PUT", re.compile(r"/api/parts/\d+"), JSON_BYTES),
        ("POST", re.compile(r"/api/shop/parts"), JSON_BYTES),
        ("PATCH", re.compile(r"/api/shop/parts/\d+"), JSON_BYTES),
        ("POST", re.compile(r"/api/shop/parts/\d+/files"), None),
        ("POST", re.compile(r"/api/shop/import"), TABLE_BYTES),
    ),
)
