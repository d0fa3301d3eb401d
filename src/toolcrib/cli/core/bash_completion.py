"""Completion in bash, which splits words at colons.

Bash passes `me:notes/a` as three words. This module joins them before the command line completes the word, and
removes from each proposal the part that bash keeps.
"""

import io
import os
import re
import sys
from collections.abc import Callable
from contextlib import redirect_stdout, suppress

# Characters that bash would not take literally.
_SPECIAL = re.compile(r"[^\w./:@%+=,~-]")


def is_asked() -> bool:
    """Whether bash asks, which takes a `:` for the end of a word."""
    return os.environ.get("_TOOLCRIB_COMPLETE") == "complete_bash"


def answer(program: Callable[[], object]) -> None:
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
