"""Commands for the server's own machine: run it, migrate its database, administer it without signing in."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from toolcrib.cli.core.failures import CannotTell, Failure

if TYPE_CHECKING:
    from toolcrib.kernel.context import Kernel
    from toolcrib.settings import Settings

app = typer.Typer()
db = typer.Typer(no_args_is_help=True, help="The server's database (on its machine).")
admin = typer.Typer(no_args_is_help=True, help="Administration on the server's machine, without signing in.")

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="Database, files and secret. [DATA_DIR]", show_default=False
    ),
]


def load_settings(**given: object) -> "Settings":
    """Return the settings: from the command line, else the environment, config.json, the defaults.

    What was given is also put in the environment, for further server processes.

    Raises:
        CannotTell: one of them cannot be used; its value is not repeated.
    """
    for name, value in given.items():
        if value is not None:
            os.environ[name.upper()] = str(value)
    from pydantic import ValidationError

    from toolcrib.settings import Settings

    try:
        return Settings()
    except ValidationError as bad:
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in bad.errors()
        )
        raise CannotTell(f"The settings cannot be used: {wrong}") from bad
    except (ValueError, OSError) as bad:
        raise CannotTell(f"config.json cannot be used: {bad}") from bad


@app.command("serve", rich_help_panel="Server")
def serve(
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on. [HOST]")] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="Port. [PORT, 5000]")] = None,
    data_dir: DataDir = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="How many processes.")] = 1,
    log_level: Annotated[str | None, typer.Option("--log-level", help="debug, info, warning, error.")] = None,
) -> None:
    """Run the server. On its first start it prints the administrator's password, once."""
    settings = load_settings(host=host, port=port, data_dir=data_dir, log_level=log_level)
    from toolcrib.cli.server import serve as serving

    serving.serve(settings, workers)


@app.command("worker", rich_help_panel="Server")
def worker(
    *,
    data_dir: DataDir = None,
    log_level: Annotated[str | None, typer.Option("--log-level", help="debug, info, warning, error.")] = None,
) -> None:
    """Run jobs for servers on other machines.

    They share DATABASE_URL and REDIS_URL.
    """
    settings = load_settings(data_dir=data_dir, log_level=log_level)
    from toolcrib.cli.server import serve as serving

    serving.work(settings)


def with_kernel(
    settings: "Settings",
    task: Callable[["Kernel"], Awaitable[str]],
    *,
    print_text: Callable[[str], object] = typer.echo,
    as_found: bool = False,
) -> None:
    """Run one task on the kernel, beside a running server or without one, and print what the task returns.

    `as_found` uses the database as it is and never creates or upgrades one.

    Raises:
        Failure: the task was refused, or the database cannot be used.
    """
    import asyncio

    from sqlalchemy.exc import DBAPIError

    from toolcrib.kernel import logs, migrate
    from toolcrib.kernel.clock import system_clock
    from toolcrib.kernel.file_modes import keep_new_files_private
    from toolcrib.kernel.problems import Problem
    from toolcrib.kernel.secrets import UnusableSecret
    from toolcrib.server import build_kernel, kinds

    keep_new_files_private()
    if as_found:
        _require_database(settings)

    async def run() -> str:
        kernel = build_kernel(settings, system_clock, kinds())
        try:
            if not as_found:
                await migrate.upgrade(kernel.database, kernel.migrations)
            elif (at := await migrate.revision(kernel.database)) != migrate.head():
                raise CannotTell(
                    f"The database is at schema {at or 'none'}, this release at {migrate.head()}. Use the release the "
                    "server runs, or start this one first.",
                    code="other_release",
                )
            return await task(kernel)
        finally:
            await kernel.limiter.close()
            await kernel.database.close()

    logs.configure(settings)
    try:
        if answer := asyncio.run(run()):
            print_text(answer)
    except Problem as refused:
        raise Failure(refused.detail, code=refused.code) from refused
    except UnusableSecret as short:
        raise CannotTell(str(short), code="secret_unusable") from short
    except (migrate.NewerDatabase, migrate.ForeignDatabase, DBAPIError, OSError) as broken:
        reason = str(getattr(broken, "orig", None) or broken).splitlines()[0]
        raise CannotTell(f"The database cannot be used: {reason}") from broken


def _require_database(settings: "Settings") -> None:
    """Check that the SQLite file exists; a database server reports a missing database itself.

    Raises:
        CannotTell: there is no file where the settings say.
    """
    from sqlalchemy import make_url

    url = make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
        raise CannotTell(
            f"There is no database at {Path(url.database).absolute()}. Give the server's own --data-dir, or its "
            "settings in the environment.",
            code="no_database",
        )


@db.command("upgrade")
def upgrade(*, data_dir: DataDir = None) -> None:
    """Bring the database up to this release. `serve` does the same at its start."""

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel import migrate

        theirs = [
            f", the kind {kind} at {migrate.Branch(kind, folder).head()}"
            for kind, folder in kernel.migrations.items()
        ]
        return f"The database is at revision {migrate.head()}{''.join(theirs)}."

    with_kernel(load_settings(data_dir=data_dir), task)


