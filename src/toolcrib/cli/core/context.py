"""What every client command has: the server, the project, the repository, and how to print."""

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from toolcrib.cli.core import accounts, output
from toolcrib.cli.core.client import ApiClient
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.repository import UNKNOWN_BRANCH, Repository, normalise, resolve_dots

Function = TypeVar("Function", bound=Callable[..., Any])

Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="The server to use.")]
OldUrl = Annotated[str | None, typer.Option("--backend", metavar="URL", hidden=True)]
Project = Annotated[
    str | None, typer.Option("--project", metavar="NAME", help="The project the paths are in.")
]
RepoRoot = Annotated[
    Path | None,
    typer.Option("--repo-root", metavar="DIR", help="The repository, where it is not this directory's."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@dataclass
class SharedOptions:
    """The options that may be given before a command as well as after it."""

    url: str | None = None
    project: str | None = None
    repo_root: Path | None = None
    as_json: bool = False


class Context:
    """One run of one command."""

    def __init__(self, shared: SharedOptions) -> None:
        self.given = shared
        self.as_json = shared.as_json

    @cached_property
    def repository(self) -> Repository | None:
        """The repository the command is about, or None outside of any.

        Raises:
            CannotTell: `--repo-root` names a directory that is in no repository.
        """
        found = Repository.at(self.given.repo_root)
        if found is None and self.given.repo_root is not None:
            raise CannotTell(f"{self.given.repo_root} is not in a git repository.")
        return found

    @cached_property
    def clone(self) -> Repository:
        """The repository, for a command that needs one.

        Raises:
            CannotTell: there is none.
        """
        if self.repository is None:
            raise CannotTell("This is not a git repository (nor is any directory above).")
        return self.repository

    @cached_property
    def account(self) -> accounts.Account:
        found = accounts.find_account(self.given.url, self.repository)
        if found is None:
            raise CannotTell("Which server? Sign in with `toolcrib login --url URL`, or set TOOLCRIB_URL.")
        return found

    @cached_property
    def api(self) -> ApiClient:
        return ApiClient(self.account)

    @cached_property
    def username(self) -> str:
        """The login name of the caller. The server is asked if only a token is known."""
        return self.account.username or self._username_of_now

    @cached_property
    def _username_of_now(self) -> str:
        name: str = self.api.get("/currentuser")["username"]
        return name

    def is_caller(self, name: object) -> bool:
        """Return whether the caller has this login name. The server is asked if it differs from the known one: the
        caller may have been renamed since they signed in here."""
        return name == self.account.username or (isinstance(name, str) and name == self._username_of_now)

    @cached_property
    def project(self) -> str | None:
        return accounts.find_project(self.given.project, self.repository, self.account.url)

    @property
    def branch(self) -> str:
        return self.repository.branch if self.repository else UNKNOWN_BRANCH

    def path(self, typed: str) -> str:
        """Return a path as the server keys it: relative to the repository's root, normalised."""
        clean = normalise(self._below_root(typed))
        if not clean:
            raise CannotTell(f"{typed!r} names no file.")
        return clean

    def folder(self, typed: str | None) -> str | None:
        """Return a directory to look below, or None for everything."""
        if typed is None:
            return None
        return normalise(self._below_root(typed)) or None

    def _below_root(self, typed: str) -> str:
        if self.repository and not self.repository.bare:
            return self.repository.relative(typed)
        found = resolve_dots(typed.replace("\\", "/"))
        if found == ".." or found.startswith("../"):
            raise CannotTell(f"{typed}: outside of a repository, give the path from its root.")
        return found

    def paths(self, typed: Sequence[str]) -> list[str]:
        """Return several paths, each once, in the order they were typed."""
        return list(dict.fromkeys(self.path(one) for one in typed))

    def in_project(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a request body with the project added, if one was named."""
        return {**body, "project": self.project} if self.project else body

    def show(self, value: Any, text: str) -> None:
        """Print the result: `value` for a program, `text` for a person."""
        if self.as_json:
            output.print_json(value)
        elif text:
            output.print_text(text)


def command(
    app: typer.Typer, *names: str, hidden: Sequence[str] = (), **settings: Any
) -> Callable[[Function], Function]:
    """Make a function `f(context, …)` a client command, under its names and under hidden older spellings.

    The command also takes the options of `SharedOptions`, which override the same options given before it.
    """

    def register(function: Function) -> Function:
        signature = inspect.signature(function, eval_str=True)
        own = list(signature.parameters.values())[1:]

        @functools.wraps(function)
        def run(typer_context: typer.Context, **arguments: Any) -> None:
            url, backend = arguments.pop("shared_url"), arguments.pop("shared_backend")
            shared = typer_context.find_object(SharedOptions) or SharedOptions()
            shared = replace(
                shared,
                url=url or backend or shared.url,
                project=arguments.pop("shared_project") or shared.project,
                repo_root=arguments.pop("shared_root") or shared.repo_root,
                as_json=arguments.pop("shared_json") or shared.as_json,
            )
            try:
                function(Context(shared), **arguments)
            except Failure as failure:
                report(failure, as_json=shared.as_json)
                raise typer.Exit(failure.exit_code) from failure
            except KeyboardInterrupt:
                raise typer.Exit(130) from None

        keyword = inspect.Parameter.KEYWORD_ONLY
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("typer_context", keyword, annotation=typer.Context),
                *(one.replace(kind=keyword) for one in own),
                inspect.Parameter("shared_json", keyword, annotation=AsJson, default=False),
                inspect.Parameter("shared_project", keyword, annotation=Project, default=None),
                inspect.Parameter("shared_url", keyword, annotation=Url, default=None),
                inspect.Parameter("shared_backend", keyword, annotation=OldUrl, default=None),
                inspect.Parameter("shared_root", keyword, annotation=RepoRoot, default=None),
            ]
        )
        run.__annotations__ = {one.name: one.annotation for one in run.__signature__.parameters.values()}  # type: ignore[attr-defined]
        for name in names:
            app.command(name, **settings)(run)
        for name in hidden:
            app.command(name, hidden=True, **settings)(run)
        return function

    return register


def report(failure: Failure, *, as_json: bool = False) -> None:
    """Print on standard error why a command failed: a sentence, or one JSON line for a program."""
    if as_json:
        output.print_json(failure.as_json(), stream=sys.stderr, lines=True)
    else:
        output.warn(f"toolcrib: {failure}")
