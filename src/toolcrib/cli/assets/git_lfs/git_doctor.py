"""`toolcrib git doctor`: is lock checking on in this clone, and will it stay on?

git-lfs switches lock checking off permanently and silently when a server once answered that it has no locking
(`lfs.<url>.locksverify=false` in the clone's configuration). People also switch it off by accident. Each check
below finds one cause. It repairs what belongs to this clone alone; a committed file is repaired in the working
tree, and the person commits it.
"""

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from toolcrib.cli.assets.git_hooks.install import has_flags_hook, install_flags_hook
from toolcrib.cli.assets.git_lfs.git_setup import (
    install_lfs,
    need_git_lfs,
    set_local,
    unfinished_checkout,
    unset_local,
    write_lfsconfig,
)
from toolcrib.cli.assets.git_lfs.gitattributes import lfs_lines, make_lockable
from toolcrib.cli.assets.lockable import is_on
from toolcrib.cli.core import output
from toolcrib.cli.core.accounts import Account, from_lfs_url, lfs_host
from toolcrib.cli.core.context import Context, SharedOptions
from toolcrib.cli.core.credential_helper import can_help, host_of, use_helper, uses_helper
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.repository import GitFailed, Repository

OK, FIXED, REMARK, PROBLEM = "ok", "fixed", "note", "problem"
HOOKS = ("pre-push", "post-checkout", "post-commit", "post-merge")
QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": "", "GCM_INTERACTIVE": "never"}

