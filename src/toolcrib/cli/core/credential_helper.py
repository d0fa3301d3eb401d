"""A git credential helper: git signs in as the person who is signed in to Toolcrib.

Git presents a name and a password. The password is an API key made for git on this machine. It stays valid after
the sign-in's token has expired; its owner sees it in the list of keys and can revoke it there.
"""

import os
import socket
import sys
from contextlib import suppress

from toolcrib.cli.core.accounts import Account, CredentialsFile
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.program_path import program_path
from toolcrib.cli.core.repository import Repository, git

# In place of a key that the server refused: its owner revoked it, so git gets no other until they sign in again or run
# `git setup`.
REFUSED = ""


def account_for(question: str, stored: CredentialsFile) -> tuple[Account | None, dict[str, str]]:
    """Return the account for the address git asks about, and the fields of git's question.

    Git names only the host, so a server below a path answers for its whole host.
    """
    fields = dict(line.partition("=")[::2] for line in question.splitlines() if "=" in line)
    place = f"{fields.get('protocol', '')}://{fields.get('host', '')}"
    for url, account in stored.servers.items():
        same_place = url == place or url.startswith(f"{place}/")
        if same_place and account.username and fields.get("username") in (None, "", account.username):
            return account, fields
    return None, fields


def answer(verb: str, question: str) -> None:
    """Answer git: `get` prints git's key, `erase` forgets it (the server refused it), `store` does nothing."""
    stored = CredentialsFile.read()
    account, fields = account_for(question, stored)
    if account is None:
        return
    if verb == "get":
        key = _new_key(account) if account.git_key is None else account.git_key
        if key:
            sys.stdout.write(f"username={account.username}\npassword={key}\n")
    elif verb == "erase" and fields.get("password") == account.git_key:
        stored.with_git_key(account.url, REFUSED, None).write()


def _new_key(account: Account) -> str | None:
    """Make git's key when git first asks; None if that is not possible, and git then asks the person."""
    if account.token and account.token.startswith("tck_"):
        return account.token  # signed in with an API key, which may not make others
    try:
        give_key(account)
    except Failure:
        return None
    return CredentialsFile.read().servers[account.url].git_key


def can_help(account: Account | None) -> bool:
    """Return whether git can have a key: somebody is signed in by name, not only through TOOLCRIB_TOKEN."""
    return bool(account and account.token and account.username and not os.environ.get("TOOLCRIB_TOKEN"))


def has_key(account: Account) -> bool:
    known = CredentialsFile.read().servers.get(account.url)
    return known is not None and bool(known.git_key)


def give_key(account: Account) -> None:
    """Make an API key for git on this machine if there is none. The credential helper passes it to git."""
    if has_key(account):
        return
    wanted = {"name": f"git on {socket.gethostname()}"[:80], "scopes": ["locks"]}
    made = ApiClient(account).post("/users/me/keys", wanted)
    CredentialsFile.read().with_git_key(account.url, made["key"], made["id"]).write()


def helper_command() -> str:
    """Return the value for `credential.<url>.helper`: a shell command to which git adds `get`, `store` or `erase`."""
    return f"!'{program_path()}' git credential"


def host_of(url: str) -> str:
    """Return `http://host:port` of an address, which git compares with `credential.<url>` keys."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"


def use_helper(repository: Repository, account: Account) -> None:
    """Make git, in this clone, ask our helper and no other for this server, and use this login name."""
    give_key(account)
    section = f"credential.{host_of(account.url)}"
    config = ("config", "--file", str(repository.common_dir / "config"))
    git(*config, "--replace-all", f"{section}.helper", "")  # an empty value drops helpers set elsewhere
    git(*config, "--add", f"{section}.helper", helper_command())
    if account.username:
        git(*config, "--replace-all", f"{section}.username", account.username)
    repository.forget_configuration()


def register(account: Account) -> bool:
    """Make git ask our helper for this server in every clone of this person, so that a first clone needs no terminal.

    Returns whether it was done: not where git is missing, or its configuration cannot be written.
    """
    section = f"credential.{host_of(account.url)}"
    config = ("config", "--global")
    try:
        git(*config, "--replace-all", f"{section}.helper", "")  # an empty value drops helpers set elsewhere
        git(*config, "--add", f"{section}.helper", helper_command())
        if account.username:
            git(*config, "--replace-all", f"{section}.username", account.username)
    except CannotTell:
        return False
    return True


def unregister(url: str) -> None:
    """Take back what `register` wrote."""
    section = f"credential.{host_of(url)}"
    with suppress(CannotTell):
        helpers = git("config", "--global", "--get-all", f"{section}.helper").decode(errors="replace")
        if "git credential" in helpers:
            git("config", "--global", "--remove-section", section)


def uses_helper(repository: Repository, account: Account) -> bool:
    """Return whether git asks our helper, as installed now, for this server, and the helper has a key."""
    helpers = repository.configuration.get(f"credential.{host_of(account.url)}.helper", [])
    return bool(helpers) and helpers[-1] == helper_command() and has_key(account)