@admin.command("set-config", context_settings={"ignore_unknown_options": True})  # -1 is a value
def set_config(
    *,
    key: Annotated[str, typer.Argument(help="Like auto_release.hours")],
    value: Annotated[str, typer.Argument(help="Its new value")],
    data_dir: DataDir = None,
) -> None:
    """Change a runtime setting. Running servers follow at once."""

    async def task(kernel: "Kernel") -> str:
        if key not in kernel.config.keys:
            from difflib import get_close_matches

            near = get_close_matches(key, kernel.config.keys, n=3)
            hint = (
                f"Did you mean {' or '.join(near)}?"
                if near
                else f"There are: {', '.join(kernel.config.keys)}."
            )
            raise Failure(f"There is no runtime setting {key}. {hint}", code="unknown_key")
        async with kernel.database.write() as session:
            stored = await kernel.config.set_value(session, key, value, actor=None, now=kernel.clock())
        return f"{key} = {stored}"

    with_kernel(load_settings(data_dir=data_dir), task)


def secret_from(variable: str, question: str, from_stdin: bool) -> str:
    from toolcrib.cli.general.sign_in import secret

    return secret(question, from_stdin=from_stdin, variable=variable)


@admin.command("create")
def create(
    *,
    username: Annotated[str | None, typer.Argument(help="Login name. [INITIAL_ADMIN_USER]")] = None,
    email: Annotated[str | None, typer.Option("--email", help="Mail address. [INITIAL_ADMIN_EMAIL]")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create an administrator, from these or from the INITIAL_ADMIN_… settings."""
    settings = load_settings(data_dir=data_dir)
    name, address = username or settings.initial_admin_user, email or settings.initial_admin_email
    if not name:
        raise CannotTell("Give a login name, or set INITIAL_ADMIN_USER.")
    password = settings.initial_admin_password.get_secret_value()
    if password_stdin or not password or username:
        password = secret_from("TOOLCRIB_PASSWORD", f"Password of {name}", password_stdin)

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.identity import accounts

        await accounts.create_admin(kernel, name, address or None, password)
        return f"Administrator {name} created."

    with_kernel(settings, task)


@admin.command("reset-password")
def reset_password(
    *,
    username: Annotated[str, typer.Argument(help="Login name.")],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the new password from standard input.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Give somebody a new password, for example an administrator who has lost theirs. It ends their sign-ins."""

    def ask() -> str:
        return secret_from("TOOLCRIB_PASSWORD", f"New password of {username}", password_stdin)

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.identity import accounts

        await accounts.reset_password(kernel, username, ask)
        return f"The password of {username} is changed."

    with_kernel(load_settings(data_dir=data_dir), task)


@admin.command("reset-otp")
def reset_otp(
    *, username: Annotated[str, typer.Argument(help="Login name.")], data_dir: DataDir = None
) -> None:
    """Turn off the two-step sign-in of somebody who has lost app and recovery codes, such as the only administrator."""

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.identity import accounts

        await accounts.reset_otp(kernel, username)
        return f"{username} signs in with the password alone now."

    with_kernel(load_settings(data_dir=data_dir), task)


@admin.command("rename")
def rename(
    *,
    username: Annotated[str, typer.Argument(help="Login name of now.")],
    new_username: Annotated[str, typer.Argument(metavar="NEW", help="Login name from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give somebody another login name. Everything stays theirs, and the former name still leads to them."""

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.identity import accounts

        await accounts.rename(kernel, username, new_username)
        return f"{username} is called {new_username} now."

    with_kernel(load_settings(data_dir=data_dir), task)


@admin.command("test-email")
def send_test_email(*, data_dir: DataDir = None) -> None:
    """Send a test mail to the first administrator and say how it went."""

    async def task(kernel: "Kernel") -> str:
        status = await kernel.mailer.test_at_start(kernel.clock())
        if status == "SKIPPED":
            raise Failure(
                "No mail is sent: mail is switched off (MAIL_ENABLED, or mail.enabled).", code="mail_off"
            )
        if status != "SUCCESS":
            raise Failure("The test mail was not sent; the log above says why.", code="mail_failed")
        return "The test mail was sent."

    with_kernel(load_settings(data_dir=data_dir), task)


@admin.command("rotate-secret")
def rotate_secret(
    *,
    new: Annotated[
        bool,
        typer.Option("--new", help="First make a new secret, if it is the one kept in the data directory."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Encrypt the stored secrets with the server's present secret, so that the one before it is no longer needed.

    Set the new secret in JWT_SECRET_KEY and the one before in JWT_SECRET_PREVIOUS, restart all servers and workers, and
    run this. A key in ENCRYPTION_KEY is replaced in the same way, with the one before in ENCRYPTION_KEY_PREVIOUS. Where
    the secret is kept in the data directory: run it with --new, restart, and run it again without.
    It may run beside the server, and again at any time. Ends with 1 if something cannot be opened with any of them.
    """
    settings = load_settings(data_dir=data_dir)
    if new and settings.secret.get_secret_value():
        raise CannotTell(
            "The secret is set in JWT_SECRET_KEY: set a new one there, and the present one in JWT_SECRET_PREVIOUS."
        )
    lost: list[str] = []

    async def task(kernel: "Kernel") -> str:
        from toolcrib.kernel.resealing import reseal
        from toolcrib.kernel.secrets import replace_kept_secret

        done = await reseal(kernel.database, kernel.secrets)
        lost.extend(done.lost)
        lines = [f"{place} cannot be opened: it was encrypted with another secret." for place in lost]
        lines.append(f"Encrypted {done.changed} of {done.found} stored secrets anew.")
        if new and not lost:
            replace_kept_secret(settings.data_dir)
            lines.append(
                "A new secret is in place: restart all servers and workers, then run this without --new."
            )
        return "\n".join(lines)

    with_kernel(settings, task, as_found=True)
    if lost:
        raise typer.Exit(1)
