"""`toolcrib git setup`: what the stock git-lfs client needs to lock on a server.

git-lfs 3.3 reads only a short list of "safe" keys from a committed `.lfsconfig`. `lfs.url` and `lfs.locksverify`
are on it; `lfs.<url>.locksverify` and keys of our own are not (they are ignored with a warning). So those two keys
are committed, and what belongs to one person goes to the clone's own configuration.
"""

import shlex

from toolcrib.cli.assets.git_hooks.install import install_flags_hook
from toolcrib.cli.core import output
from toolcrib.cli.core.accounts import lfs_url
from toolcrib.cli.core.context import Context
from toolcrib.cli.core.credential_helper import can_help, host_of, use_helper
from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.core.repository import GitFailed, Repository, git


def set_up(context: Context, patterns: list[str], *, replace: bool, credentials: bool) -> None:
    """Write `.lfsconfig`, git-lfs's hooks and filters, attributes and the sign-in of one clone.

    Raises:
        Failure: the checkout is not finished, or `.lfsconfig` names another LFS server, whose objects would then be
            missing.
    """
    repository, account = context.clone, context.account
    if repository.bare:
        raise CannotTell("This is a bare repository; run this in a clone.")
    need_git_lfs()
    if (advice := unfinished_checkout(repository)) is not None:
        if credentials and can_help(account):
            use_helper(repository, account)
        raise Failure(f"{advice} and then: toolcrib git setup", code="checkout_unfinished")
    url = lfs_url(account.url, context.project)
    existing = repository.lfsconfig.get("lfs.url", [None])[-1]
    if existing and existing != url and not replace:
        raise Failure(
            f".lfsconfig names {existing}. With --replace it will be {url}: LFS files already stored there "
            "must then be copied (git lfs fetch --all before, git lfs push --all after).",
            code="other_lfs_server",
        )
    stored_elsewhere = existing != url and bool(repository.git("lfs", "ls-files", "--name-only").strip())
    write_lfsconfig(repository, url)
    install_lfs(repository)
    try:
        install_flags_hook(repository)
    except Failure as conflict:
        output.warn(f"{conflict}")
    set_local(repository, "toolcrib.url", account.url)
    set_local(repository, f"lfs.{url}.access", "basic")
    helped = credentials and can_help(account)
    if helped:
        use_helper(repository, account)
    elif account.username:
        set_local(repository, f"credential.{host_of(account.url)}.username", account.username)
    for pattern in patterns:
        repository.git("lfs", "track", "--lockable", pattern)
    name = account.username or "your Toolcrib login name"
    lines = [
        f"git lfs in {repository.root} now locks on {url} and checks locks on every push.",
        f"Login name for git: {name}"
        + (
            "; git has its own API key and will not ask for a password."
            if helped
            else ", with your Toolcrib password or an API key."
        ),
    ]
    if changed := changed_files(repository):
        lines.append(f"Commit {' and '.join(changed)}: every clone then does the same.")
    if stored_elsewhere:
        lines.append(
            "LFS files pushed before are not on this server yet: git lfs push --all " + remote(repository)
        )
    result = {"lfs_url": url, "username": account.username, "lockable": patterns, "credential_helper": helped}
    context.show(result, "\n".join(lines))


def need_git_lfs() -> None:
    try:
        git("lfs", "version")
    except GitFailed as missing:
        raise CannotTell("git-lfs is not installed (https://git-lfs.com).") from missing


def write_lfsconfig(repository: Repository, url: str) -> None:
    repository.git("config", "--file", ".lfsconfig", "lfs.url", url)
    repository.git("config", "--file", ".lfsconfig", "lfs.locksverify", "true")
    repository.__dict__.pop("lfsconfig", None)


def install_lfs(repository: Repository) -> None:
    """Install git-lfs's filters (in this clone, if the person has none) and its hooks.

    A hook of the same name that somebody else wrote stays; `toolcrib git doctor` explains.
    """
    if not repository.setting("filter.lfs.process"):
        repository.git("lfs", "install", "--local", "--skip-repo")
        repository.forget_configuration()
    try:
        repository.git("lfs", "update")
    except GitFailed as conflict:
        output.warn(f"{conflict}")


def set_local(repository: Repository, key: str, value: str) -> None:
    git("config", "--file", str(repository.common_dir / "config"), "--replace-all", key, value)
    repository.forget_configuration()


def unset_local(repository: Repository, key: str) -> None:
    git("config", "--file", str(repository.common_dir / "config"), "--unset-all", key)
    repository.forget_configuration()


def changed_files(repository: Repository) -> list[str]:
    """Return which of the two committed files differ from what is committed."""
    status = repository.git(
        "status", "--porcelain", "--no-renames", "-z", "--", ".lfsconfig", ".gitattributes"
    )
    return sorted({entry[3:] for entry in status.decode(errors="replace").split("\0") if entry})


def unfinished_checkout(repository: Repository) -> str | None:
    """Return what is to be done first if the files of the last commit were not checked out, as after a clone whose
    download failed. A commit would delete them."""
    if not repository.has_files_at_head() or not repository.nothing_is_checked_out():
        return None
    return (
        f"The files of the last commit are not checked out in {repository.root}, so a commit now would delete them. "
        f"Finish the checkout first: git -C {shlex.quote(str(repository.root))} reset --hard"
    )


def remote(repository: Repository) -> str:
    names = repository.git("remote").decode().split()
    return "origin" if "origin" in names or not names else names[0]
