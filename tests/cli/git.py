"""Real git in scratch directories, with nothing of the developer's own configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.command import Done, execute

__all__ = ["Clone", "Done", "execute", "git_environment", "new_bare", "new_clone"]

KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")


def git_environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Tester",
        "GIT_AUTHOR_EMAIL": "tester@example.com",
        "GIT_COMMITTER_NAME": "Tester",
        "GIT_COMMITTER_EMAIL": "tester@example.com",
        **more,
    }


@dataclass
class Clone:
    """A working tree."""

    root: Path
    env: dict[str, str] = field(default_factory=dict)

    def git(
        self, *arguments: str, code: int | None = 0, stdin: bytes = b"", env: Mapping[str, str] | None = None
    ) -> Done:
        """Run git; `code` is the exit status it must end with, None for any."""
        done = execute("git", *arguments, cwd=self.root, env={**self.env, **(env or {})}, stdin=stdin)
        assert code is None or done.code == code, f"git {' '.join(arguments)}: {done.text}"
        return done

    def write(self, path: str, content: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)

    def commit(self, files: Mapping[str, str | None]) -> str:
        """Commit these contents (None deletes a file) and return the commit."""
        for path, content in files.items():
            if content is None:
                self.git("rm", "-q", "--", path)
            else:
                self.write(path, content)
        self.git("add", "-A")
        self.git("commit", "-q", "--no-verify", "-m", ", ".join(files)[:60] or "nothing")
        return self.head

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").out.strip()


def new_clone(root: Path, env: Mapping[str, str]) -> Clone:
    root.mkdir(parents=True)
    clone = Clone(root, dict(env))
    clone.git("init", "-q", "-b", "main")
    return clone


def new_bare(root: Path, env: Mapping[str, str]) -> Clone:
    root.mkdir(parents=True)
    bare = Clone(root, dict(env))
    bare.git("init", "-q", "--bare", "-b", "main")
    return bare
