"""`docs rm`, `restore`, `mkdir`, `mv` and `cp`."""

import sys
from typing import Annotated

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.documents.documents_api import DocumentsApi, Row
from toolcrib.cli.documents.options import ManyPlaces, Reason, Source, Target, Version
from toolcrib.cli.documents.remote_path import USERS, RemotePath

app = typer.Typer()


@command(app, "rm")
def rm(
    context: Context,
    *,
    places: ManyPlaces,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Folders, with everything in them.")
    ] = False,
    destroy: Annotated[
        bool,
        typer.Option("--destroy", help="With all versions, permanently; without this it can be restored."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even if somebody else holds it (owners, admins); needs -m.")
    ] = False,
    message: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove files. `docs restore` brings them back, unless they were destroyed."""
    if force and not message:
        raise CannotTell("Say why: -m TEXT. The holder reads it.")
    docs = DocumentsApi(context)
    files: list[RemotePath] = []
    folders: list[RemotePath] = []
    whole: list[RemotePath] = []
    for at in map(docs.paths.read, places):
        if not _is_folder(docs, at, recursive=recursive, destroy=destroy):
            files.append(at)
        elif at.path and not destroy and not force:
            whole.append(at)
        else:
            below, above = _walk(docs, at)
            files, folders = files + below, folders + above[::-1]
    if destroy and not yes and not context.as_json and sys.stdin.isatty():
        some = ", ".join(docs.show(file) for file in files[:5]) + (" …" if len(files) > 5 else "")
        typer.confirm(f"Destroy {len(files)} file(s) with all their versions: {some}?", abort=True)
    removing = _Removal(context, docs)
    for file in files:
        body: Row = {"physical": destroy, "force": force, **({"reason": message} if message else {})}
        removing.file(file, body, "Destroyed" if destroy else "Removed")
    for folder in whole:
        removing.folder(folder, {"recursive": True})
    for folder in folders:
        removing.folder(folder, {})
    if context.as_json:
        output.print_json(removing.done)


class _Removal:
    """Removes files and folders one after the other, and prints each when it is done."""

    def __init__(self, context: Context, docs: DocumentsApi) -> None:
        self.done: list[Row] = []
        self._docs = docs
        self._silent = context.as_json

    def file(self, at: RemotePath, how: Row, word: str) -> None:
        with self._docs.errors_about(at):
            answer = self._docs.delete("/delete", {**at.fields, **how})
        self._tell({"place": self._docs.show(at), **answer}, f"{word} {self._docs.show(at)}")

    def folder(self, at: RemotePath, how: Row) -> None:
        with self._docs.errors_about(at):
            answer = self._docs.delete("/folders", {**at.fields, **how})
        count = len(answer.get("archived") or ())
        files = f" with {count} file{'s' if count != 1 else ''}" if how else ""
        self._tell({"place": f"{self._docs.show(at)}/", **answer}, f"Removed {self._docs.show(at)}/{files}")

    def _tell(self, row: Row, text: str) -> None:
        self.done.append(row)
        if not self._silent:
            output.print_text(text)


def _is_folder(docs: DocumentsApi, at: RemotePath, *, recursive: bool, destroy: bool) -> bool:
    """Return whether there is a folder at `at`; False for a file.

    Raises:
        Failure: there is nothing.
        CannotTell: it is a folder, and `-r` was not given.
    """
    if not at.is_folder and docs.live_file(at) is not None:
        return False
    if not docs.is_folder(at):
        if destroy and not at.is_folder:
            return False  # it may be an archived file
        raise Failure(f"There is no file {docs.show(at)}.", code="file_not_found")
    if not recursive:
        raise CannotTell(f"{docs.show(at)} is a folder: to remove it with everything in it, give -r.")
    return True


def _walk(docs: DocumentsApi, top: RemotePath) -> tuple[list[RemotePath], list[RemotePath]]:
    files: list[RemotePath] = []
    folders: list[RemotePath] = []
    left = [top]
    while left:
        at = left.pop()
        if at.path:
            folders.append(at)
        found = docs.folder(at)
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
        bool, typer.Option("--recursive", "-r", help="Folders: everything that was removed from them.")
    ] = False,
) -> None:
    """Bring removed files back (`docs ls --archived` lists them); with --version, an earlier content.

    That content becomes the newest version.
    """
    docs = DocumentsApi(context)
    if version is not None and (len(places) > 1 or recursive):
        raise CannotTell("--version works for one file at a time.")
    if recursive:
        files = [file for one in places for file in _removed_files(docs, docs.paths.read(one))]
    else:
        files = [docs.paths.read_file(one) for one in places]
    done: list[Row] = []
    failed: list[Failure] = []
    for at in files:
        try:
            answer = _restore(docs, at) if version is None else _restore_version(docs, at, version)
        except Failure as refused:
            if len(files) == 1 or isinstance(refused, CannotTell):
                raise
            failed.append(refused)
            output.warn(f"toolcrib: {refused}")
            continue
        done.append({"place": docs.show(at), **answer})
        if not context.as_json:
            as_new = f" version {version} as version {answer['version_number']}" if version else ""
            if version is None and answer.get("logical_path", at.path) != at.path:
                as_new = f" as {docs.show(RemotePath(at.bucket, at.id, answer['logical_path']))}"
            output.print_text(f"Restored {docs.show(at)}{as_new}")
    if context.as_json:
        output.print_json(done)
    if failed:
        raise typer.Exit(max(one.exit_code for one in failed))


def _removed_files(docs: DocumentsApi, at: RemotePath) -> list[RemotePath]:
    """Return the removed files in a folder and below, or the one file that `at` names.

    Raises:
        Failure: there is none.
    """
    rows = list(docs.files_below(at, "archived"))
    if rows:
        return [RemotePath(at.bucket, at.id, row["logical_path"]) for row in rows]
    if at.is_folder:
        raise Failure(f"There is nothing to restore in {docs.show(at)}.", code="file_not_found")
    return [at]


def _restore(docs: DocumentsApi, at: RemotePath) -> Row:
    try:
        with docs.errors_about(at):
            answer: Row = docs.post("/restore", at.fields)
    except Failure as refused:
        if refused.code != "file_not_found":
            raise
        what = f"There is nothing to restore at {docs.show(at)}."
        if _has_removed(docs, at):
            what = f"{docs.show(at)} was a folder: to restore everything that was removed from it, give -r."
        raise Failure(what, code=refused.code) from refused
    return answer


def _has_removed(docs: DocumentsApi, at: RemotePath) -> bool:
    return next(docs.files_below(at, "archived"), None) is not None


def _restore_version(docs: DocumentsApi, at: RemotePath, number: int) -> Row:
    row = docs.version(at, number)
    with docs.errors_about(at):
        answer: Row = docs.post(f"/versions/{row['id']}/restore", {})
    return answer


@command(app, "mkdir")
def mkdir(context: Context, places: ManyPlaces) -> None:
    """Make folders, with those above them."""
    docs = DocumentsApi(context)
    done: list[Row] = []
    for at in map(docs.paths.read, places):
        with docs.errors_about(at):
            done.append({"place": docs.show(at), **docs.post("/folders", at.fields)})
        if not context.as_json:
            output.print_text(f"Made {docs.show(at)}/")
    if context.as_json:
        output.print_json(done)


@command(app, "mv")
def mv(
    context: Context,
    source: Source,
    target: Target,
) -> None:
    """Move or rename a file or a folder, within its bucket. Its versions and its lock go with it."""
    docs = DocumentsApi(context)
    origin, goal = docs.paths.read(source), docs.paths.read(target)
    if not origin.same_bucket(goal):
        raise CannotTell(
            "Moving works within one bucket. To another: toolcrib docs cp, then toolcrib docs rm."
        )
    if not origin.path:
        raise CannotTell(f"{source} cannot be moved.")
    goal = _in_folder(docs, goal, origin.name)
    is_file = not origin.is_folder and docs.live_file(origin) is not None
    body: Row = {**origin.fields, "target_path": goal.path}
    with docs.errors_about(origin):
        answer = docs.post("/move" if is_file else "/folders/move", body)
    shown = {"place": docs.show(goal), "from": docs.show(origin), **answer}
    context.show(shown, f"Moved {docs.show(origin)} to {docs.show(goal)}")


def _in_folder(docs: DocumentsApi, goal: RemotePath, name: str) -> RemotePath:
    """Return the target itself or, if it is a folder, the name in it."""
    return goal.child(name) if goal.is_folder or docs.is_folder(goal) else goal


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
    docs = DocumentsApi(context)
    origin = docs.paths.read_file(source)
    goal = _in_folder(docs, docs.paths.read(target), origin.name)
    body: Row = {"copy_versions": all_versions}
    for side, at in (("source", origin), ("target", goal)):
        body |= {f"{side}_bucket": at.bucket, f"{side}_id": at.id, f"{side}_path": at.path}
    with docs.errors_about(origin):
        answer = docs.post("/copy", body)
    locked = f" {docs.show(origin)} is locked for you." if answer.get("lock_id") else ""
    shown = {"place": docs.show(goal), "from": docs.show(origin), **answer}
    is_work = goal.bucket == USERS and bool(answer.get("lock_id"))
    context.show(
        shown,
        f"Copied {docs.show(origin)} to {docs.show(goal)}{' to work on' if is_work else ''}.{locked}",
    )
