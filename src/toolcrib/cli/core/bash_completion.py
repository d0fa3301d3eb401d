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
    """Return whether bash asks for completion. It treats a `:` as the end of a word."""
    return os.environ.get("_TOOLCRIB_COMPLETE") == "complete_bash"


def answer(program: Callable[[], object]) -> None:
    """Run `program`, which completes words, on whole words, and print what bash can insert."""
    cut = _join_colons()
    said = io.StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        program()
    for line in said.getvalue().splitlines():
        # Bash replaces only what comes after the colon.
        left = line[cut:] if cut else line
        sys.stdout.write(_SPECIAL.sub(r"\\\g<0>", left) + "\n")


def _join_colons() -> int:
    """Join the words that bash split at colons: it passes `me:notes/a` as three words.

    Returns how many characters of the last word bash treats as earlier words.
    """
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
