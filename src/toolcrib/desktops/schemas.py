"""What crosses the wire on the contract's routes (desktops contract, sections 4 to 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from toolcrib.kernel.claims.schemas import Text
from toolcrib.kernel.schema import Schema

MOST_PEOPLE = 1000
MOST_ID = 2**63 - 1


def iso_without_zone(moment: datetime) -> str:
    """Of connections and configurations (contract, section 1)."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def rfc_1123(moment: datetime) -> str:
    """Of volumes (contract, section 1)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def number_of(text: str) -> int | None:
    """Return the id that a path names, or None if it is none."""
    if not text.isascii() or not text.isdecimal() or len(text) > 19:
        return None
    number = int(text)
    return number if number <= MOST_ID else None


def _wire_id(value: Any) -> Any:
    """Ids may arrive as decimal strings; forms send an empty one for none."""
    if isinstance(value, str):
        return None if value == "" else number_of(value.strip())
    return value


# Strict: `true` is no number, though Python says so. A string that is none fails as a missing number does.
_Id = Annotated[int, Field(strict=True, ge=0, le=MOST_ID)]
WireId = Annotated[
    _Id | None,
    BeforeValidator(_wire_id),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]}),
]
Short = Annotated[Text, StringConstraints(max_length=1000)]
Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
People = Annotated[list[Annotated[Text, StringConstraints(max_length=255)]], Field(max_length=MOST_PEOPLE)]


class ConnectionName(Schema):
    name: Short | None = None


class ScaleUp(ConnectionName):
    persistent_home: bool = True
    desktop_configuration_id: WireId = None
    external_pvc: Short | None = None


class AttachPvc(Schema):
    connection_id: WireId = None
    pvc_id: WireId = None


class ConfigurationBody(Schema):
    """`network`, `copy_out`, `paste_in` and `files` are beyond the contract."""

    name: Name | None = None
    image: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=1000)] | None = None
    description: Annotated[Text, StringConstraints(max_length=10_000)] | None = ""
    is_public: bool = False
    min_cpu: Annotated[int, Field(ge=1, le=1024)] = 1
    max_cpu: Annotated[int, Field(ge=1, le=1024)] = 4
    min_ram: Short = "4096Mi"
    max_ram: Short = "16384Mi"
    allowed_users: People | None = None
    network: bool = False
    copy_out: bool = False
    paste_in: bool = True
    files: bool = True


class VolumeBody(Schema):
    """`exclusive` is beyond the contract: for one running desktop at a time."""

    name: Short | None = None
    size: Short = "10Gi"
    is_public: bool = False
    allowed_users: People | None = None
    exclusive: bool = False


class VolumeAccess(Schema):
    is_public: bool = False
    allowed_users: People | None = None


class DesktopMessage(Schema):
    message: str


class Configuration(Schema):
    id: int
    name: str
    description: str
    image: str
    created_at: str
    created_by: str | None
    is_public: bool
    min_cpu: int
    max_cpu: int
    min_ram: str
    max_ram: str
    allowed_users: list[str]
    network: bool
    copy_out: bool
    paste_in: bool
    files: bool


class ConfigurationShown(Schema):
    configuration: Configuration


class ConfigurationsShown(Schema):
    configurations: list[Configuration]


class Usernames(Schema):
    users: list[str]


class Pvc(Schema):
    id: int
    name: str
    namespace: str
    size: str
    is_public: bool
    created_at: str
    created_by: str | None
    status: str
    last_updated: str
    exclusive: bool
    allowed_users: list[str]


class PvcMade(DesktopMessage):
    pvc: Pvc


class PvcShown(Schema):
    pvc: Pvc


class PvcsShown(Schema):
    pvcs: list[Pvc]


class PvcConnection(Schema):
    id: int
    name: str
    created_at: str
    created_by: str
    is_stopped: bool


class PvcConnections(Schema):
    connections: list[PvcConnection]


class ScaledUp(Schema):
    """`queue_position` only where it waits for room."""

    name: str
    created_by: str
    is_stopped: bool
    persistent_home: bool
    desktop_configuration_id: int | None
    status: str
    external_pvc: str | None
    queue_position: int | None = None
    id: int


class Resumed(Schema):
    id: int
    name: str
    created_at: str
    created_by: str
    status: str
    persistent_home: bool
    queue_position: int | None = None


class ResumedShown(DesktopMessage):
    connection: Resumed


class Connection(Schema):
    id: int
    name: str
    created_at: str
    created_by: str
    persistent_home: bool
    is_stopped: bool
    desktop_configuration_id: int | None
    desktop_configuration_name: str | None
    external_pvc: str | None


class ConnectionsShown(Schema):
    connections: list[Connection]


class OneConnection(Connection):
    guacamole_connection_id: int | None = None


class ConnectionShown(Schema):
    connection: OneConnection


class ConnectionChanged(DesktopMessage):
    connection: Connection


class ConnectionStatus(Schema):
    connection_name: str
    status: str
