"""Completing places in the shell: what is on the server, asked for in little time and without a word on failure.

Completion knows nothing of `--url` before the word; it asks the server that a command would use without it.
"""

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from typing import Any

from toolcrib.cli.documents.places import COMPANY, ME, Place, Places

SECONDS = 1.5  # for each of three questions at most
# What bash would read as more than a letter: it takes the words as they are.
_SPECIAL = re.compile(r"[^\w./:@%+=,~-]")


def places(incomplete: str) -> list[str]:
    """What the word may become. A folder that is the only one is entered, so that typing goes on below it."""
    try:
        return _find(incomplete)
    except Exception:  # noqa: BLE001 - a prompt is no place for errors
        return []


def places_only(incomplete: str) -> list[str]:
    """As `places`, where files of this side may come too: for those the shell itself is good."""
    return places(incomplete) if ":" in incomplete else []


def _find(incomplete: str) -> list[str]:
    from toolcrib.cli.api import Api
    from toolcrib.cli.context import Context, Shared

    context = Context(Shared())
    api = Api(context.account, timeout_seconds=SECONDS)
    known = Places(api, context.project)
    if ":" not in incomplete and not incomplete.startswith("/"):
        names = [ME, *([COMPANY] if known.me.get("company_id") else []), *known.projects]
        owners = [f"{name}:" for name in names if name.startswith(incomplete)]
        if len(owners) != 1:
            return owners
        return [owners[0], *_below(api, known, owners[0])]
    return _below(api, known, incomplete)


def _below(api: Any, known: Places, typed: str) -> list[str]:
    cut = max(typed.rfind("/"), typed.rfind(":")) + 1
    head, begun = typed[:cut], typed[cut:]
    place = known.read(head)
    found = _children(api, head, place, begun)
    if len(found) == 1 and found[0].endswith("/"):
        deeper = found[0]
        found += _children(api, deeper, place.child(deeper[cut:].rstrip("/")), "")
    return found


def _children(api: Any, head: str, place: Place, begun: str) -> list[str]:
    listed = api.get("/storage/folders", **place.fields)
    folders = [f"{row['name']}/" for row in listed["folders"]]
    names = [*folders, *(row["name"] for row in listed["files"])]
    return [head + name for name in names if name.startswith(begun) and name.isprintable()]


# -- bash -----------------------------------------------------------------------------------------


def for_bash() -> bool:
    """Whether bash asks, which takes a `:` for the end of a word."""
    return os.environ.get("_TOOLCRIB_COMPLETE") == "complete_bash"


def answer_bash(program: Callable[[], object]) -> None:
    """Run the program that completes words, on whole words, and give bash what it can put in."""
    cut = _join_colons()
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        program()
    for line in said.getvalue().splitlines():
        # Only what comes after the colon is replaced.
        left = line[cut:] if cut else line
        sys.stdout.write(_SPECIAL.sub(r"\\\g<0>", left) + "\n")


def _join_colons() -> int:
    """Undo what bash did to the words it asks about: `me:notes/a` comes as three of them. Returns how many
    characters of the last one bash takes for earlier words."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    told = os.environ.get("COMP_CWORD", "")
    at = int(told) if told.isdecimal() else len(words) - 1
    words = [*words[: at + 1], *[""] * (at + 1 - len(words))]
    joined: list[str] = []
    glued = False
    for word in words:
        if joined and (word == ":" or glued):
            joined[-1] += word
        else:
            joined.append(word)
        glued = word == ":"
    os.environ["COMP_WORDS"] = "\n".join(joined)
    os.environ["COMP_CWORD"] = str(len(joined) - 1)
    last = "" if words[-1] == ":" else words[-1]
    return len(joined[-1]) - len(last)
