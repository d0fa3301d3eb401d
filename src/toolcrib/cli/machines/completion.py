"""Completing names of machines and ids of reservations: asks the server briefly, and prints nothing when that fails."""

from typing import Any

SECONDS = 1.5
SHOWN = 100


def complete_machine(incomplete: str) -> list[str]:
    """Return the machines whose names begin so."""
    return _asked(lambda api: _machines(api, incomplete))


def complete_own(incomplete: str) -> list[str]:
    """Return the machines that the caller has or has booked, and their reservations, that begin so."""
    return _asked(lambda api: [name for name in _own(api) if name.startswith(incomplete)])


def complete_waiting(incomplete: str) -> list[str]:
    """Return the reservations in the queue that begin so."""
    return _asked(lambda api: [id_ for id_ in _waiting(api) if id_.startswith(incomplete)])


def _asked(ask: Any) -> list[str]:
    from toolcrib.cli.core.client import ApiClient
    from toolcrib.cli.core.context import Context, SharedOptions

    try:
        api = ApiClient(Context(SharedOptions()).account, timeout_seconds=SECONDS)
        return [name for name in ask(api) if name.isprintable()]
    except Exception:  # noqa: BLE001 - errors must not appear in a prompt
        return []


def _machines(api: Any, begun: str) -> list[str]:
    found = api.get("/pool/machines", q=begun or None, limit=SHOWN)["machines"]
    return [one["name"] for one in found if one["name"].startswith(begun)]


def _own(api: Any) -> list[str]:
    states = "&".join(f"state={state}" for state in ("waiting", "booked", "preparing", "ready"))
    found = api.get(f"/pool/reservations?{states}")["reservations"]
    machines = [
        machine["machine"]
        for one in found
        for machine in one["machines"]
        if machine["state"] in ("preparing", "ready")
    ]
    booked = [name for one in found for name in one["booked_machines"]]
    return [*dict.fromkeys([*machines, *booked]), *(one["id"] for one in found)]


def _waiting(api: Any) -> list[str]:
    return [one["id"] for one in api.get("/pool/queue")["queue"]]
