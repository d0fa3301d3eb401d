"""Text from hosts as people may see it: bounded, printable, without the secrets of the run."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolcrib.machines.hosts.driver import OUTPUT_BYTES, Host

MASK = "********"
_UNPRINTABLE = re.compile(r"[^\t\n -~\u00a0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]")
# Hashes and private keys are secrets of somebody even where they are not those of this run.
_SECRET_FORMS = re.compile(
    r"\$(?:[0-9a-z]{1,10})\$[^\s:]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.DOTALL,
)


def secrets_of(host: Host, *others: str | None) -> tuple[str, ...]:
    """Return what must not be shown of a run on this host, longest first."""
    found = [host.password, host.private_key, *others]
    if host.jump:
        found += [host.jump.password, host.jump.private_key]
    return tuple(sorted({one for one in found if one}, key=len, reverse=True))


def clean(text: str | bytes, secrets: Iterable[str]) -> str:
    """Return the end of `text`, at most OUTPUT_BYTES in UTF-8, masked and without control characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = text.replace("\r\n", "\n")
    for secret in secrets:
        text = text.replace(secret, MASK)
    text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", _SECRET_FORMS.sub(MASK, text)).strip()
    return text.encode()[-OUTPUT_BYTES:].decode("utf-8", "ignore")


def one_line(text: str | bytes, secrets: Iterable[str], *, length: int = 300) -> str:
    return " ".join(clean(text, secrets).split())[:length]
