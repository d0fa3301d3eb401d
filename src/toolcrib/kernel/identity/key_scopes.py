"""What an API key may be used for: the scopes, and which of them each route requires.

All rules are here, by path and method, so that every new route has one automatically:
- a route that only reads requires `read`; below a kind's paths the kind's own scope is enough as well;
- a route that changes something requires the scope of the kind whose path it has; the verbs that all kinds share
  require the scope of the claim's kind (`claims.permissions`);
- administration requires `admin`, for reading too. A key without it has no administrator's rights at all
  (`rights.read_principal`);
- accounts and rights cannot be changed with an API key, whatever its scopes: otherwise a stolen key could take over the
  account permanently.

Passwords, sessions and tokens have no scopes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts

from toolcrib.kernel.identity.credentials import SAFE_METHODS
from toolcrib.kernel.identity.principal import ADMIN_SCOPE, MissingScope, SignInNeeded
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.route_paths import route_path

if TYPE_CHECKING:
    from toolcrib.kernel.identity.principal import Principal
    from toolcrib.kernel.kinds import Kind

API = "/api"
READ, ADMIN = "read", ADMIN_SCOPE

# A route's requirement: any one of these scopes is enough. If there are none, no API key may be used.
Need = frozenset[str]
NO_KEY: Need = frozenset()

# Any key may be used to ask whose it is.
_WHOSE = frozenset({"/api/whoami", "/api/currentuser"})
_ADMINISTRATION = re.compile(r"/api/admin/|/api/users(/(?!me/).*)?$|/api/tokens?(/|$)|/metrics$")
# Claims of all kinds, and what one watches of them: a key for any kind will do.
_CLAIMS = re.compile(r"/api/(claims|watches)(/|$)")
_ACCOUNTS = re.compile(
    r"/api/(admin/)?users(/|$)|/api/(login|session|auth|tokens?|confirm-\w+)(/|$)"
    r"|/api/(companies|projects)/.+/members(/|$)"
)


class UnknownScope(InvalidRequest):
    code = "unknown_scope"


@dataclass(frozen=True, slots=True)
class KeyScope:
    """A scope that a person can choose for a key. `text` says what a key with it may do."""

    name: str
    text: str


class KeyScopes:
    """The scopes and the check of a request against them.

    `choices` are all scopes, the least powerful first; `of_kind` is the scope of each kind's claims."""

    def __init__(
        self, api_routers: Iterable[APIRouter], root_routers: Iterable[APIRouter], kinds: Iterable[Kind]
    ) -> None:
        kinds = tuple(kinds)
        offered = [kind.scope for kind in kinds if kind.routers or kind.root_routers]
        self.of_kind: Mapping[str, str] = {kind.name: kind.scope.name for kind in kinds}
        self.choices = (
            KeyScope(READ, "Read whatever you may see."),
            *offered,
            KeyScope(
                ADMIN,
                "Administer: register projects and companies, and use an administrator's rights if you have them.",
            ),
        )
        self._kinds = [each.name for each in offered]
        self._names = {each.name: None for each in self.choices}
        self._needs: dict[tuple[str, str], Need] = {}
        for method, path in [*_routes(api_routers, API), *_routes(root_routers, "")]:
            self._needs[method, path] = self._kernels(method, path)
        for kind in kinds:
            found = [*_routes(kind.routers, API), *_routes(kind.root_routers, "")]
            for method, path in found:
                reads = method in SAFE_METHODS and (method, path) not in kind.writes
                reads = reads or (method, path) in kind.reads
                self._needs[method, path] = frozenset({kind.scope.name, READ} if reads else {kind.scope.name})

    def _kernels(self, method: str, path: str) -> Need:
        if method not in SAFE_METHODS:
            if _ACCOUNTS.match(path):
                return NO_KEY
            return frozenset(self._kinds if _CLAIMS.match(path) else {ADMIN})
        if path in _WHOSE:
            return frozenset(self._names)
        return frozenset({ADMIN if _ADMINISTRATION.match(path) else READ})

    def need(self, method: str, path: str) -> Need:
        """Return what the route declared at `path` requires. For an unknown route no key is enough."""
        return self._needs.get((method, path), NO_KEY)

    def require(self, me: Principal, scope: Any) -> None:
        """Refuse a request whose API key may not be used for its route. `scope` is the ASGI scope.

        Raises:
            SignInNeeded: no API key may be used (403).
            MissingScope: this key's scopes are not enough (403).
        """
        need = self.need(scope["method"], route_path(scope) or "")
        if not need:
            raise SignInNeeded("API keys cannot change accounts: sign in with your password.")
        has = me.key_scopes
        if has is not None and not (need & has):
            raise MissingScope(self.sorted(need))

    def sorted(self, names: Iterable[str]) -> list[str]:
        """Return the scopes in the order of `choices`."""
        return sorted(names, key=[*self._names, *names].index)

    def check(self, names: Iterable[str]) -> list[str]:
        """Return the scopes chosen for a key, each once and in order.

        Raises:
            UnknownScope: there is no such scope (400).
        """
        for name in names:
            if name not in self._names:
                raise UnknownScope(f"{name[:40]} is not a scope. The scopes are: {', '.join(self._names)}.")
        return self.sorted({*names})


def _routes(routers: Iterable[APIRouter], prefix: str) -> Iterator[tuple[str, str]]:
    for router in routers:
        for route in iter_route_contexts(router.routes):
            for method in route.methods or ():
                yield method, f"{prefix}{route.path_format}"
