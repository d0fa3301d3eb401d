"""`docs ls`, `find`, `versions` and `waiting`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from toolcrib.cli.core import output
from toolcrib.cli.core.context import Context, command
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.sizes import human_size
from toolcrib.cli.documents.documents_api import PENDING, DocumentsApi, Row
from toolcrib.cli.documents.options import MaybePlace, OnePlace, file_state, held, state, when
from toolcrib.cli.documents.remote_path import COMPANY, ME, PROJECTS, RemotePath

app = typer.Typer()

FOUND = 50  # the most that a search gives
# Each answer is about 2,000 files, or up to FOUND matches among them.
ANSWERS = 10


@command(app, "ls")
def ls(
    context: Context,
    *,
    place: MaybePlace = None,
    long: Annotated[bool, typer.Option("-l", help="Also version, size, who holds it.")] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-R", help="Also what is in folders below it.")
    ] = False,
    archived: Annotated[
        bool, typer.Option("--archived", help="What was removed here or below, and can be restored.")
    ] = False,
) -> None:
    """List a folder; without PLACE, where there are documents for you."""
    docs = DocumentsApi(context)
    if place is None:
        if recursive or archived:
            raise CannotTell("Which place? For example: toolcrib docs ls -R me:")
        _list_places(context, docs)
        return
    at = docs.paths.read(place)
    folders: list[Row] = []
    files: list[Row] = []
    if archived:
        files = list(docs.files_below(at, "archived"))
    elif recursive:
        files = list(docs.files_below(at))
    if not archived and not files:
        folders, files = _browse(docs, at)
    if context.as_json:
        output.print_json({"path": at.address, "folders": folders, "files": files})
        return
    deep = recursive or archived
    if long:
        _table(docs, at, folders, files, deep=deep)
        return
    for row in folders:
        output.print_text(f"{row['name']}/")
    for row in files:
        output.print_text(_name(at, row, deep=deep))


def _browse(docs: DocumentsApi, at: RemotePath) -> tuple[list[Row], list[Row]]:
    """Return the folders and files in a folder; for a file, that file alone."""
    try:
        found = docs.folder(at)
    except Failure as refused:
        one = docs.live_file(at) if refused.code == "folder_not_found" and not at.is_folder else None
        if one is not None:
            current = one["current_version"]
            return [], [one["file"] | {"version_status": current and current["status"]}]
        if refused.code == "folder_not_found":
            what = f"There is no {'folder' if at.is_folder else 'file or folder'} {docs.show(at)}."
            raise Failure(what, code=refused.code) from refused
        raise
    return found["folders"], found["files"]


def _name(at: RemotePath, row: Row, *, deep: bool) -> str:
    path: str = row["logical_path"]
    if deep and at.path and path.startswith(f"{at.path}/"):
        return path[len(at.path) + 1 :]
    return path if deep else row["name"]


def _table(docs: DocumentsApi, at: RemotePath, folders: list[Row], files: list[Row], *, deep: bool) -> None:
    now = datetime.now(UTC)
    rows: list[tuple[Any, ...]] = [(f"{row['name']}/", "", "", "", "", "", "") for row in folders]
    rows += [
        (
            _name(at, row, deep=deep),
            row["version"] or "",
            human_size(row["size"]),
            when(row["updated_at"], now),
            row["owner_name"],
            file_state(row),
            held(row, now),
        )
        for row in files
    ]
    columns = ("Name", "Version", "Size", "Changed", "Owner", "State", "Held by")
    output.print_table(columns, rows, empty=f"{docs.show(at)} is empty.")


def _list_places(context: Context, docs: DocumentsApi) -> None:
    me = docs.paths.me
    rows = [{"place": f"{ME}:", "what": "your own files", "address": f"/users/{me['uuid']}/"}]
    if company := me.get("company_id"):
        name = me.get("company_name") or company
        rows.append({"place": f"{COMPANY}:", "what": f"files of {name}", "address": f"/companies/{company}/"})
    for name, owner in docs.paths.projects.items():
        place = docs.show(RemotePath(PROJECTS, owner, ""))
        rows.append({"place": place, "what": f"project {name}", "address": f"/projects/{owner}/"})
    if context.as_json:
        output.print_json(rows)
        return
    output.print_table(("RemotePath", "What"), [(row["place"], row["what"]) for row in rows], empty="")


@command(app, "find")
def find(
    context: Context,
    *,
    text: Annotated[str, typer.Argument(metavar="TEXT", show_default=False, help="Words of its path.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Look at every file, also where there are more than about 20,000.")
    ] = False,
) -> None:
    """Find files by their paths, everywhere you may read. Ends with 1 when there is none."""
    docs = DocumentsApi(context)
    rows: list[Row] = []
    cursor: str | None = ""
    answers = 0
    while cursor is not None and len(rows) < FOUND and (everything or answers < ANSWERS):
        answer = docs.get_list("/search", q=text, limit=FOUND, cursor=cursor or None)
        rows += answer["files"]
        cursor = answer.get("next_cursor")
        answers += 1
    rows = rows[:FOUND]
    is_cut = cursor is not None and len(rows) < FOUND
    if context.as_json:
        output.print_json(rows)
    for row in () if context.as_json else rows:
        output.print_text(docs.paths.show_row(row))
    if len(rows) == FOUND and not context.as_json:
        output.warn(f"These are the first {FOUND}; more words find fewer.")
    if not rows and is_cut:
        raise Failure(
            f"None of the first files has {text} in its path; --all looks at the others.", code="not_found"
        )
    if is_cut:
        output.warn("Not all files were looked at; --all does.")
    if not rows:
        raise Failure(f"No file's path has {text} in it.", code="not_found")


@command(app, "versions")
def versions(context: Context, place: OnePlace) -> None:
    """List a file's versions, newest first. The current one is marked with *."""
    docs = DocumentsApi(context)
    at = docs.paths.read_file(place)
    file = docs.file(at)["file"]
    rows = docs.versions(at)
    if context.as_json:
        output.print_json({"file": file, "versions": rows})
        return
    now = datetime.now(UTC)
    shown = [
        (
            f"{row['version_number']}{' *' if row['id'] == file['current_version_id'] else ''}",
            state(row["status"]),
            human_size(row["size"]),
            row["created_by_name"],
            when(row["created_at"], now),
            row["changelog"],
            _decision(row),
        )
        for row in rows
    ]
    columns = ("Version", "State", "Size", "By", "Made", "What changed", "Decision")
    output.print_table(columns, shown, empty="No versions.")


def _decision(row: Row) -> str:
    if not row["validated_by"]:
        return ""
    comment = f": {row['validation_comment']}" if row["validation_comment"] else ""
    return f"{row['validated_by_name'] or row['validated_by']}{comment}"


@command(app, "waiting")
def waiting(context: Context) -> None:
    """List versions that wait for your approval, the oldest first."""
    docs = DocumentsApi(context)
    rows = docs.get_list("/versions/waiting")["waiting"]
    if context.as_json:
        output.print_json(rows)
        return
    now = datetime.now(UTC)
    shown = [
        (
            docs.paths.show_row(row["file"]),
            row["version"]["version_number"],
            human_size(row["version"]["size"]),
            row["version"]["created_by_name"],
            when(row["version"]["created_at"], now),
            row["version"]["changelog"],
        )
        for row in rows
        if row["version"]["status"] == PENDING
    ]
    columns = ("RemotePath", "Version", "Size", "By", "Since", "What changed")
    output.print_table(columns, shown, empty="Nothing waits for you.")
