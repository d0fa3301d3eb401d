"""What administrators say of a machine, checked, and as it is kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from toolcrib.kernel.identity.principal import Principal
from toolcrib.kernel.problems import InvalidRequest
from toolcrib.kernel.secrets import Secrets
from toolcrib.machines.models import SECRETS
from toolcrib.machines.schemas import (
    NewMachine,
    checked_host,
    checked_manager,
    checked_password,
    checked_port,
    checked_private_key,
)
from toolcrib.machines.tags import MAX_TAGS, TAG
from toolcrib.machines.views import MachineChange
from toolcrib.settings import Settings


def of_new(body: NewMachine, me: Principal, settings: Settings) -> dict[str, Any]:
    """Return the values of a machine to be registered, the secrets in clear.

    Raises:
        InvalidRequest: (400).
    """
    more: dict[str, Any] = {
        "sudo": body.sudo,
        "jump": body.jump,
        "reset": checked_reset(body.reset, settings),
        "homes": body.homes,
        "scope": checked_scope(body.scope, me),
        "tags": {"tags": checked_tags(body.tags)},
        "enabled": body.enabled,
    }
    return {**body.check(), **more}


def for_storage(secrets: Secrets, values: dict[str, Any]) -> dict[str, Any]:
    """Seal the secrets."""
    sealed = {name: secrets.seal(place, values[name]) for name, place in SECRETS.items() if values.get(name)}
    return {**values, **sealed}


def checked_scope(scope: str, me: Principal) -> str:
    """Return the scope: empty for everybody, a project's or a company's.

    Raises:
        InvalidRequest: (400).
    """
    if scope and not scope.startswith(("project:", "company:")):
        raise InvalidRequest("scope is empty, project:NAME or company:UUID.")
    found = me.scope_named(scope)
    if found.startswith("project:") and found.removeprefix("project:") not in me.projects:
        raise InvalidRequest("scope names a project that is not registered.")
    return found


def checked_tags(tags: Sequence[str]) -> list[str]:
    """Return the tags, each once.

    Raises:
        InvalidRequest: (400).
    """
    found = list(dict.fromkeys(tag.strip() for tag in tags))
    if len(found) > MAX_TAGS:
        raise InvalidRequest(f"A machine may have {MAX_TAGS} tags.")
    for tag in found:
        if not TAG.fullmatch(tag):
            raise InvalidRequest(
                "A tag has letters, digits, `.`, `_`, `:` and `-`, and begins with a letter or digit."
            )
    return found


def checked_reset(reset: str | None, settings: Settings) -> str | None:
    """Return which program resets the machine, `none` for no program, None for the default one.

    Raises:
        InvalidRequest: the server has no such program (400).
    """
    if not reset or reset == "none" or reset in settings.machines_resets:
        return reset or None
    raise InvalidRequest(f"reset is none or one of: {', '.join(sorted(settings.machines_resets)) or 'none'}.")


def of_change(body: MachineChange, me: Principal, settings: Settings) -> dict[str, Any]:
    """Return the values that are to be changed, the secrets in clear.

    Raises:
        InvalidRequest: (400).
    """
    given = body.model_dump(exclude_unset=True)
    found: dict[str, Any] = {}
    for name, value in given.items():
        if value is None and name not in ("jump", "reset", "homes", *SECRETS):
            raise InvalidRequest(f"{name} cannot be empty.")
        if name == "reset":
            found[name] = checked_reset(value, settings)
        else:
            found[name] = _CHECKS[name](value, me)
    return found


_CHECKS: dict[str, Callable[[Any, Principal], Any]] = {
    "host": lambda value, _: checked_host(value.strip()),
    "port": lambda value, _: checked_port(value),
    "user": lambda value, _: checked_manager(value.strip()),
    "password": lambda value, _: checked_password(value or None),
    "private_key": lambda value, _: checked_private_key(value or None),
    "sudo": lambda value, _: value,
    "jump": lambda value, _: value or None,
    "homes": lambda value, _: value,
    "scope": checked_scope,
    "tags": lambda value, _: {"tags": checked_tags(value)},
    "enabled": lambda value, _: value,
}
