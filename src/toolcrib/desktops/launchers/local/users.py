"""The users of this computer that desktops run as, where the server may choose them: one for each person, and a group
for each volume."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
from pathlib import Path

from toolcrib.desktops.launchers.launcher import LauncherRefused
from toolcrib.desktops.launchers.local.folders import locked, write_durably

_KEY = re.compile(r"[A-Za-z0-9._:-]{1,300}")


class Users:
    """Ids out of a range, given out once and for all."""

    def __init__(self, folder: Path, given: str) -> None:
        first, last = given.split("-")
        self._range = range(int(first), int(last) + 1)
        self._folder = folder
        self._file = folder / "users.json"

    @property
    def are_own(self) -> bool:
        """Whether desktops run as users of their own; else as the server's user, apart only by their sandboxes."""
        return os.geteuid() == 0

    @property
    def first(self) -> int:
        return self._range[0]

    def of_person(self, owner: str) -> int:
        """The id of the user and of the group that the desktops of this person run as."""
        return self._id(owner) if self.are_own else os.geteuid()

    def of_volume(self, name: str) -> int:
        """The id of the group that may write to this volume."""
        return self._id(f"volume:{name}") if self.are_own else os.getegid()

    def _id(self, key: str) -> int:
        """
        Raises:
            LauncherRefused: there are more people than ids.
        """
        if not _KEY.fullmatch(key):
            raise LauncherRefused("This is no person's id.")
        known = self._read()
        if key not in known:
            with locked(self._folder):
                known = self._read()
                if key not in known:
                    known[key] = self._free(set(known.values()))
                    write_durably(self._file, json.dumps(known).encode())
        return known[key]

    def _read(self) -> dict[str, int]:
        try:
            found: dict[str, int] = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return {}
        return found

    def _free(self, taken: set[int]) -> int:
        for number in self._range:
            if number not in taken and not _is_account(number):
                return number
        raise LauncherRefused("All ids of DESKTOP_LOCAL_UIDS are in use. Make the range larger.")


def _is_account(number: int) -> bool:
    for find in (pwd.getpwuid, grp.getgrgid):
        try:
            find(number)
        except KeyError:
            continue
        return True
    return False
