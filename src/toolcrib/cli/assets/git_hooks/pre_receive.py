"""The pre-receive hook of a server's repository: it refuses pushes that change what somebody else holds."""

import os
from collections.abc import Mapping
from pathlib import Path

from toolcrib.cli.assets.git_hooks.lock_check import (
    REFUSE,
    Settings,
    config_value,
    locks_on,
    outage_policy,
    refusal_text,
)
from toolcrib.cli.assets.git_hooks.pushes import candidates, edited, read_updates
from toolcrib.cli.core import output
from toolcrib.cli.core.accounts import Account, server_url
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.repository import git, read_config

# Where common hosts put the name of the person who pushes; the first that is set counts.
IDENTITY_VARIABLES = (
    "TOOLCRIB_USER",
    "GL_USERNAME",  # GitLab
    "GITEA_PUSHER_NAME",  # Gitea, Forgejo
    "GL_USER",  # gitolite
    "REMOTE_USER",  # git http-backend behind a web server
)


def pusher(settings: Settings, environment: Mapping[str, str]) -> str | None:
    """Return the login name of the person who pushes, or None when the host does not say.

    `toolcrib.identityEnv` names environment variables to look at first; `toolcrib.userMap`
    (`host name=login name`) translates names.
    """
    names = [*settings.get("toolcrib.identityenv", ()), *IDENTITY_VARIABLES]
    name = next((environment[one] for one in names if environment.get(one)), None)
    for entry in settings.get("toolcrib.usermap", ()) if name else ():
        theirs, _, ours = entry.partition("=")
        if theirs.strip() == name:
            return ours.strip() or None
    return name


def hook_account(settings: Settings, url: str | None) -> Account:
    """Return the server and the hook's own API key.

    Raises:
        CannotTell: not configured, or the key cannot be read.
    """
    address = url or os.environ.get("TOOLCRIB_URL") or config_value(settings, "toolcrib.url")
    if not address:
        raise CannotTell("The hook is not set up: git config toolcrib.url is missing.")
    if token := os.environ.get("TOOLCRIB_TOKEN"):
        return Account(server_url(address), token=token)
    file = config_value(settings, "toolcrib.token-file") or config_value(settings, "toolcrib.tokenfile")
    if not file:
        raise CannotTell("The hook is not set up: git config toolcrib.token-file is missing.")
    try:
        token = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as bad:
        raise CannotTell(f"The hook cannot read its API key: {bad}") from bad
    return Account(server_url(address), token=token)


def pre_receive(text: str, *, url: str | None = None, project: str | None = None) -> int:
    """Return 0 when the push may enter, 1 when it may not. `text` is the hook's standard input.

    While the server does not answer, every push that changes files is refused, unless `toolcrib.onOutage` is
    `allow`.
    """
    settings = read_config(git("config", "--list", "-z"))
    updates = read_updates(text)
    paths = candidates(updates)
    if not paths:
        return 0
    policy = outage_policy(settings, REFUSE)
    try:
        api = ApiClient(hook_account(settings, url), timeout_seconds=30)
        held, own = locks_on(api, paths, project or config_value(settings, "toolcrib.project"))
    except Failure as unknown:
        output.warn(f"toolcrib: locks could not be checked. {unknown}")
        return 1 if policy == REFUSE else 0
    name = pusher(settings, os.environ)
    others = {path: lock for path, lock in {**held, **own}.items() if lock["locked_by"] != name}
    touched = edited(updates, frozenset(others))
    if not touched:
        return 0
    last = "Ask for them (toolcrib notify PATH), or push again when they are free."
    if name is None:
        last = (
            "This repository's host does not say who pushes, so all that is held counts as held by others.\n"
            f"Its administrator can set one of {', '.join(IDENTITY_VARIABLES)}."
        )
    first = f"toolcrib: this push{f' by {name}' if name else ''} changes what somebody else holds:"
    output.warn(refusal_text(first, {path: others[path] for path in touched}, last))
    return 1
