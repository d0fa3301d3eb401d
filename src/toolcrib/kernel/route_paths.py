"""Which declared route a request reached."""

from __future__ import annotations

from typing import Any


def route_path(scope: Any) -> str | None:
    """The path of the route of an ASGI scope, as it was declared, with names in braces; None before one is found."""
    # FastAPI keeps a router's own route in `route`, and the one with the prefix it was included at apart.
    included = scope.get("fastapi", {}).get("effective_route_context")
    return getattr(included, "path_format", None) or getattr(scope.get("route"), "path", None)
