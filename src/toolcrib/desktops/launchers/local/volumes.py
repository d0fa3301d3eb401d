"""Volumes: folders that several desktops may see at `/storage`."""

from __future__ import annotations

import json
import os

from toolcrib.desktops.launchers.launcher import LauncherRefused, Volume
from toolcrib.desktops.launchers.local.folders import Folders, locked, write_durably
from toolcrib.desktops.launchers.local.record import read_record
from toolcrib.desktops.launchers.local.removal import remove
from toolcrib.desktops.launchers.local.users import Users

FILES, FILE = "files", "volume.json"
REMOVAL_SECONDS = 15.0


def create(folders: Folders, users: Users, name: str, size: str) -> Volume:
    folder = folders.volume(name)
    folders.make()
    with locked(folder, make=True):
        folder.chmod(0o711)
        files = folder / FILES
        files.mkdir(exist_ok=True)
        if users.are_own:
            os.chown(files, 0, users.of_volume(name))
        files.chmod(0o2770)
        if found := _read(folders, name):
            return found
        write_durably(folder / FILE, json.dumps({"size": size}).encode())
    return Volume(name, size=size)


def _read(folders: Folders, name: str) -> Volume | None:
    folder = folders.volume(name)
    try:
        size = json.loads((folder / FILE).read_bytes())["size"]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return Volume(name, "Bound" if (folder / FILES).is_dir() else "Lost", str(size))


def delete(folders: Folders, name: str) -> None:
    """
    Raises:
        LauncherRefused: a running desktop has it.
    """
    folder = folders.volume(name)
    with locked(folder) as is_there:
        if not is_there:
            return
        for desktop in folders.desktop_names():
            record = read_record(folders.desktop(desktop))
            if record and record.volume == name and record.process and record.process.is_alive():
                raise LauncherRefused("A running desktop has this volume.")
        if not remove(folders, folder, seconds=REMOVAL_SECONDS):
            raise LauncherRefused("Some files of this volume could not be removed.")


def all_of(folders: Folders) -> dict[str, Volume]:
    return {name: found for name in folders.volume_names() if (found := _read(folders, name))}
