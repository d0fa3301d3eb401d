"""Desktops on the server's own computer."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Folder, Words


class LocalDesktops(Group):
    desktop_local_sessions: dict[str, str] = Field(
        {"openbox": "openbox --startup 'sh /etc/xdg/openbox/autostart'"},
        validation_alias="DESKTOP_LOCAL_SESSIONS",
        description='What runs in desktops of the launcher `local`, as JSON: `{"NAME": "COMMAND"}`. Configurations '
        "give NAME as their image; the first is for desktops without a configuration. The command runs in a shell "
        "inside the desktop, and the desktop ends with it.",
    )
    desktop_local_uids: str = Field(
        "1900000000-1900065535",
        validation_alias="DESKTOP_LOCAL_UIDS",
        description="Ids of users and groups that a server run by root gives to the desktops of its people, one to a "
        "person: `FIRST-LAST`. No account of this computer may have one of them.",
    )
    desktop_local_folders: Words = Field(
        [],
        validation_alias="DESKTOP_LOCAL_FOLDERS",
        description="Folders of this computer that local desktops see beside `/usr`, read-only: `/opt,/srv/licences`. "
        "All users of the computer must be able to read them.",
    )
    desktop_local_gateway_host: str = Field(
        "127.0.0.1",
        validation_alias="DESKTOP_LOCAL_GATEWAY_HOST",
        description="Address of this computer at which a gateway (GUACAMOLE_URL, GUACD_HOST) reaches local desktops, "
        "each at a port of its own.",
    )
    desktop_local_cgroup: Folder | None = Field(
        None,
        validation_alias="DESKTOP_LOCAL_CGROUP",
        description="Folder of cgroup version 2 that the server may write to, where local desktops are limited and "
        "measured: `/sys/fs/cgroup/toolcrib`. Without one, processor cores are assigned and memory is limited for "
        "each process.",
    )
    desktop_local_user_namespaces: bool = Field(
        False,
        validation_alias="DESKTOP_LOCAL_USER_NAMESPACES",
        description="Whether programs in local desktops may make user namespaces, which the sandboxes of Chromium and "
        "Flatpak need.",
    )

    @field_validator("desktop_local_sessions")
    @classmethod
    def _are_sessions(cls, sessions: dict[str, str]) -> dict[str, str]:
        for name, command in sessions.items():
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,254}", name):
                raise ValueError(f"{name!r} is no name: 1 to 255 of letters, digits, and ._/:-")
            if not command.strip() or "\0" in command:
                raise ValueError(f"{name} has no command")
        if not sessions:
            raise ValueError("there is no session")
        return sessions

    @field_validator("desktop_local_uids")
    @classmethod
    def _is_range(cls, value: str) -> str:
        found = re.fullmatch(r"(\d{1,10})-(\d{1,10})", value.strip())
        if not found or not 1000 <= int(found[1]) <= int(found[2]) < 2**31:
            raise ValueError("must be FIRST-LAST, from 1000 to 2147483647")
        return value.strip()

    @field_validator("desktop_local_folders")
    @classmethod
    def _are_folders(cls, folders: list[str]) -> list[str]:
        for folder in folders:
            if not folder.startswith("/") or ".." in Path(folder).parts or len(Path(folder).parts) < 2:
                raise ValueError(f"{folder!r} is no full path of a folder")
        return folders

    @field_validator("desktop_local_gateway_host")
    @classmethod
    def _is_one_address(cls, host: str) -> str:
        if ip_address(host).is_unspecified:
            raise ValueError("must be one address of this computer, not all of them")
        return host
