"""What the cluster answers, as far as it is read here. Unknown fields are left alone; wrong ones are no answer."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from toolcrib.desktops.launchers.launcher import LauncherDown
from toolcrib.kernel.schema import Schema

TEXT = 8 * 1024


def _nothing_as_empty(value: Any) -> Any:
    """Go writes an empty list or map as null."""
    return () if value is None else value


Text = Annotated[str, Field(max_length=TEXT)]
Name = Annotated[str, Field(max_length=253)]
T = TypeVar("T")
Items = Annotated[tuple[T, ...], BeforeValidator(_nothing_as_empty)]
Labels = Annotated[dict[str, str], BeforeValidator(lambda value: value or {})]


class Answer(Schema):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class ManagedFields(Answer):
    manager: Text = ""
    time: AwareDatetime | None = None


class Metadata(Answer):
    name: Name = ""
    uid: Name = ""
    resource_version: Name = ""
    labels: Labels = {}
    annotations: Labels = {}
    deletion_timestamp: AwareDatetime | None = None
    managed_fields: Items[ManagedFields] = ()


class Waiting(Answer):
    reason: Text = ""
    message: Text = ""


class Terminated(Answer):
    exit_code: int = 0
    reason: Text = ""


class ContainerState(Answer):
    waiting: Waiting | None = None
    running: dict[str, Any] | None = None
    terminated: Terminated | None = None


class ContainerStatus(Answer):
    name: Name
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class Condition(Answer):
    type: Name
    status: Name
    reason: Text = ""
    message: Text = ""
    last_transition_time: AwareDatetime | None = None


class PodStatus(Answer):
    phase: Name = "Pending"
    reason: Text = ""
    start_time: AwareDatetime | None = None
    conditions: Items[Condition] = ()
    init_container_statuses: Items[ContainerStatus] = ()
    container_statuses: Items[ContainerStatus] = ()


class Pod(Answer):
    metadata: Metadata
    status: PodStatus = PodStatus()


class WorkloadSpec(Answer):
    replicas: int = 1


class Workload(Answer):
    metadata: Metadata
    spec: WorkloadSpec


class ClaimResources(Answer):
    requests: Labels = {}


class ClaimSpec(Answer):
    resources: ClaimResources = ClaimResources()


class ClaimStatus(Answer):
    phase: Name = "Unknown"


class Claim(Answer):
    """A PersistentVolumeClaim."""

    metadata: Metadata
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


class Object(Answer):
    """Any object, of which only the name and labels matter."""

    metadata: Metadata


class ListMetadata(Answer):
    resource_version: Name = ""
    continue_: Annotated[str, Field(alias="continue", max_length=16 * 1024)] = ""


class Page(Answer):
    metadata: ListMetadata
    items: Items[dict[str, Any]] = ()


class Cause(Answer):
    field: Text = ""


class StatusDetails(Answer):
    causes: Items[Cause] = ()


class Status(Answer):
    """A refusal."""

    reason: Name = ""
    message: Annotated[str, Field(max_length=64 * 1024)] = ""
    code: int = 0
    details: StatusDetails | None = None


class Event(Answer):
    reason: Name = ""
    message: Text = ""
    last_timestamp: AwareDatetime | None = None
    event_time: AwareDatetime | None = None


class WatchEvent(Answer):
    type: Name
    object: dict[str, Any]


class ContainerUsage(Answer):
    usage: Labels = {}


class PodUsage(Answer):
    containers: Items[ContainerUsage] = ()


A = TypeVar("A", bound=Answer)


def read(model: type[A], value: Any) -> A:
    """`value` as a `model`. Raises LauncherDown: something answered, but it makes no sense."""
    try:
        return model.model_validate(value)
    except (ValidationError, RecursionError) as error:
        raise LauncherDown("The cluster's answer makes no sense. Is this a Kubernetes API?") from error
