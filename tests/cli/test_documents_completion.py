"""Places complete in the shell, folder by folder, and quickly or not at all."""

from __future__ import annotations

import socket
import time
from uuid import uuid4

import pytest

from tests.cli.conftest import Person
from tests.cli.documents import new_project, put
from tests.cli.git import execute
from tests.servers import command


def zsh(person: Person, typed: str, **env: str) -> str:
    """What zsh is told for `toolcrib docs ls TYPED<TAB>`."""
    told = {"_TOOLCRIB_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": f"toolcrib docs ls {typed}"}
    return person.run(env=told | env, code=None).out


def fish(person: Person, typed: str) -> list[str]:
    told = {
        "_TOOLCRIB_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_ARGS": f"toolcrib docs ls {typed}",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    return [one for one in person.run(env=told).out.splitlines() if one]


def bash(person: Person, line: str) -> list[str]:
    """What bash itself has to offer after the last letter of `line`: it cuts words at colons."""
    script = f"""
        set -f
        source <(toolcrib --show-completion bash)
        COMP_LINE={quoted(line)}
        COMP_POINT=${{#COMP_LINE}}
        COMP_WORDS=({" ".join(quoted(word) for word in bash_words(line))})
        COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        _toolcrib_completion toolcrib
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    env = {
        **person.env,
        "PATH": f"{command.launcher(person.env).parent}:{person.env['PATH']}",
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    done = execute("bash", "--norc", "-c", script, cwd=person.cwd, env=env)
    assert done.err == ""
    return [one for one in done.out.splitlines() if one]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def bash_words(line: str) -> list[str]:
    """As readline cuts a line: at blanks, and before and after a colon."""
    words: list[str] = []
    for word in line.split(" "):
        head, *rest = word.split(":")
        words += [one for one in (head,) if one or not rest]
        for one in rest:
            words += [":", one] if one else [":"]
    return words


@pytest.fixture
def folder(ann: Person) -> str:
    """With a file and a folder in it that begin alike."""
    name = f"f{uuid4().hex[:10]}"
    put(ann, f"me:{name}/notes/todo.txt", "1")
    put(ann, f"me:{name}/notes/deep/x", "1")
    put(ann, f"me:{name}/north pole.txt", "1")
    return name


def test_owners_folders_and_files_complete(ann: Person, folder: str) -> None:
    gears = new_project(ann)
    assert gears + ":" in fish(ann, gears[:6])
    assert "me:" in fish(ann, "m")
    assert f"me:{folder}/" in fish(ann, f"me:{folder[:6]}")
    assert fish(ann, f"me:{folder}/no") == [f"me:{folder}/notes/", f"me:{folder}/north pole.txt"]
    assert fish(ann, f"me:{folder}/notes/") == [f"me:{folder}/notes/deep/", f"me:{folder}/notes/todo.txt"]
    assert fish(ann, f"me:{folder}/nosuch") == []


def test_a_single_folder_is_entered(ann: Person, folder: str) -> None:
    assert fish(ann, f"me:{folder}/not") == [
        f"me:{folder}/notes/",
        f"me:{folder}/notes/deep/",
        f"me:{folder}/notes/todo.txt",
    ]


def test_zsh_is_told_that_colons_are_no_descriptions(ann: Person, folder: str) -> None:
    assert rf'"me\\:{folder}/notes/todo.txt"' in zsh(ann, f"me:{folder}/notes/t")


def test_bash_completes_after_its_colon(ann: Person, folder: str) -> None:
    assert bash(ann, f"toolcrib docs ls me:{folder}/notes/t") == [f"{folder}/notes/todo.txt"]
    assert bash(ann, f"toolcrib docs get me:{folder}/nor") == [f"{folder}/north\\ pole.txt"]
    assert f"{folder}/" in bash(ann, "toolcrib docs ls me:")
    assert bash(ann, f"toolcrib docs mv me:{folder}/notes/todo.txt me:{folder}/notes/d") == [
        f"{folder}/notes/deep/",
        f"{folder}/notes/deep/x",
    ]
    assert "versions" in bash(ann, "toolcrib docs v")


def test_whatever_goes_wrong_is_silent_and_quick(ann: Person, folder: str) -> None:
    assert fish(ann, "nosuch:x") == []
    assert fish(ann, "me:../") == []
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = time.monotonic()
        assert "_files" in zsh(ann, "me:", TOOLCRIB_URL=url)
        assert time.monotonic() - begun < 20  # a client's usual patience is three times as long
