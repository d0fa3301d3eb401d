"""Which server to use, and as whom: the credentials file, and what earlier clients left in a clone.

A token belongs to the address it was given for and is never sent to another one. The one exception is
`TOOLCRIB_TOKEN`, which the caller sets beside the address.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from toolcrib.cli.core.failures import CannotTell
from toolcrib.cli.core.repository import Repository

OLD_CONFIG = "asset_lock_config.json"
OLD_TOKEN = "asset_lock_token.json"
LFS_SUFFIX = "/info/lfs"
LAST_SIGN_IN = "the last sign-in"

_USERINFO = re.compile(r"(?<=://)[^/@]*@")


@dataclass(frozen=True)
class Account:
    """A server, and the credentials for it."""

    url: str
    token: str | None = None
    username: str | None = None
    source: str = ""  # which setting named the address, for people
    # The API key git presents (git takes a name and a password, and no token), and its number.
    git_key: str | None = None
    git_key_id: int | None = None


def server_url(text: str) -> str:
    """Reduce an address as people type it to the server's base: no trailing `/`, no `/api`, no password.

    Raises:
        CannotTell: not an http(s) address.
    """
    candidate = text.strip()
    if "://" not in candidate:
        candidate = f"http://{candidate}"
    try:
        parts = urlsplit(candidate)
        host, port = parts.hostname, parts.port
    except ValueError as bad:
        raise CannotTell(f"{text!r} is not an address such as http://locks.example.com:5000.") from bad
    if parts.scheme not in ("http", "https") or not host:
        raise CannotTell(f"{text!r} is not an address such as http://locks.example.com:5000.")
    where = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme]:
        where += f":{port}"
    path = parts.path.rstrip("/").removesuffix("/api").rstrip("/")
    return urlunsplit((parts.scheme, where, path, "", ""))


def from_lfs_url(url: str, servers: Iterable[str]) -> tuple[str, str | None] | None:
    """Return which of `servers` an `lfs.url` is on, and the project it names (`…/game.git/info/lfs`)."""
    address = _USERINFO.sub("", url.strip().rstrip("/"))
    for server in sorted(servers, key=len, reverse=True):
        if address.startswith(f"{server}/") and address.endswith(LFS_SUFFIX):
            project = address[len(server) : -len(LFS_SUFFIX)].strip("/")
            return server, project.removesuffix(".git") or None
    return None


def lfs_url(server: str, project: str | None) -> str:
    """Return the address `git lfs` uses for a project; None is the server's default project."""
    return f"{server}/{project}.git{LFS_SUFFIX}" if project else f"{server}{LFS_SUFFIX}"


