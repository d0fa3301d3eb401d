"""`toolcrib login`, `logout` and `whoami`."""

import os
import sys
from contextlib import suppress
from typing import Annotated

import typer

from toolcrib.cli.core import accounts, credential_helper, output
from toolcrib.cli.core.accounts import Account, CredentialsFile
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure, NotSignedIn

app = typer.Typer()

Username = Annotated[str | None, typer.Option("--username", "-u", help="The login name.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
IgnoredPassword = Annotated[str | None, typer.Option("--password", "-p", hidden=True)]
UseKey = Annotated[
    bool, typer.Option("--key", help="Sign in with an API key instead of a name and password.")
]


def secret(question: str, *, from_stdin: bool, variable: str) -> str:
    """Read a secret from standard input, the environment or a prompt; never from the command line.

    Raises:
        CannotTell: there is nobody to ask, or the answer is empty.
    """
    if from_stdin:
        answer = sys.stdin.readline().rstrip("\r\n")
    elif given := os.environ.get(variable):
        answer = given
    elif sys.stdin.isatty():
        import getpass

        answer = getpass.getpass(f"{question}: ")
    else:
        raise CannotTell(f"{question}? Use --password-stdin, or set {variable}.")
    if not answer:
        raise CannotTell("The password is empty.")
    return answer


def server_for_login(context: Context) -> str:
    """Return the server to sign in to: as for every command, except that a clone's `lfs.url` goes before the last
    server used.

    Raises:
        CannotTell: nothing names a server.
    """
    found = accounts.find_url(context.given.url, context.repository, CredentialsFile.read())
    if found and found[1] != accounts.LAST_SIGN_IN:
        return found[0]
    for address in accounts.lfs_urls(context.repository) if context.repository else ():
        server = accounts.lfs_host(address)
        if server and _is_toolcrib(server):
            return server
    if found:
        return found[0]
    raise CannotTell("Which server? Give its address: toolcrib login --url http://locks.example.com:5000")


def _is_toolcrib(url: str) -> bool:
    """Return whether a server named by a committed file is one of ours, before a password is typed for it."""
    try:
        answer = ApiClient(Account(url), timeout_seconds=10).get("/auth/providers")
    except Failure:
        return False
    return isinstance(answer, dict) and "password" in answer


@command(app, "login")
def login(
    context: Context,
    username: Username = None,
    password_stdin: PasswordStdin = False,
    key: UseKey = False,
    password: IgnoredPassword = None,
    git: Annotated[bool, typer.Option(help="Let git sign in to this server too, in every clone.")] = True,
) -> None:
    """Sign in to a server. It becomes the one used where no other is named. With two-step sign-in the code is asked
    for, or read from `TOOLCRIB_OTP`."""
    if password is not None:
        output.warn("A password on the command line can be read by others, so it is not used.")
    url = server_for_login(context)
    if key:
        token = secret(f"API key for {url}", from_stdin=password_stdin, variable="TOOLCRIB_TOKEN")
        me = ApiClient(Account(url, token=token)).get("/currentuser")
        account = Account(url, token, me["username"])
    else:
        name = username or _ask_name()
        password = secret(
            f"Password of {name} at {url}", from_stdin=password_stdin, variable="TOOLCRIB_PASSWORD"
        )
        account = sign_in(url, name, password)
    CredentialsFile.read().with_account(account).write()
    text = f"Signed in to {url} as {account.username}."
    if git and credential_helper.can_help(account) and credential_helper.register(account):
        text += " git signs in there with it too."
    context.show({"url": url, "username": account.username}, text)


def _ask_name() -> str:
    if not sys.stdin.isatty():
        raise CannotTell("Which login name? Use -u NAME.")
    name: str = typer.prompt("Login name")
    return name


def sign_in(url: str, name: str, password: str) -> Account:
    """Return the account with a token for this name and password. If the account has two-step sign-in, the code is
    `TOOLCRIB_OTP`, or asked for.

    Raises:
        Failure: the server does not accept them.
        CannotTell: a code is needed, and there is nobody to ask.
    """
    body = {"username": name, "password": password}
    try:
        try:
            answer = ApiClient(Account(url)).post("/login", body)
        except NotSignedIn as refused:
            if refused.code != "otp_required":
                raise
            answer = ApiClient(Account(url)).post("/login", {**body, "otp": _ask_code()})
    except NotSignedIn as refused:
        what = "code" if refused.code == "invalid_otp" else "name and password"
        raise Failure(f"{url} does not accept this {what}.", code=refused.code) from refused
    return Account(url, answer["access_token"], answer["username"])


def _ask_code() -> str:
    given = os.environ.get("TOOLCRIB_OTP") or None
    if given is None and not sys.stdin.isatty():
        text = "This account has two-step sign-in: set TOOLCRIB_OTP to a code, or sign in with an API key (--key)."
        raise CannotTell(text, code="otp_required")
    return given or str(typer.prompt("Code of your app, or a recovery code"))


@command(app, "logout")
def logout(context: Context) -> None:
    """Forget the sign-in to a server."""
    stored = CredentialsFile.read()
    url = context.account.url
    known = url in stored.servers
    if known:
        account = stored.servers[url]
        if account.git_key_id is not None:
            with suppress(Failure):  # the local sign-out must work even if this fails
                ApiClient(account).delete(f"/users/me/keys/{account.git_key_id}")
        stored.without(url).write()
        credential_helper.unregister(url)
    old = context.repository.common_dir / accounts.OLD_TOKEN if context.repository else None
    if old is not None and old.exists():
        old.unlink()
        known = True
    text = f"Signed out of {url}." if known else f"There was no sign-in to {url}."
    context.show({"url": url, "signed_out": known}, text)


@command(app, "whoami")
def whoami(context: Context) -> None:
    """Say who you are signed in as, and where."""
    me = context.api.get("/currentuser")
    text = f"{me['username']} at {context.account.url}"
    text += " (admin)" if me.get("is_admin") else ""
    if company := me.get("company_name"):
        text += f", {me.get('company_role') or 'member'} of {company}"
    context.show({**me, "url": context.account.url}, text)


@command(app, "version")
def version(context: Context) -> None:
    """Print the version of this program."""
    from importlib.metadata import version as installed_version

    found = installed_version("toolcrib")
    context.show({"version": found}, f"toolcrib {found}")


@command(app, hidden=("currentuser", "current-user"))
def currentuser(context: Context) -> None:
    """Print the login name alone."""
    me = context.api.get("/currentuser")
    context.show(me, me["username"])
