"""Local files: hashing them, and checking names that came from the server."""

import os
from hashlib import sha256
from pathlib import Path

from toolcrib.cli.core.failures import CannotTell, Failure
from toolcrib.cli.documents.progress import ProgressMeter

BLOCK = 256 * 1024
STATE = ".toolcrib-docs.json"  # the state file of checkouts: no download may replace it

_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def sha256_of(file: Path, meter: ProgressMeter | None = None) -> str:
    """Return the file's SHA-256.

    Raises:
        CannotTell: it cannot be read.
    """
    meter = meter or ProgressMeter()
    found = sha256()
    done = 0
    try:
        with file.open("rb") as stream:
            meter.begin(f"reading {file.name}", os.fstat(stream.fileno()).st_size)
            while block := stream.read(BLOCK):
                found.update(block)
                done += len(block)
                meter.at(done)
    except OSError as bad:
        raise CannotTell(f"Cannot read {file}: {bad.strerror or bad}.") from bad
    return found.hexdigest()


def require_regular_file(typed: str | Path) -> Path:
    """Return the path of a file to send.

    Raises:
        CannotTell: there is none, or it is a folder or a device.
    """
    file = Path(typed)
    if file.is_dir():
        raise CannotTell(f"{typed} is a folder. To send what is in it: toolcrib docs put -r {typed} PLACE/")
    if not file.exists():
        raise CannotTell(f"There is no file {typed} here.")
    if not file.is_file():
        raise CannotTell(f"{typed} is not a file that can be sent.")
    return file


def is_plain_name(name: str) -> bool:
    """Return whether a name that came from elsewhere is the name of one file and nothing more, on any system."""
    return (
        name not in ("", ".", "..", STATE)
        and not set(name) & set("/\\\0")
        and name.isprintable()
        and (os.name != "nt" or _is_windows_name(name))
    )


def _is_windows_name(name: str) -> bool:
    stem = name.partition(".")[0].rstrip().lower()
    return not set(name) & set('<>:"|?*') and stem not in _RESERVED and name[-1] not in ". "


def path_inside(folder: Path, relative: str) -> Path:
    """Return the local path, below `folder`, for a path that the server gave.

    Raises:
        Failure: it would be outside of the folder, or has names that no local file can have.
    """
    segments = relative.split("/")
    if not all(is_plain_name(each) for each in segments):
        raise Failure(f"Refused {relative!r}: it cannot be the name of a file here.", code="bad_name")
    found = folder.joinpath(*segments)
    # A symbolic link in between could lead out of the folder.
    if not found.parent.resolve().is_relative_to(folder.resolve()):
        raise Failure(f"Refused {relative!r}: it would be outside of {folder}.", code="bad_name")
    return found
