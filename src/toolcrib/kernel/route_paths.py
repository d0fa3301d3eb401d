"""How routes are declared, and which of them a request reached."""

from __future__ import annotations

from typing import Any

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request
from starlette.routing import Match

# No table counts as far.
_NO_ROW = 2**63 - 1


class _RowConvertor(IntegerConvertor):
    """The number of a row, as `{part_id:row}`. One of more digits than any has is one that no row has: the framework's
    `int` raises when there are more than Python converts. A package whose routes have it imports this module before it
    declares them."""

    def convert(self, value: str) -> int:
        return min(int(value), _NO_ROW) if len(value) < 20 else _NO_ROW


register_url_convertor("row", _RowConvertor())


def route_path(scope: Any) -> str | None:
    """The path of the route of an ASGI scope, as it was declared, with names in braces; None before one is found."""
    # FastAPI keeps a router's own route in `route`, and the one with the prefix it was included at apart.
    included = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included, "path_format", None) or getattr(scope.get("route"), "path", None)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ASKED = ("type", "path", "raw_path", "root_path", "headers", "query_string", "app")


def allowed_methods(request: Request) -> list[str]:
    """Return the methods that the request's address takes, the page's left aside, which is the last route and answers
    everywhere (RFC 9110, section 10.2.1)."""
    # Asked anew: in the scope as it is, a route has been chosen already.
    asked = {name: request.scope[name] for name in _ASKED if name in request.scope}
    routes = request.app.routes[:-1]
    return [
        method
        for method in _METHODS
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in routes)
    ]
