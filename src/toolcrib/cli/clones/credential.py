"""A git credential helper that answers with the stored sign-in, for the servers we are signed in to."""

import sys

from toolcrib.cli.accounts import Account, Stored
from toolcrib.cli.program import program
from toolcrib.cli.repository import Repository, git


def wanted_account(question: str, stored: Stored) -> Account | None:
    """The account for the place git asks about. A stored server below a path answers for its whole host."""
    fields = dict(line.partition("=")[::2] for line in question.splitlines() if "=" in line)
    place = f"{fields.get('protocol', '')}://{fields.get('host', '')}"
    for url, account in stored.servers.items():
        same_place = url == place or url.startswith(f"{place}/")
        if same_place and account.token and fields.get("username") in (None, "", account.username):
            return account
    return None


def credential(verb: str, question: str) -> None:
    """`get` prints the sign-in; `store` and `erase` do nothing: `toolcrib login` and `logout` keep it."""
    if verb != "get":
        return
    account = wanted_account(question, Stored.read())
    if account is not None:
        sys.stdout.write(f"username={account.username}\npassword={account.token}\n")


def helper_command() -> str:
    """The value of `credential.<url>.helper`: a shell command git adds `get`, `store` or `erase` to."""
    return f"!'{program()}' git credential"


def host_of(url: str) -> str:
    """`http://host:port` of an address: what git matches `credential.<url>` keys with."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"


def use_helper(repository: Repository, account: Account) -> None:
    """Have git, in this clone, ask our helper (and no other) for this server, and use this login name."""
    section = f"credential.{host_of(account.url)}"
    config = ("config", "--file", str(repository.common_dir / "config"))
    git(*config, "--replace-all", f"{section}.helper", "")  # an empty value drops helpers set elsewhere
    git(*config, "--add", f"{section}.helper", helper_command())
    if account.username:
        git(*config, "--replace-all", f"{section}.username", account.username)
    repository.forget_configuration()


def uses_helper(repository: Repository, account: Account) -> bool:
    """Whether git asks our helper, as it is installed now, for this server."""
    helpers = repository.configuration.get(f"credential.{host_of(account.url)}.helper", [])
    return bool(helpers) and helpers[-1] == helper_command()
