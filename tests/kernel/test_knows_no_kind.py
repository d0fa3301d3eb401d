"""The kernel serves every kind alike: it names none of them, and none of their addresses."""

from __future__ import annotations

import re
from pathlib import Path

from toolcrib import kernel
from toolcrib.server import OUR_KINDS

KERNEL = Path(kernel.__file__).parent
# A citation names the contract that a rule was taken from.
CITATION = re.compile(r"\b[\w-]+ contract\b")
# Words that mean a kind and nothing else; "document" and "part" are ordinary words.
WORDS = re.compile(
    r"(?i)\b(assets?|lfs|machines?|desktops?|webdav|wopi|tus|Pool(?:User|New)\w*)\b|/info/|/dav\b"
)
# The build tool's folder for hashed files.
FINE = {'HASHED = "assets/"'}


def addresses_of_kinds() -> set[str]:
    """The fixed beginnings of all addresses that kinds answer at, `/api` left away."""
    routes = [
        route
        for kind in OUR_KINDS
        for router in (*kind.routers, *kind.root_routers)
        for route in router.routes
    ]
    paths = {str(getattr(route, "path", "")).split("{")[0].rstrip("/") for route in routes}
    # Sign-in and administration are the kernel's, though a kind may have addresses of its own beside them.
    first = {f"/api/{path.split('/')[1]}" for path in paths if path} - {"/api/auth", "/api/admin"}
    limits = {at.removeprefix("/api").rstrip("/") for kind in OUR_KINDS for at in kind.body_limits}
    return first | limits | paths - {""}


def lines() -> list[tuple[str, str]]:
    found = []
    for path in sorted(KERNEL.rglob("*")):
        if path.suffix in {".py", ".html", ".txt"}:
            name = str(path.relative_to(KERNEL))
            found += [(f"{name}:{at}", line) for at, line in enumerate(path.read_text().splitlines(), 1)]
    return found


def test_no_file_of_the_kernel_names_a_kind() -> None:
    named = [
        f"{where} {line.strip()}"
        for where, line in lines()
        if line.strip() not in FINE and WORDS.search(CITATION.sub("", line))
    ]
    assert named == []


def test_no_file_of_the_kernel_names_an_address_of_a_kind() -> None:
    addresses = addresses_of_kinds()
    assert {"/storage/upload/proxy", "/dav", "/locks"} <= addresses
    pattern = re.compile("|".join(rf"{re.escape(each)}\b" for each in sorted(addresses)))
    assert [f"{where} {line.strip()}" for where, line in lines() if pattern.search(line)] == []
