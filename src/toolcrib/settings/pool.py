"""Machines that people reserve."""

from __future__ import annotations

import re
import shutil
from importlib.util import find_spec
from typing import Literal

from pydantic import Field, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Folder


class Pool(Group):
    machine_driver: Literal["ssh", "ansible"] = Field(
        "ssh",
        validation_alias="MACHINE_DRIVER",
        description="How accounts are made and removed on machines: `ssh`, or `ansible` with the extra "
        "`toolcrib[ansible]`.",
    )
    machines_playbooks: Folder | None = Field(
        None,
        validation_alias="MACHINES_PLAYBOOKS",
        description="Folder with playbooks for `ansible`, each used in place of the packaged one of its name.",
    )
    machines_unique_hosts: bool = Field(
        False,
        validation_alias="MACHINES_UNIQUE_HOSTS",
        description="Whether a machine is refused (`address_taken`) whose address, port and jump host another one has, "
        "in whatever spelling. Off, as in earlier pools: a host that is registered as two machines is given to two "
        "people at a time.",
    )
    machines_work_seconds: float = Field(
        60.0,
        gt=0,
        le=3600,
        validation_alias="MACHINES_WORK_SECONDS",
        description="How long making or removing accounts on machines may take at a time. What takes longer counts as "
        "failed.",
    )
    machines_homes: Literal["wipe", "archive"] = Field(
        "wipe",
        validation_alias="MACHINES_HOMES",
        description="What becomes of home folders at the end of a reservation. `archive` keeps each as an archive on "
        "its machine, for root.",
    )
    machines_reset_command: str = Field(
        "",
        validation_alias="MACHINES_RESET_COMMAND",
        description="Shell command run as root on a machine after each reservation, before anybody else gets it.",
    )
    machines_certificate_minutes: int = Field(
        720,
        ge=1,
        le=525_600,
        validation_alias="MACHINES_CERTIFICATE_MINUTES",
        description="How long an SSH certificate of a reservation is good, if the reservation does not end before.",
    )
    machines_resets: dict[str, list[str]] = Field(
        {},
        validation_alias="MACHINES_RESETS",
        description='Programs that put a machine right between its holders (power, re-imaging), as JSON: `{"NAME": '
        '["PROGRAM", "ARGUMENT"]}`. The server runs the one that the machine\'s `reset` names, else `default`.',
    )
    machines_reset_seconds: float = Field(
        600.0,
        gt=0,
        le=86_400,
        validation_alias="MACHINES_RESET_SECONDS",
        description="How long such a program may take. Then it is ended, which counts as failed.",
    )
    machines_max_count: int = Field(
        100,
        ge=1,
        le=10_000,
        validation_alias="MACHINES_MAX_COUNT",
        description="Machines in one reservation.",
    )
    machines_max_minutes: int = Field(
        43_200,
        ge=1,
        le=5_256_000,
        validation_alias="MACHINES_MAX_MINUTES",
        description="How many minutes a reservation may last, extensions included.",
    )
    machines_per_person: int = Field(
        0,
        ge=0,
        validation_alias="MACHINES_PER_PERSON",
        description="Machines that one person may have at a time; 0: any number. Not for administrators.",
    )
    machines_check_minutes: int = Field(
        5,
        ge=1,
        le=10_000,
        validation_alias="MACHINES_CHECK_MINUTES",
        description="How often each machine is looked at: whether it answers, and which accounts are on it.",
    )
    machines_warning_minutes: int = Field(
        10,
        ge=0,
        le=10_000,
        validation_alias="MACHINES_WARNING_MINUTES",
        description="How many minutes before its end the holder of a reservation is told; 0: never. Nobody is told of "
        "reservations shorter than twice that.",
    )
    machines_booking_hours: int = Field(
        720,
        ge=0,
        le=87_840,
        validation_alias="MACHINES_BOOKING_HOURS",
        description="How many hours ahead a booking of machines may begin; 0: machines cannot be booked.",
    )
    machines_confirm_minutes: int = Field(
        15,
        ge=0,
        le=10_000,
        validation_alias="MACHINES_CONFIRM_MINUTES",
        description="How long after the start of a booking its person has to confirm it. Then it ends, and others get "
        "the machines; 0: it need not be confirmed.",
    )

    @field_validator("machines_resets")
    @classmethod
    def _are_programs(cls, resets: dict[str, list[str]]) -> dict[str, list[str]]:
        for name, words in resets.items():
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", name) or name == "none":
                raise ValueError(f"{name!r} is no name: 1 to 32 of a-z, 0-9, _ and -, and not `none`")
            if not words or not words[0]:
                raise ValueError(f"{name} names no program")
        return resets

    @field_validator("machine_driver")
    @classmethod
    def _is_installed(cls, driver: str) -> str:
        if driver != "ansible":
            return driver
        if not all(find_spec(module) for module in ("ansible", "ansible_runner")):
            raise ValueError("Ansible is not installed: pip install 'toolcrib[ansible]'")
        if not shutil.which("ssh"):
            raise ValueError(
                "Ansible needs the program ssh, which is not installed: apt install openssh-client"
            )
        return driver