def lfs_host(url: str) -> str | None:
    """Return the server of an LFS address, assuming that the server is at the top of its host."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.path.rstrip("/").endswith(LFS_SUFFIX):
        return None
    return server_url(urlunsplit((parts.scheme, parts.netloc, "", "", "")))


def lfs_urls(repository: Repository) -> list[str]:
    """Return the LFS addresses a clone names, the one in force first."""
    own = repository.setting("lfs.url")
    return [*([own] if own else []), *repository.lfsconfig.get("lfs.url", [])]


# -- the credentials file -------------------------------------------------------------------------


def credentials_file(environment: Mapping[str, str] | None = None) -> Path:
    env = os.environ if environment is None else environment
    base = env.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "toolcrib" / "credentials.json"


def write_private(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file in one step. Only its owner may read it, from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with NamedTemporaryFile(
        "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8"
    ) as file:
        try:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    os.replace(file.name, path)  # NamedTemporaryFile creates with mode 0600


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file; empty when there is no such file.

    Raises:
        CannotTell: the file cannot be used.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as bad:
        raise CannotTell(f"Cannot read {path}: {bad}.") from bad
    if not isinstance(content, dict):
        raise CannotTell(f"Cannot read {path}: it should hold a JSON object.")
    return content


@dataclass(frozen=True)
class CredentialsFile:
    """The content of the credentials file: accounts by address, and the default address."""

    servers: dict[str, Account]
    default: str | None

    @classmethod
    def read(cls) -> "CredentialsFile":
        content = read_json(credentials_file())
        entries = content.get("servers")
        servers = {
            url: Account(
                url,
                token=entry.get("token"),
                username=entry.get("username"),
                git_key=entry.get("git_key"),
                git_key_id=entry.get("git_key_id"),
            )
            for url, entry in (entries.items() if isinstance(entries, dict) else ())
            if isinstance(entry, dict)
        }
        default = content.get("default")
        return cls(servers, default if isinstance(default, str) else None)

    def write(self) -> None:
        fields = ("token", "username", "git_key", "git_key_id")
        servers = {
            url: {name: value for name in fields if (value := getattr(one, name)) is not None}
            for url, one in self.servers.items()
        }
        write_private(credentials_file(), {"servers": servers, "default": self.default})

    def with_account(self, account: Account) -> "CredentialsFile":
        """Return this with the account, which becomes the default. Git's key stays while the person stays the same."""
        before = self.servers.get(account.url)
        if before and before.username == account.username and before.git_key and account.git_key is None:
            account = replace(account, git_key=before.git_key, git_key_id=before.git_key_id)
        return CredentialsFile({**self.servers, account.url: account}, account.url)

    def with_git_key(self, url: str, key: str | None, key_id: int | None) -> "CredentialsFile":
        account = replace(self.servers[url], git_key=key, git_key_id=key_id)
        return CredentialsFile({**self.servers, url: account}, self.default)

    def without(self, url: str) -> "CredentialsFile":
        servers = {key: value for key, value in self.servers.items() if key != url}
        default = self.default if self.default != url else next(iter(servers), None)
        return CredentialsFile(servers, default)


# -- which server and account ---------------------------------------------------------------------


def find_url(
    given: str | None, repository: Repository | None, stored: CredentialsFile
) -> tuple[str, str] | None:
    """Return the server to use, and which setting named it: the most specific setting wins."""
    if given:
        return server_url(given), "--url"
    if url := os.environ.get("TOOLCRIB_URL"):
        return server_url(url), "TOOLCRIB_URL"
    if repository and (url := repository.setting("toolcrib.url")):
        return server_url(url), "git config toolcrib.url"
    if url := os.environ.get("ASSET_LOCK_BACKEND_URL"):
        return server_url(url), "ASSET_LOCK_BACKEND_URL"
    if repository:
        url = read_json(repository.common_dir / OLD_CONFIG).get("backend_url")
        if isinstance(url, str) and url:
            return server_url(url), f".git/{OLD_CONFIG}"
        # Last, and only a server we have signed in to: lfs.url may name another kind of server.
        for address in lfs_urls(repository):
            if named := from_lfs_url(address, stored.servers):
                return named[0], "lfs.url"
    return (stored.default, LAST_SIGN_IN) if stored.default else None


def find_account(given: str | None, repository: Repository | None) -> Account | None:
    """Return the server to use with its credentials, or None when no setting names a server."""
    stored = CredentialsFile.read()
    found = find_url(given, repository, stored)
    if found is None:
        return None
    url, source = found
    if token := os.environ.get("TOOLCRIB_TOKEN"):
        return Account(url, token=token, source=source)
    if known := stored.servers.get(url):
        return replace(known, source=source)
    if repository:
        # A sign-in of the earlier client is valid for the address stored beside it.
        old_url = read_json(repository.common_dir / OLD_CONFIG).get("backend_url")
        if source == "ASSET_LOCK_BACKEND_URL" or (isinstance(old_url, str) and server_url(old_url) == url):
            token = read_json(repository.common_dir / OLD_TOKEN).get("access_token")
            if isinstance(token, str) and token:
                return Account(url, token=token, source=source)
    return Account(url, source=source)


def find_project(given: str | None, repository: Repository | None, server: str | None) -> str | None:
    """Return the project named on the command line, in the environment or by the clone.

    None is the server's default project.
    """
    if given:
        return given
    if name := os.environ.get("TOOLCRIB_PROJECT"):
        return name
    if repository is None:
        return None
    if name := repository.setting("toolcrib.project"):
        return name
    for address in lfs_urls(repository) if server else ():
        if named := from_lfs_url(address, [server or ""]):
            return named[1]
    return None
