"""The grammars of what is put into objects of the cluster, checked once more before anything is sent."""

from __future__ import annotations

import hashlib
import re
from fractions import Fraction

from toolcrib.desktops.launchers.launcher import LauncherRefused, Wanted

# https://github.com/distribution/reference: host, path, tag and digest of an image.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = rf"{_HOST_LABEL}(?:\.{_HOST_LABEL})*(?::[0-9]{{1,5}})?"
_IMAGE = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,128})?"
)
IMAGE_LENGTH = 255

_QUANTITY = re.compile(
    r"([0-9]{1,15}(?:\.[0-9]{1,9})?)(?:(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E|m)|[eE]([0-9]{1,2}))?"
)
_FACTORS = {
    **{unit + "i": Fraction(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
    **{unit: Fraction(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    "m": Fraction(1, 1000),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "": Fraction(1),
}

_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(_LABEL)
_VOLUME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_OWNER = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_PASSWORD = re.compile(r"[A-Za-z0-9]{8,64}")
_RESOLUTION = re.compile(r"[1-9][0-9]{2,4}x[1-9][0-9]{2,4}")

NAME_LENGTH = 53
# A StatefulSet's pods have a label `NAME-HASH` with up to ten characters of hash, and a label has 63.
RESOURCE_LENGTH = 52
MAX_CPU = 1024


def resource_name(name: str) -> str:
    """What a desktop's Service and StatefulSet are called: a Service's name begins with a letter (contract, 4)."""
    found = name if name[:1].isalpha() else f"d-{name}"
    if len(found) <= RESOURCE_LENGTH:
        return found
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{found[: RESOURCE_LENGTH - 9].rstrip('-')}-{digest}"


def why_no_image(image: str) -> str | None:
    """Return why this is no reference of an image, or None."""
    if len(image) > IMAGE_LENGTH:
        return f"An image's reference has at most {IMAGE_LENGTH} characters."
    if not _IMAGE.fullmatch(image):
        return "This is no reference of an image, such as registry.example/desktops/ubuntu:24.04."
    return None


def amount(quantity: str) -> Fraction | None:
    """The number that a Kubernetes quantity stands for, or None if it is none."""
    found = _QUANTITY.fullmatch(quantity)
    return Fraction(found[1]) * _FACTORS[found[2] or ""] * 10 ** int(found[3] or 0) if found else None


def measured(quantity: str) -> Fraction | None:
    """As `amount`, for what the cluster itself has measured: it also counts in nano and micro."""
    if (
        quantity[-1:] in {"n", "u"}
        and quantity[:-1].isascii()
        and quantity[:-1].isdigit()
        and len(quantity) < 30
    ):
        return int(quantity[:-1]) * _FACTORS[quantity[-1]]
    return amount(quantity)


def check_name(name: str) -> None:
    if len(name) > NAME_LENGTH or not _NAME.fullmatch(name):
        raise LauncherRefused("A desktop's name consists of a-z, 0-9 and -, at most 53 of them.")


def check_volume_name(name: str) -> None:
    if len(name) > 253 or not _VOLUME.fullmatch(name):
        raise LauncherRefused(
            "A volume's name consists of a-z, 0-9, - and ., and begins and ends with a-z or 0-9."
        )


def check_size(size: str) -> None:
    found = amount(size)
    if not found or len(size) > 20:
        raise LauncherRefused("A volume's size is a quantity such as 10Gi.")


def check_wanted(wanted: Wanted) -> None:
    """Raise LauncherRefused if anything of it does not belong into an object of the cluster."""
    check_name(wanted.name)
    if reason := why_no_image(wanted.image):
        raise LauncherRefused(reason)
    if not _OWNER.fullmatch(wanted.owner):
        raise LauncherRefused("The owner of a desktop is named by an id.")
    if not _PASSWORD.fullmatch(wanted.password):
        raise LauncherRefused("A desktop's password consists of 8 to 64 letters and digits.")
    if not _RESOLUTION.fullmatch(wanted.resolution):
        raise LauncherRefused("A resolution is written as 1920x1080.")
    if not 0 < wanted.min_cpu <= wanted.max_cpu <= MAX_CPU:
        raise LauncherRefused(
            f"The processors of a desktop are 1 to {MAX_CPU}, and the least not above the most."
        )
    least, most = amount(wanted.min_ram), amount(wanted.max_ram)
    if not least or not most or least > most:
        raise LauncherRefused(
            "The memory of a desktop is a quantity such as 4096Mi, and the least not above the most."
        )
    if wanted.volume is not None:
        check_volume_name(wanted.volume)
