"""What a kind of shared thing plugs in. `server.OUR_KINDS` lists ours; installed packages offer others under the
entry point `toolcrib.kinds`, each an object of this class."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fastapi import APIRouter

from toolcrib.kernel.claims.permissions import Rules, no_rules
from toolcrib.kernel.identity.key_scopes import KeyScope
from toolcrib.kernel.notify.rules import Telling

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from toolcrib.kernel.blobs.accounts import AccountsOf
    from toolcrib.kernel.claims.changes import Hook
    from toolcrib.kernel.claims.models import Claim
    from toolcrib.kernel.config import ConfigKey
    from toolcrib.kernel.context import Kernel, LinkCheck, LinkUsed
    from toolcrib.kernel.fast_routes import Endpoint
    from toolcrib.kernel.jobs import Job
    from toolcrib.kernel.secrets import Sealed
    from toolcrib.kernel.wording import Wording


def _no_link(_claim: Claim) -> str:
    return "/"


async def _nothing(_kernel: Kernel) -> None:
    return None


async def _no_keys(_session: AsyncSession, _keys: Set[str]) -> set[str]:
    return set()


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind, as the server mounts it.

    `name` is the `kind` of its claims and events. `routers` hang under `/api`; `root_routers` at the root of the
    site (protocols whose clients fix the path). `link` gives the page address of a claim, without BASE_PATH.
    `body_limits` are path prefixes whose bodies may be larger than usual, in bytes; None where the route counts
    what it streams. A route that checks another credential than an account's calls `kernel.bodies.admit` before it
    reads the body. `pattern_limits` are the same for a method and whole paths under no fixed prefix.
    `request_headers` and `response_headers` are those that pages of the origins in CORS_ORIGINS may send and read,
    beside everybody's. `named_keys` says which of some keys of the file store rows of this kind name, apart from
    blobs: the store's sweep lets those be. `accounts_of` says, of blobs that rows of this kind name and that no account
    has been given yet, which account they count in (`kernel.blobs.accounts`).
    `check_link` is asked at each use of a signed address that the kind gave out (`kernel.blobs.signing`), and raises
    `LinkEnded` where its person may no longer use it; of an upload that was used, it returns the SHA-256 it brought.
    `link_used` is told when content has been sent to one, and returns what the answer warns of.
    `wordings` say how refusals on the kind's own paths are written, where its clients read something else than the
    default; no such path is the page's.
    `rules` say which of the verbs that all kinds share may not be used on a claim now, and why
    (`kernel.claims.permissions`). `telling` is what the kind adds to who is told of what by mail (`kernel.notify`).
    `notifies` is true where the kind has a route that sends a holder a message.
    `hook` is told of every change of a claim of this kind, in the transaction that makes it, and may refuse some
    (`kernel.claims.groups`).
    `migrations` is the folder of the tables' history of a kind that an installed package brings (ours are part of
    `toolcrib.migrations`): Alembic revisions in files named `NNNN_what.py`, the first with `down_revision = None`.
    They run after ours, in a new database too, so the kind's models need a MetaData of their own.
    `sealed` are the places in the kind's tables where it keeps sealed text (`kernel.secrets`): there and nowhere else
    it can seal any, and `toolcrib admin rotate-secret` seals it anew.
    A claim ends when its holder's account is disabled or removed, unless the kind `outlives_account`: then the
    setting DISABLED_HOLDERS says what becomes of it.
    `key_scope` is what an API key needs for the kind's own routes and claims; without it, it is named for the kind. The
    routes in `reads`, by method and full path as declared, change nothing though their method says otherwise: the scope
    `read` will do for them (`kernel.identity.key_scopes`). Those in `writes` change something, or let somebody in,
    though their method says otherwise.
    `fast_routes` maps (method, path) to the few endpoints that take the short way (`kernel.fast_routes`).
    """

    name: str
    key_scope: KeyScope | None = None
    reads: Set[tuple[str, str]] = frozenset()
    writes: Set[tuple[str, str]] = frozenset()
    routers: tuple[APIRouter, ...] = ()
    root_routers: tuple[APIRouter, ...] = ()
    jobs: tuple[Job, ...] = ()
    config_keys: tuple[ConfigKey, ...] = ()
    link: Callable[[Claim], str] = _no_link
    rules: Rules = no_rules
    telling: Telling = field(default_factory=Telling)
    notifies: bool = False
    outlives_account: bool = False
    start: Callable[[Kernel], Awaitable[None]] = _nothing
    stop: Callable[[Kernel], Awaitable[None]] = _nothing
    body_limits: dict[str, int | None] = field(default_factory=dict)
    pattern_limits: tuple[tuple[str, re.Pattern[str], int | None], ...] = ()
    wordings: tuple[Wording, ...] = ()
    request_headers: tuple[str, ...] = ()
    response_headers: tuple[str, ...] = ()
    named_keys: Callable[[AsyncSession, Set[str]], Awaitable[set[str]]] = _no_keys
    accounts_of: AccountsOf | None = None
    check_link: LinkCheck | None = None
    link_used: LinkUsed | None = None
    hook: Hook | None = None
    migrations: Path | None = None
    sealed: tuple[Sealed, ...] = ()
    fast_routes: dict[tuple[str, str], Endpoint] = field(default_factory=dict)

    @property
    def scope(self) -> KeyScope:
        return self.key_scope or KeyScope(self.name, f"Use what belongs to the kind {self.name}.")
