"""The Guacamole gateway's JSON authentication (desktops contract, section 12; guacamole-auth-json)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import orjson
import structlog

from toolcrib.desktops.errors import GatewayDown, GatewaySlow
from toolcrib.desktops.launchers.launcher import Address
from toolcrib.settings import Settings

log = structlog.get_logger()

# The clients wait for 10 s (section 17).
WAIT_SECONDS = 8.0
LIFETIME = timedelta(hours=1)
ANSWER_BYTES = 64 * 1024
MAX_TOKEN = 1024
NO_ANSWER = "The remote-display gateway cannot be reached now. Try again later."


@dataclass(frozen=True)
class Screen:
    """A desktop as the gateway is to show it."""

    address: Address
    password: str
    copy_out: bool
    paste_in: bool
    view_only: bool = False

    def parameters(self) -> dict[str, str]:
        found = {
            "hostname": self.address.host,
            "port": str(self.address.port),
            "password": self.password,
            "disable-copy": "false" if self.copy_out else "true",
            "disable-paste": "false" if self.paste_in else "true",
        }
        return found | ({"read-only": "true"} if self.view_only else {})


def document(username: str, screens: Mapping[str, Screen], *, now: datetime) -> bytes:
    """What the gateway is told: who comes, until when, and what they may open, by name."""
    connections = {
        name: {"protocol": "vnc", "parameters": screen.parameters()} for name, screen in screens.items()
    }
    ends = int((now + LIFETIME).timestamp() * 1000)
    return orjson.dumps({"username": username, "expires": ends, "connections": connections})


def sealed(key: str, text: bytes) -> str:
    """Sign and encrypt `text` with the gateway's key of 32 hexadecimal digits."""
    from cryptography.hazmat.primitives.ciphers import Cipher, modes  # noqa: PLC0415 - 10 MB, for gateways alone
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
    from cryptography.hazmat.primitives.padding import PKCS7  # noqa: PLC0415

    secret = bytes.fromhex(key)
    padder = PKCS7(AES.block_size).padder()
    signed = hmac.new(secret, text, hashlib.sha256).digest() + text
    padded = padder.update(signed) + padder.finalize()
    # A vector of zeros is the protocol. The signature comes first, which differs each time.
    encryptor = Cipher(AES(secret), modes.CBC(bytes(16))).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


async def sign_in(settings: Settings, text: bytes) -> str:
    """Sign `text` in at the gateway, and return the address to open in a browser.

    Raises:
        GatewayDown: it cannot be reached, refused, or answered nonsense (502).
        GatewaySlow: it did not answer in time (504).
    """
    import httpx  # noqa: PLC0415 - 6 MB, for gateways alone

    data = sealed(settings.guacamole_json_secret_key.get_secret_value(), text)
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            answer = await _ask(f"{settings.guacamole_url}/api/tokens", data)
    except (TimeoutError, httpx.TimeoutException):
        log.warning("gateway_slow", seconds=WAIT_SECONDS)
        raise GatewaySlow("The remote-display gateway did not answer in time. Try again later.") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        log.warning("gateway_down", error=type(error).__name__)
        raise GatewayDown(NO_ANSWER) from None
    token = answer.get("authToken")
    if not isinstance(token, str) or not 0 < len(token) <= MAX_TOKEN:
        raise GatewayDown("The remote-display gateway gave no answer that makes sense.")
    outside = settings.external_guacamole_url or settings.guacamole_url
    return f"{outside}/#/?token={quote(token, safe='')}"


async def _ask(url: str, data: str) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - 6 MB, for gateways alone

    async with (
        httpx.AsyncClient(timeout=WAIT_SECONDS, follow_redirects=False) as client,
        client.stream("POST", url, data={"data": data}) as answer,
    ):
        if answer.status_code == 403:
            log.error("gateway_refused", hint="Does GUACAMOLE_JSON_SECRET_KEY match the gateway's?")
            raise GatewayDown("The remote-display gateway refused: its administrator can say why.")
        if answer.status_code != 200:
            log.warning("gateway_answered", status=answer.status_code)
            raise GatewayDown(NO_ANSWER)
        body = b""
        async for piece in answer.aiter_bytes():
            body += piece
            if len(body) > ANSWER_BYTES:
                return {}
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
