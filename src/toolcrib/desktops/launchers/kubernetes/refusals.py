"""What the cluster refuses, in our own words: its text may be anybody's, so only known words of it are passed on."""

from __future__ import annotations

import re

from toolcrib.desktops.launchers.kubernetes.answers import Status, read
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherError, LauncherRefused

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]/-]{0,99}")
_QUOTA_NAME = re.compile(r"\b(?:(?:requests|limits)\.)?(?:cpu|memory|storage|ephemeral-storage)\b")
_COUNTS = re.compile(
    r"\b(?:count/)?(pods|services|secrets|persistentvolumeclaims|statefulsets|daemonsets)(?:\.apps)?="
)


class Missing(LauncherError):
    """There is no such object."""


class Exists(LauncherError):
    """There is one of this name already."""


class Changed(LauncherError):
    """It is not the object any more that was meant."""


class Expired(LauncherError):
    """A list or a watch cannot go on from where it was: begin again (410)."""


class NotAccepted(LauncherError):
    """The server's credentials are wrong, or over."""


def refusal(code: int, body: object, *, verb: str, plural: str, namespace: str) -> LauncherError:
    """The error that an answer with this status means."""
    status = read(Status, body) if isinstance(body, dict) else Status()
    match code, status.reason:
        case 401, _:
            return NotAccepted("The cluster does not accept the server's credentials.")
        case 403, _ if words := quota_words(status.message):
            return LauncherRefused(f"The quota of the namespace {namespace} is used up: {words}.")
        case 403, _ if "cannot " in status.message:
            return LauncherRefused(
                f"The server's account on the cluster may not {verb} {plural} in the namespace {namespace}."
            )
        case 403 | 400, _:
            return LauncherRefused(
                f"A rule of the cluster refuses to {verb} {plural} in the namespace {namespace}."
            )
        case 404, _:
            return Missing(f"The cluster has no such {plural}, or no namespace {namespace}.")
        case 409, "AlreadyExists":
            return Exists(f"The cluster has {plural} of this name already.")
        case 409, _:
            return Changed("The object was changed on the cluster at the same time.")
        case 410, _:
            return Expired("The cluster has forgotten where the list was.")
        case ((405 | 413 | 415 | 422), _):
            return LauncherRefused(f"The cluster refuses to {verb} {plural}{_fields(status)}.")
        case 429, _:
            return LauncherDown("The cluster has too much to do now.")
        case _:
            return LauncherDown(f"The cluster has a fault (status {code}).")


def quota_words(message: str) -> str:
    """What a quota has too little of, or "" if this is not about a quota."""
    if "exceeded quota" not in message and "forbidden: failed quota" not in message:
        return ""
    asked = message.partition("requested: ")[2].partition(", used: ")[0] or message
    found = dict.fromkeys(m[1] for m in _COUNTS.finditer(asked))
    found.update(dict.fromkeys(m[0] for m in _QUOTA_NAME.finditer(asked)))
    return ", ".join(list(found)[:6]) or "something it counts"


def _fields(status: Status) -> str:
    causes = status.details.causes if status.details else ()
    fields = [cause.field for cause in causes if _FIELD.fullmatch(cause.field)]
    return f" because of {', '.join(dict.fromkeys(fields[:5]))}" if fields else ""
