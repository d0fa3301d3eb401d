"""How the server is reached, and how much one client may take."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from toolcrib.settings.group import Group
from toolcrib.settings.values import Address, Flag, Folder, Words, named


def is_site(address: str) -> bool:
    """Return whether an address is one of a web site, and not a pattern of several."""
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises where it is none
    except ValueError:
        return False
    is_plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "*" not in address and is_plain


class Network(Group):
    host: str = Field("127.0.0.1", validation_alias="HOST", description="Address to listen on.")
    port: int = Field(5000, ge=0, le=65535, validation_alias="PORT", description="Port to listen on.")
    base_path: str = Field(
        "", validation_alias="BASE_PATH", description="Path below which the whole site is, like `/crib`."
    )
    public_url: Address = Field(
        "",
        validation_alias=named("FRONTEND_BASE_URL", "PUBLIC_URL"),
        description="The site's address as people type it; links in mail and refusals start with it.",
    )
    ui_dir: Folder | None = Field(
        None,
        validation_alias="UI_DIR",
        description="Folder with the built files of another web client. It has `/` then, and our own page answers "
        "under `/crib/` (let FRONTEND_BASE_URL end so, too).",
    )
    api_at_root: Flag = Field(
        False, validation_alias="API_AT_ROOT", description="Also answer API routes without the `/api` prefix."
    )
    trusted_proxies: Words = Field(
        ["127.0.0.1", "::1"],
        validation_alias="TRUSTED_PROXIES",
        description="Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses and networks "
        "(`10.0.0.0/8`), comma separated; `*` for every client.",
    )
    cors_origins: Words = Field(
        [],
        validation_alias="CORS_ORIGINS",
        description="Other origins whose pages may call the API, comma separated, without cookies; `*` for any.",
    )
    cors_allowed_origins: Words = Field(
        [],
        validation_alias="CORS_ALLOWED_ORIGINS",
        description="Origins whose pages may also send the browser's cookies, below `/api` alone; comma separated, "
        "never `*`. FRONTEND_URL is one too. An origin that is listed in CORS_ORIGINS as well may do both.",
    )
    frontend_url: Address = Field(
        "",
        validation_alias="FRONTEND_URL",
        description="Address of another web front end that people use in place of our page. Its origin is one of "
        "CORS_ALLOWED_ORIGINS; see also OIDC_CALLBACK_URL.",
    )
    cookie_secure: Flag = Field(
        False,
        validation_alias="COOKIE_SECURE",
        description="Mark the sign-in cookie Secure even when the request was HTTP.",
    )
    max_body_bytes: int = Field(
        65_536,
        ge=65_536,
        validation_alias="MAX_BODY_BYTES",
        description="Largest ordinary JSON body; uploads and bulk calls have their own.",
    )
    max_connections: int = Field(
        4_096,
        ge=16,
        validation_alias="MAX_CONNECTIONS",
        description="Connections at the same time, in each process; fewer if it may have fewer descriptors. A few "
        "more are taken for `/health` alone.",
    )
    connections_per_address: int = Field(
        512,
        ge=1,
        validation_alias="CONNECTIONS_PER_ADDRESS",
        description="Of those, how many one address may have (an IPv6 network of 64 bits counts as one). For what "
        "comes through TRUSTED_PROXIES, how many requests under way from the address that the proxy names.",
    )
    streams_per_person: int = Field(
        50,
        ge=1,
        validation_alias="STREAMS_PER_PERSON",
        description="Live event streams that one person may have, in each process. One more ends their oldest.",
    )
    head_seconds: float = Field(
        20.0,
        gt=0,
        validation_alias="HEAD_SECONDS",
        description="How long a connection may stay without the whole head of a request; a quarter of it while all "
        "connections are taken.",
    )
    keep_alive_seconds: float = Field(
        75.0,
        gt=0,
        validation_alias="KEEP_ALIVE_SECONDS",
        description="How long an idle connection stays open after an answer; a second while all connections are taken. "
        "Longer than a proxy in front keeps its own (nginx: 60), which otherwise sends a request on one that is just "
        "being closed.",
    )
    body_memory_bytes: int = Field(
        128 * 2**20,
        ge=2**20,
        validation_alias="BODY_MEMORY_BYTES",
        description="Memory that the bodies of requests under way may fill together, in each process: half of it for "
        "one person, a quarter for all who have not signed in. A body is read when its whole length has room. Uploads "
        "are written as they arrive and do not count.",
    )
    body_wait_seconds: float = Field(
        30.0,
        gt=0,
        validation_alias="BODY_WAIT_SECONDS",
        description="How long a request waits for the memory that its body needs; then it is answered 503.",
    )
    body_stall_seconds: float = Field(
        60.0,
        gt=0,
        validation_alias="BODY_STALL_SECONDS",
        description="How long a body may stop arriving before the request is ended (408). While others wait for its "
        "memory, it must arrive within this time as a whole, and may stop for a twentieth of it.",
    )
    body_bytes_per_second: int = Field(
        512,
        gt=0,
        validation_alias="BODY_BYTES_PER_SECOND",
        description="Slowest pace at which a body may arrive; a stop counts no longer than BODY_STALL_SECONDS. An "
        "upload may take any time.",
    )

    @property
    def sites_with_cookies(self) -> list[str]:
        """The addresses of the front ends whose pages may send cookies."""
        return [*self.cors_allowed_origins, *filter(None, [self.frontend_url])]

    @field_validator("ui_dir", mode="before")
    @classmethod
    def _empty_folder_is_unset(cls, value: Any) -> Any:
        return None if value == "" else value

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        try:
            for each in value:
                if each != "*":
                    ip_network(each, strict=False)
        except ValueError:
            raise ValueError(
                "write addresses, networks like 10.0.0.0/8, or *; host names are not looked up"
            ) from None
        return value

    @field_validator("cors_allowed_origins", "frontend_url")
    @classmethod
    def _sites(cls, value: Any) -> Any:
        for each in [value] if isinstance(value, str) else value:
            if each and not is_site(each):
                raise ValueError("write addresses like https://desk.example.com; * is not possible here")
        return value

    @field_validator("base_path")
    @classmethod
    def _rooted(cls, value: str) -> str:
        trimmed = value.strip("/")
        return f"/{trimmed}" if trimmed else ""
