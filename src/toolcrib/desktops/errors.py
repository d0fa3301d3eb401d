"""How desktops can refuse, in the contract's words (desktops contract, sections 4 to 6)."""

from __future__ import annotations

from typing import Literal

from toolcrib.kernel.problems import Conflict, Forbidden, InvalidRequest, NotFound, Problem

# What people may do with a connection, as the contract calls it.
Verb = Literal["access", "delete", "resume"]


class MissingField(InvalidRequest):
    """A required field is absent."""

    code = "missing_field"

    def __init__(self, *names: str) -> None:
        plural = "s" if len(names) > 1 else ""
        super().__init__(f"Missing required field{plural}: {' and '.join(names)}")


class BadDesktopName(InvalidRequest):
    """The name of a desktop must be short, of lower-case letters, digits and hyphens."""

    code = "bad_desktop_name"


# Connections


class DesktopNotFound(NotFound):
    code = "desktop_not_found"

    def __init__(self, text: str = "Connection not found") -> None:
        super().__init__(text)

    @classmethod
    def named(cls, name: str) -> DesktopNotFound:
        return cls(f"Connection {name} not found")

    @classmethod
    def stopped(cls, name: str) -> DesktopNotFound:
        return cls(f"Stopped connection {name} not found")


class NotYourDesktop(Forbidden):
    """It is somebody else's desktop."""

    code = "not_your_desktop"

    def __init__(self, verb: Verb = "access") -> None:
        super().__init__(f"You do not have permission to {verb} this connection")


class DesktopRuns(InvalidRequest):
    """Only a stopped desktop can be deleted for good."""

    code = "desktop_runs"

    def __init__(self, name: str) -> None:
        super().__init__(f"Connection {name} must be stopped first")


class DesktopStopped(Conflict):
    """A stopped desktop cannot be seen."""

    code = "desktop_stopped"

    def __init__(self, name: str) -> None:
        super().__init__(f"Connection {name} is stopped: resume it first")


class NoRoom(Conflict):
    """The person, or everybody together, has as many desktops running as are allowed, and nobody may wait."""

    code = "no_room_for_desktop"


class LauncherFailed(Problem):
    """What runs desktops did not do what it was asked."""

    code, status = "launcher_failed", 500


class GatewayDown(Problem):
    """The remote-display gateway refused, or cannot be reached."""

    code, status = "gateway_down", 502


class GatewaySlow(Problem):
    """The remote-display gateway did not answer in time."""

    code, status = "gateway_slow", 504


# Configurations


class ConfigurationNotFound(NotFound):
    code = "configuration_not_found"

    def __init__(self, configuration_id: int | str | None = None, *, may_be_hidden: bool = False) -> None:
        if configuration_id is None:
            super().__init__("Desktop configuration not found")
        else:
            end = " or access denied" if may_be_hidden else ""
            super().__init__(f"Configuration with ID {configuration_id} not found{end}")


class ConfigurationDenied(Forbidden):
    """The configuration is neither public nor granted to the person."""

    code = "configuration_denied"

    def __init__(self) -> None:
        super().__init__("You do not have permission to use this configuration")


class ConfigurationExists(InvalidRequest):
    code = "configuration_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"Configuration with name '{name}' already exists")


class ConfigurationInUse(InvalidRequest):
    """A desktop is made from the configuration."""

    code = "configuration_in_use"

    def __init__(self, configuration_id: int) -> None:
        super().__init__(
            f"Cannot delete configuration with ID {configuration_id} because it is being used by a connection"
        )


# Volumes


class VolumeNotFound(NotFound):
    code = "volume_not_found"

    @classmethod
    def named(cls, name: str) -> VolumeNotFound:
        return cls(f"PVC '{name}' not found")

    @classmethod
    def numbered(cls, volume_id: int) -> VolumeNotFound:
        return cls(f"PVC with ID {volume_id} not found")


class VolumeDenied(Forbidden):
    """The volume is neither public nor granted to the person."""

    code = "volume_denied"

    def __init__(self, text: str = "You do not have permission to use this PVC") -> None:
        super().__init__(text)

    @classmethod
    def attaching(cls) -> VolumeDenied:
        return cls("You do not have permission to attach this PVC to this connection")


class VolumeExists(InvalidRequest):
    code = "volume_exists"

    def __init__(self, name: str) -> None:
        super().__init__(f"PVC with name '{name}' already exists")


class VolumeInUse(InvalidRequest):
    """Desktops have the volume."""

    code = "volume_in_use"

    def __init__(self) -> None:
        super().__init__("Cannot delete PVC that is in use by one or more connections")


class VolumeTaken(Conflict):
    """The volume is for one running desktop at a time, and another one has it."""

    code = "volume_taken"


class UnknownPeople(InvalidRequest):
    """Some of the usernames given are nobody's."""

    code = "unknown_people"


# Views


class DesktopNotReady(Conflict):
    """The desktop does not run yet, or any more."""

    code = "desktop_not_ready"


class ViewNotFound(NotFound):
    """The view is not open, or not of this desktop."""

    code = "view_not_found"


class ControlDenied(Forbidden):
    """The person may see the desktop, and may not do this about its control."""

    code = "control_denied"
