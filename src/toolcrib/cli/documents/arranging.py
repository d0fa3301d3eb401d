"""Removing, restoring, moving, copying; folders."""

import sys
from typing import Annotated

import typer

from toolcrib.cli import output
from toolcrib.cli.context import Context, command
from toolcrib.cli.documents import app
from toolcrib.cli.documents.places import USERS, Place
from toolcrib.cli.documents.store import Row, Store
from toolcrib.cli.documents.words import ManyPlaces, Reason, Source, Target, Version
from toolcrib.cli.failures import CannotTell, Failure


@command(app, "rm")
def rm(
    context: Context,
    *,
    places: ManyPlaces,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders, with all that is in them.")
    ] = False,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="With all versions, for ever; else it can be restored.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Though somebody holds it (owners, admins); needs -m.")
    ] = False,
    message: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove files. `docs restore` brings them back, unless they were destroyed."""
    if force and not message:
        raise CannotTell("Say why: -m TEXT. The holder reads it.")
    store = Store(context)
    files: list[Place] = []
    folders: list[Place] = []
    whole: list[Place] = []
    for at in map(store.places.read, places):
        if not _is_folder(store, at, recursive=recursive, destroy=destroy):
            files.append(at)
        elif at.path and not destroy and not force:
            whole.append(at)
        else:
            below, above = _walk(store, at)
            files, folders = files + below, folders + above[::-1]
    if destroy and not yes and not context.as_json and sys.stdin.isatty():
        some = ", ".join(store.show(file) for file in files[:5]) + (" …" if len(files) > 5 else "")
        typer.confirm(f"Destroy {len(files)} file(s) with all their versions: {some}?", abort=True)
    removing = _Removing(context, store)
    for file in files:
        body: Row = {"physical": destroy, "force": force, **({"reason": message} if message else {})}
        removing.file(file, body, "Destroyed" if destroy else "Removed")
    for folder in whole:
        removing.folder(folder, {"recursive": True})
    for folder in folders:
        removing.folder(folder, {})
    if context.as_json:
        output.print_json(removing.done)


class _Removing:
    """One after the other, each told as it is done."""

    def __init__(self, context: Context, store: Store) -> None:
        self.done: list[Row] = []
        self._store = store
        self._silent = context.as_json

    def file(self, at: Place, how: Row, word: str) -> None:
        with self._store.about(at):
            answer = self._store.delete("/delete", {**at.fields, **how})
        self._tell({"place": self._store.show(at), **answer}, f"{word} {self._store.show(at)}")

    def folder(self, at: Place, how: Row) -> None:
        with self._store.about(at):
            answer = self._store.delete("/folders", {**at.fields, **how})
        count = len(answer.get("archived") or ())
        files = f" with {count} file{'s' if count != 1 else ''}" if how else ""
        self._tell({"place": f"{self._store.show(at)}/", **answer}, f"Removed {self._store.show(at)}/{files}")

    def _tell(self, row: Row, text: str) -> None:
        self.done.append(row)
        if not self._silent:
            output.say(text)


def _is_folder(store: Store, at: Place, *, recursive: bool, destroy: bool) -> bool:
    """Raises:
    Failure: there is nothing.
    CannotTell: it is a folder, and `-r` was not given.
    """
    if not at.is_folder and store.live_file(at) is not None:
        return False
    if not store.is_folder(at):
        if destroy and not at.is_folder:
            return False  # perhaps an archived file
        raise Failure(f"There is no file {store.show(at)}.", code="file_not_found")
    if not recursive:
        raise CannotTell(f"{store.show(at)} is a folder: to remove it with all that is in it, give -r.")
    return True


def _walk(store: Store, top: Place) -> tuple[list[Place], list[Place]]:
    files: list[Place] = []
    folders: list[Place] = []
    left = [top]
    while left:
        at = left.pop()
        if at.path:
            folders.append(at)
        found = store.folder(at)
        files += [at.child(row["name"]) for row in found["files"]]
        left += [at.child(row["name"]) for row in found["folders"]]
    return files, folders


@command(app, "restore")
def restore(
    context: Context,
    *,
    places: ManyPlaces,
    version: Version = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders: all that was removed from them.")
    ] = False,
) -> None:
    """Bring removed files back (`docs ls --archived` lists them); with --version, an earlier content.

    That content becomes the newest version.
    """
    store = Store(context)
    if version is not None and (len(places) > 1 or recursive):
        raise CannotTell("--version works for one file at a time.")
    if recursive:
        files = [file for one in places for file in _removed(store, store.places.read(one))]
    else:
        files = [store.places.read_file(one) for one in places]
    done: list[Row] = []
    failed: list[Failure] = []
    for at in files:
        try:
            answer = _restore(store, at) if version is None else _bring_back(store, at, version)
        except Failure as refused:
            if len(files) == 1 or isinstance(refused, CannotTell):
                raise
            failed.append(refused)
            output.warn(f"toolcrib: {refused}")
            continue
        done.append({"place": store.show(at), **answer})
        if not context.as_json:
            as_new = f" version {version} as version {answer['version_number']}" if version else ""
            output.say(f"Restored {store.show(at)}{as_new}")
    if context.as_json:
        output.print_json(done)
    if failed:
        raise typer.Exit(max(one.exit_code for one in failed))


def _removed(store: Store, at: Place) -> list[Place]:
    """The removed files in a folder and deeper, or the one file that `at` is itself.

    Raises:
        Failure: there is none.
    """
    rows = list(store.below(at, "archived"))
    if rows:
        return [Place(at.bucket, at.id, row["logical_path"]) for row in rows]
    if at.is_folder:
        raise Failure(f"There is nothing to restore in {store.show(at)}.", code="file_not_found")
    return [at]


def _restore(store: Store, at: Place) -> Row:
    try:
        with store.about(at):
            answer: Row = store.post("/restore", at.fields)
    except Failure as refused:
        if refused.code != "file_not_found":
            raise
        what = f"There is nothing to restore at {store.show(at)}."
        if _has_removed(store, at):
            what = f"{store.show(at)} was a folder: to restore all that was removed from it, give -r."
        raise Failure(what, code=refused.code) from refused
    return answer


def _has_removed(store: Store, at: Place) -> bool:
    return next(store.below(at, "archived"), None) is not None


def _bring_back(store: Store, at: Place, number: int) -> Row:
    row = store.version(at, number)
    with store.about(at):
        answer: Row = store.post(f"/versions/{row['id']}/restore", {})
    return answer


@command(app, "mkdir")
def mkdir(context: Context, places: ManyPlaces) -> None:
    """Make folders, with those above them."""
    store = Store(context)
    done: list[Row] = []
    for at in map(store.places.read, places):
        with store.about(at):
            done.append({"place": store.show(at), **store.post("/folders", at.fields)})
        if not context.as_json:
            output.say(f"Made {store.show(at)}/")
    if context.as_json:
        output.print_json(done)


@command(app, "mv")
def mv(
    context: Context,
    source: Source,
    target: Target,
) -> None:
    """Move or rename a file or a folder, within its bucket. Its versions and its lock go with it."""
    store = Store(context)
    origin, goal = store.places.read(source), store.places.read(target)
    if not origin.same_bucket(goal):
        raise CannotTell(
            "Moving works within one bucket. To another: toolcrib docs cp, then toolcrib docs rm."
        )
    if not origin.path:
        raise CannotTell(f"{source} cannot be moved.")
    goal = _into(store, goal, origin.name)
    is_file = not origin.is_folder and store.live_file(origin) is not None
    body: Row = {**origin.fields, "target_path": goal.path}
    with store.about(origin):
        answer = store.post("/move" if is_file else "/folders/move", body)
    shown = {"place": store.show(goal), "from": store.show(origin), **answer}
    context.show(shown, f"Moved {store.show(origin)} to {store.show(goal)}")


def _into(store: Store, goal: Place, name: str) -> Place:
    """The goal itself, or the name in it where it is a folder."""
    return goal.child(name) if goal.is_folder or store.is_folder(goal) else goal


@command(app, "cp")
def cp(
    context: Context,
    source: Source,
    target: Target,
    all_versions: Annotated[
        bool, typer.Option("--all-versions", help="With its history, not only the current version.")
    ] = False,
) -> None:
    """Copy a file on the server. Out of a project into your own bucket it is a work copy.

    A work copy locks the project's file for you; `docs commit` submits what you made of it.
    """
    store = Store(context)
    origin = store.places.read_file(source)
    goal = _into(store, store.places.read(target), origin.name)
    body: Row = {"copy_versions": all_versions}
    for side, at in (("source", origin), ("target", goal)):
        body |= {f"{side}_bucket": at.bucket, f"{side}_id": at.id, f"{side}_path": at.path}
    with store.about(origin):
        answer = store.post("/copy", body)
    locked = f" {store.show(origin)} is locked for you." if answer.get("lock_id") else ""
    shown = {"place": store.show(goal), "from": store.show(origin), **answer}
    is_work = goal.bucket == USERS and bool(answer.get("lock_id"))
    context.show(
        shown,
        f"Copied {store.show(origin)} to {store.show(goal)}{' to work on' if is_work else ''}.{locked}",
    )
