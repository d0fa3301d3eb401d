"""`toolcrib password`: change one's password."""

import sys
from dataclasses import replace
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.accounts import CredentialsFile
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure, NotSignedIn
from toolcrib.cli.general.sign_in import secret, sign_in

app = typer.Typer()

PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin", help="Read the current and the new password from standard input, a line each."
    ),
]
EndKeys = Annotated[
    bool | None,
    typer.Option(
        "--end-keys/--keep-keys", help="End your API keys too; a terminal is asked, else they stay."
    ),
]


@command(app, "password")
def change_password(
    context: Context, end_keys: EndKeys = None, password_stdin: PasswordStdin = False
) -> None:
    """Change your password. Your sign-ins elsewhere end. Without `--password-stdin` and a terminal, the passwords are
    `TOOLCRIB_PASSWORD` and `TOOLCRIB_NEW_PASSWORD`."""
    account = context.account
    current = secret(
        f"Current password at {account.url}", from_stdin=password_stdin, variable="TOOLCRIB_PASSWORD"
    )
    new = secret("New password", from_stdin=password_stdin, variable="TOOLCRIB_NEW_PASSWORD")
    if not password_stdin and sys.stdin.isatty():
        if new != secret("New password, again", from_stdin=False, variable="TOOLCRIB_NEW_PASSWORD"):
            raise CannotTell("The two new passwords differ. Nothing was changed.")
        if end_keys is None:
            end_keys = typer.confirm("End your API keys too?", default=False)
    body = {"current_password": current, "new_password": new, "end_api_keys": bool(end_keys)}
    try:
        answer = context.api.request("PUT", "/users/me/password", body=body)
    except NotSignedIn as refused:
        if refused.code != "wrong_password":
            raise
        raise Failure("The current password is wrong.", code=refused.code) from refused
    if not answer["pending"]:
        _sign_in_again(context, new, keep_keys=not end_keys)
    context.show(answer, answer["msg"])


def _sign_in_again(context: Context, password: str, *, keep_keys: bool) -> None:
    """Replace the stored token, which ended with the old password. Git's key stays unless all keys end."""
    stored = CredentialsFile.read()
    known = stored.servers.get(context.account.url)
    if known is None or known.token != context.account.token:
        return
    try:
        fresh = sign_in(known.url, context.username, password)
    except Failure as refused:
        output.warn(f"The password is changed, but signing in with it failed: {refused}")
        return
    if keep_keys:
        fresh = replace(fresh, git_key=known.git_key, git_key_id=known.git_key_id)
    CredentialsFile({**stored.servers, known.url: fresh}, stored.default).write()