_LOCKSVERIFY = re.compile(r"^lfs\.(?:(?P<url>.*)\.)?locksverify$", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    """What one check found: `ok`, `fixed`, a `note` for the person, or a `problem` that remains."""

    check: str
    state: str
    text: str


@dataclass
class ExaminedClone:
    """The clone that is being checked."""

    context: Context
    repository: Repository
    account: Account | None
    repair: bool
    url: str = ""  # the LFS address in force

    def finding(self, check: str, text: str, fix: Callable[[], None] | None, done: str = "") -> Finding:
        """Report a problem. It is repaired first if there is a `fix` and repairs are wanted."""
        if fix is None or not self.repair:
            return Finding(check, PROBLEM, text)
        fix()
        return Finding(check, FIXED, f"{text} {done}".strip())


def checkout(clone: ExaminedClone) -> Iterator[Finding]:
    """Check that the files of the last commit are there: a clone whose download failed is left without them."""
    advice = unfinished_checkout(clone.repository)
    if advice is not None:
        yield Finding("checkout", PROBLEM, advice)


def endpoint(clone: ExaminedClone) -> Iterator[Finding]:
    """Check that the committed address is used, and that nothing in the clone's configuration overrides it."""
    repository, account = clone.repository, clone.account
    committed = repository.lfsconfig.get("lfs.url", [""])[-1]
    in_force = repository.setting("lfs.url") or committed
    clone.url = in_force
    if not in_force:
        text = "This clone names no lock server (.lfsconfig has no lfs.url). Run: toolcrib git setup"
        yield Finding("endpoint", PROBLEM, text)
        return
    if committed and in_force != committed:
        text = f"lfs.url in git's own configuration ({in_force}) overrides .lfsconfig ({committed})."
        local = in_force in repository.local_configuration().get("lfs.url", [])
        fix = partial(unset_local, repository, "lfs.url") if local else None
        yield clone.finding("endpoint", text, fix, "It was removed.")
        clone.url = repository.setting("lfs.url") or committed
    for key in (
        "lfs.pushurl",
        *(f"remote.{name}.{kind}" for name in remotes(repository) for kind in ("lfsurl", "lfspushurl")),
    ):
        other = repository.setting(key.lower()) or repository.setting(key)
        if other and other != clone.url:
            yield Finding(
                "endpoint", PROBLEM, f"git config {key} sends pushes to {other}, past the lock server."
            )
    if account and from_lfs_url(clone.url, [account.url]) is None and lfs_host(clone.url) is not None:
        text = f"LFS talks to {clone.url}, but Toolcrib to {account.url} ({account.source or 'given'})."
        yield Finding("endpoint", REMARK, text)


def lock_checking(clone: ExaminedClone) -> Iterator[Finding]:
    """Check that `.lfsconfig` switches `locksverify` on, and that nothing in this clone switches it off."""
    repository = clone.repository
    if not clone.url:
        return
    if not is_on(repository.lfsconfig.get("lfs.locksverify", ["no"])[-1]):
        text = ".lfsconfig does not switch lock checking on (lfs.locksverify=true)."
        fix = partial(write_lfsconfig, repository, repository.lfsconfig.get("lfs.url", [clone.url])[-1])
        yield clone.finding("locksverify", text, fix, "It does now: commit it.")
    if is_on(repository.setting(f"lfs.{clone.url}.locksverify") or "no"):
        return  # git-lfs obeys the most specific key
    for key, values in sorted(repository.configuration.items()):
        match = _LOCKSVERIFY.match(key)
        if not match or is_on(values[-1]):
            continue
        place = match["url"]
        if place and not clone.url.startswith(place) and lfs_host(place) != lfs_host(clone.url):
            continue  # of another server
        yield clone.finding(
            "locksverify",
            f"Lock checking was switched off: {key}={values[-1]}.",
            switch_on(repository, key, clone.url),
            "It is on again.",
        )


def switch_on(repository: Repository, key: str, url: str) -> Callable[[], None]:
    """Return a repair that removes the setting from the clone; a setting for the account or machine is overridden."""

    def fix() -> None:
        if key in repository.local_configuration():
            unset_local(repository, key)
        if not is_on(repository.setting(key) or "true"):
            set_local(repository, f"lfs.{url}.locksverify", "true")

    return fix


def remotes(repository: Repository) -> list[str]:
    return repository.git("remote").decode(errors="replace").split()


def hooks(clone: ExaminedClone) -> Iterator[Finding]:
    """Check git-lfs's own hooks: pre-push checks the locks, the others keep lockable files read-only."""
    repository = clone.repository
    directory = repository.hooks_directory
    missing, foreign, asleep = [], [], []
    for name in HOOKS:
        hook = directory / name
        if not hook.is_file():
            missing.append(name)
        elif not calls_lfs(directory, name):
            foreign.append(name)
        elif os.name == "posix" and not os.access(hook, os.X_OK):
            asleep.append(hook)
    for hook in asleep:
        text = f"The hook {hook.name} is not executable, so git skips it."
        yield clone.finding("hooks", text, partial(hook.chmod, 0o755), "It is now.")
    if missing:
        text = f"git-lfs's hooks are missing: {', '.join(missing)}."
        yield clone.finding("hooks", text, partial(install_hooks, repository), "They were installed.")
    if not has_flags_hook(repository):
        text = "The hook that makes files read-only again after a lock has ended by itself is missing."
        yield clone.finding("hooks", text, partial(install_flags_hook, repository), "It was installed.")
    for name in foreign:
        text = f'The hook {directory / name} does not call git-lfs. Add the line `git lfs {name} "$@"` to it.'
        yield Finding("hooks", PROBLEM, text)


def install_hooks(repository: Repository) -> None:
    """Install the missing hooks only: `git lfs update` stops at the first hook that somebody else wrote."""
    directory = repository.hooks_directory
    directory.mkdir(parents=True, exist_ok=True)
    for name in HOOKS:
        hook = directory / name
        if not hook.exists():
            said = f"This repository needs git-lfs, but 'git-lfs' was not found. (Hook {name}.)"
            lines = ["#!/bin/sh", f'command -v git-lfs >/dev/null 2>&1 || {{ echo >&2 "{said}"; exit 2; }}']
            hook.write_text("\n".join([*lines, f'git lfs {name} "$@"', ""]), encoding="utf-8", newline="\n")
            hook.chmod(0o755)


def calls_lfs(directory: Path, name: str) -> bool:
    """Return whether a hook, or a script that it runs, calls git-lfs."""
    files = [
        directory / name,
        *sorted(directory.glob(f"{name}.*")),
        *sorted((directory / f"{name}.d").glob("*")),
    ]
    wanted = re.compile(r"\bgit[ -]lfs\b")
    return any(
        wanted.search(file.read_text(encoding="utf-8", errors="replace")) for file in files if file.is_file()
    )


def filters(clone: ExaminedClone) -> Iterator[Finding]:
    """Check the filters that replace pointers by files."""
    if not clone.repository.setting("filter.lfs.process"):
        text = "git-lfs is not switched on for this account or clone (filter.lfs)."
        yield clone.finding("filters", text, partial(install_lfs, clone.repository), "It is now.")


def attributes(clone: ExaminedClone) -> Iterator[Finding]:
    """Check `lockable`: files that cannot be merged stay read-only until they are locked."""
    lines = lfs_lines(clone.repository)
    if not lines:
        yield Finding(
            "lockable",
            REMARK,
            "No files are tracked with git-lfs. To lock some: toolcrib git setup --lockable '*.psd'",
        )
        return
    none = not any(line.lockable for line in lines)
    wrong = [line for line in lines if not line.lockable and (none or line.must_lock)]
    if wrong:
        text = f"Tracked, but not lockable: {', '.join(sorted({line.pattern for line in wrong}))}."
        yield clone.finding(
            "lockable", text, partial(make_lockable, wrong), "They are now: commit .gitattributes."
        )
    if others := sorted(
        {line.pattern for line in lines if not line.lockable} - {line.pattern for line in wrong}
    ):
        yield Finding("lockable", REMARK, f"Tracked, and not lockable by choice: {', '.join(others)}.")
    for key in ("lfs.setlockablereadonly",):
        value = clone.repository.setting(key)
        if value is not None and not is_on(value):
            fix = partial(set_local, clone.repository, "lfs.setlockablereadonly", "true")
            text = "Lockable files are not kept read-only: lfs.setlockablereadonly is off."
            yield clone.finding("lockable", text, fix, "They are again.")
    if os.environ.get("GIT_LFS_SET_LOCKABLE_READONLY", "1").lower() in ("0", "false", "off", "no"):
        yield Finding(
            "lockable", PROBLEM, "The environment has GIT_LFS_SET_LOCKABLE_READONLY=0: files stay writable."
        )


def sign_in(clone: ExaminedClone) -> Iterator[Finding]:
    """Check that git signs in as the same person as Toolcrib, without asking anybody."""
    repository, account = clone.repository, clone.account
    if not clone.url or lfs_host(clone.url) is None:
        return
    server = host_of(clone.url)
    if account is None or account.token is None:
        yield Finding("sign-in", REMARK, f"You are not signed in. Run: toolcrib login --url {server}")
        return
    if host_of(account.url) != server:
        return
    if can_help(account) and not uses_helper(repository, account):
        text = f"git does not use your Toolcrib sign-in for {server}."
        yield clone.finding("sign-in", text, partial(use_helper, repository, account), "It does now.")
    found = git_login_name(repository, clone.url)
    if found and account.username and found != account.username:
        yield Finding(
            "sign-in", PROBLEM, f"git signs in to {server} as {found}, Toolcrib as {account.username}."
        )


def git_login_name(repository: Repository, url: str) -> str | None:
    """Return the login name git would use if it does not have to ask for one."""
    question = f"url={url}\n\n".encode()
    done = subprocess.run(
        ["git", "credential", "fill"],
        cwd=repository.root,
        input=question,
        capture_output=True,
        check=False,
        env={**os.environ, **QUIET},
    )
    answer = dict(line.partition("=")[::2] for line in done.stdout.decode(errors="replace").splitlines())
    return answer.get("username") if done.returncode == 0 and answer.get("password") else None


def conversation(clone: ExaminedClone) -> Iterator[Finding]:
    """Ask the server for locks with git-lfs itself."""
    if not clone.url:
        return
    done = subprocess.run(
        ["git", "lfs", "locks", "--limit", "1"],
        cwd=clone.repository.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env={**os.environ, **QUIET},
    )
    if done.returncode:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        yield Finding("server", PROBLEM, f"git lfs cannot read the locks: {reason}")
    # After some answers git-lfs switches lock checking off in the configuration: read it again.
    clone.repository.forget_configuration()


CHECKS = (endpoint, filters, hooks, attributes, sign_in, conversation, lock_checking)


def examine(repository: Repository, context: Context, *, repair: bool) -> list[Finding]:
    """Run all checks on one clone."""
    try:
        account: Account | None = context.account
    except CannotTell:
        account = None
    clone = ExaminedClone(context, repository, account, repair)
    findings: list[Finding] = list(checkout(clone))
    for check in () if findings else CHECKS:
        try:
            findings += check(clone)
        except (GitFailed, OSError) as broken:
            findings.append(Finding(check.__name__.replace("_", "-"), PROBLEM, str(broken)))
    return findings


def clones_below(directory: Path) -> Iterator[Path]:
    """Yield the clone that contains a directory, or else every clone below it."""
    if not directory.is_dir():
        raise CannotTell(f"{directory} is not a directory.")
    found = Repository.at(directory)
    if found and not found.bare:
        yield found.root
        return
    for place, folders, files in os.walk(directory):
        if ".git" in folders or ".git" in files:
            yield Path(place)
            folders.clear()
        folders[:] = sorted(one for one in folders if one not in (".git", "node_modules"))


def examine_all(context: Context, directories: list[Path], *, repair: bool) -> int:
    """Check clones. Return 0 when all is well afterwards, 1 when a problem remains."""
    need_git_lfs()
    places = list(dict.fromkeys(one for each in directories for one in clones_below(each)))
    if not directories:
        places = [context.clone.root]
    if not places:
        raise Failure("There is no clone there.", code="no_clone")
    report, sick = [], False
    for place in places:
        given = context.given
        here = Context(SharedOptions(given.url, given.project, place, given.as_json))
        findings = examine(here.clone, here, repair=repair)
        sick = sick or any(one.state == PROBLEM for one in findings)
        report.append({"clone": str(place), "findings": [asdict(one) for one in findings]})
        if not context.as_json:
            show(place, findings)
    if context.as_json:
        output.print_json(report)
    return 1 if sick else 0


def show(place: Path, findings: list[Finding]) -> None:
    output.print_text(str(place))
    for one in findings:
        output.print_text(f"  {one.state:<8} {one.text}")
    if not any(one.state in (FIXED, PROBLEM) for one in findings):
        output.print_text(f"  {OK:<8} Locks are checked on every push.")
