"""Onshape over HTTP. Only the two configured hosts are called, and no redirect leads elsewhere."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import orjson

from toolcrib.kernel.progress import made_progress
from toolcrib.settings import Settings

CALL_SECONDS = 20.0
# For a file.
DOWNLOAD_SECONDS = 60.0
MAX_JSON_BYTES = 1024 * 1024
MAX_REDIRECTS = 3
SHORTEST_TOKEN_SECONDS, LONGEST_TOKEN_SECONDS = 60, 366 * 86_400
PDF = b"%PDF-"

_URL = re.compile(
    r"https://(?:[a-z0-9-]{1,63}\.){1,4}onshape\.com/documents/(?P<document>[0-9A-Za-z]{1,64})"
    r"/(?P<kind>[wv])/(?P<version>[0-9A-Za-z]{1,64})/e/(?P<element>[0-9A-Za-z]{1,64})/?(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ID = re.compile(r"[0-9A-Za-z_-]{1,128}")
ELSEWHERE = "Onshape named another server, which is not called."
_WORDS = {
    400: "Onshape cannot make a PDF of what the address names: it has to be a drawing.",
    403: "The account that is connected to Onshape may not read this document there.",
    404: "Onshape has nothing at this address, or nothing that the connected account may see.",
    429: "Onshape takes no more requests for now. Try again later.",
}
_ENDED = {"FAILED", "CANCELED", "CANCELLED"}


class ProviderFailed(Exception):
    """Onshape did not answer in time, or not as it should. The text is for people."""


class NotAccepted(Exception):
    """Onshape does not accept the token."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where a drawing is: a document, a workspace (`w`) or version (`v`) of it, and an element."""

    document: str
    kind: str
    version: str
    element: str

    @property
    def place(self) -> str:
        return f"d/{self.document}/{self.kind}/{self.version}/e/{self.element}"


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    refresh: str | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Account:
    id: str | None
    email: str | None
    name: str | None


def drawing_at(url: str) -> Drawing | None:
    """Return the drawing that an address of Onshape names; None if it names none."""
    found = _URL.fullmatch(url.strip())
    if found is None:
        return None
    return Drawing(found["document"], found["kind"].lower(), found["version"], found["element"])


class OnshapeClient:
    def __init__(self, settings: Settings) -> None:
        import httpx  # noqa: PLC0415 - only servers that ask Onshape carry the client: 6 MB

        self._settings = settings
        self._failures = (httpx.HTTPError, httpx.InvalidURL, TimeoutError)
        self._client = httpx.AsyncClient(timeout=CALL_SECONDS, follow_redirects=False)

    async def close(self) -> None:
        await self._client.aclose()

    # Signing in

    async def exchange(self, code: str, redirect_uri: str) -> Tokens:
        """Return the tokens for the code that somebody came back with. Raises ProviderFailed, NotAccepted."""
        return await self._tokens(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Return new tokens. Raises ProviderFailed, NotAccepted."""
        return await self._tokens(grant_type="refresh_token", refresh_token=refresh_token)

    async def _tokens(self, **form: str) -> Tokens:
        settings = self._settings
        form |= {
            "client_id": settings.onshape_client_id,
            "client_secret": settings.onshape_client_secret.get_secret_value(),
        }
        url = f"{settings.onshape_oauth_url}/oauth/token"
        status, body = await self._call("POST", url, None, form=form, max_bytes=MAX_JSON_BYTES)
        if status in (400, 401, 403):
            raise NotAccepted
        found = _json(status, body)
        access, refresh, seconds = (
            found.get(name) for name in ("access_token", "refresh_token", "expires_in")
        )
        if not isinstance(access, str) or not access:
            raise ProviderFailed("Onshape's answer has no token.")
        try:
            lifetime = int(seconds) if seconds is not None else 3600
        except (TypeError, ValueError):
            raise ProviderFailed("Onshape's answer cannot be read.") from None
        lifetime = min(max(lifetime, SHORTEST_TOKEN_SECONDS), LONGEST_TOKEN_SECONDS)
        return Tokens(access, refresh if isinstance(refresh, str) and refresh else None, lifetime)

    async def account(self, token: str) -> Account:
        """Return whose token it is. Raises ProviderFailed, NotAccepted."""
        found = await self._api("GET", "/api/users/sessioninfo", token)
        id_, email, name = (_text(found.get(each)) for each in ("id", "email", "name"))
        return Account(id_, email, name)

    # Drawings

    async def pdf_of(self, drawing: Drawing, name: str, token: str) -> bytes:
        """Have Onshape make a PDF of the drawing, and return it.

        Raises:
            ProviderFailed: it failed, or took longer than ONSHAPE_WAIT_SECONDS.
            NotAccepted: the token is not accepted.
        """
        wanted = {
            "formatName": "PDF",
            "destinationName": name,
            "currentSheetOnly": False,
            "selectablePdfText": True,
        }
        path = f"/api/v6/drawings/{drawing.place}/translations"
        try:
            async with asyncio.timeout(self._settings.onshape_wait_seconds):
                found = await self._api("POST", path, token, body=wanted)
                while (state := found.get("requestState")) != "DONE":
                    if state in _ENDED:
                        raise ProviderFailed("Onshape could not make a PDF of this drawing.")
                    await asyncio.sleep(self._settings.onshape_poll_seconds)
                    made_progress()
                    found = await self._api("GET", str(found.get("href") or ""), token)
        except TimeoutError:
            raise ProviderFailed("Onshape took too long to make a PDF of this drawing.") from None
        return await self._download(self._result(drawing, found), token)

    def _result(self, drawing: Drawing, found: dict[str, Any]) -> str:
        """Return the path of the PDF that was made."""
        for name in ("resultExternalDataIds", "resultElementIds"):
            ids = found.get(name)
            if not isinstance(ids, list) or not ids:
                continue
            if not isinstance(ids[0], str) or not _ID.fullmatch(ids[0]):
                raise ProviderFailed("Onshape's answer cannot be read.")
            if name == "resultExternalDataIds":
                return f"/api/v6/documents/d/{drawing.document}/externaldata/{ids[0]}"
            place = f"d/{drawing.document}/{drawing.kind}/{drawing.version}/e/{ids[0]}"
            return f"/api/v6/blobelements/{place}"
        raise ProviderFailed("Onshape made no file of this drawing.")

    async def _download(self, path: str, token: str) -> bytes:
        status, body = await self._call(
            "GET",
            self._api_url(path),
            token,
            max_bytes=self._settings.part_max_file_bytes,
            accept="application/pdf, application/octet-stream, */*",
            seconds=DOWNLOAD_SECONDS,
        )
        if status == 401:
            raise NotAccepted
        if status != 200:
            raise ProviderFailed(_in_words(status))
        if not body.startswith(PDF):
            raise ProviderFailed("Onshape's file is no PDF.")
        return body

    # Calls

    def _api_url(self, address: str) -> str:
        """Return an address of the API as a whole one.

        Raises:
            ProviderFailed: it lies on another host.
        """
        return _within(f"{self._settings.onshape_api_url}/api/", address, below=b"/api/")

    async def _api(self, method: str, address: str, token: str, body: Any = None) -> dict[str, Any]:
        url = self._api_url(address)
        status, found = await self._call(method, url, token, body=body, max_bytes=MAX_JSON_BYTES)
        if status == 401:
            raise NotAccepted
        return _json(status, found)

    async def _call(
        self,
        method: str,
        url: str,
        token: str | None,
        *,
        body: Any = None,
        form: dict[str, str] | None = None,
        accept: str = "application/json",
        max_bytes: int,
        seconds: float = CALL_SECONDS,
    ) -> tuple[int, bytes]:
        """Make one call. Redirects are followed on the same host only."""
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token is not None else {})
        try:
            async with asyncio.timeout(seconds):
                for _ in range(MAX_REDIRECTS + 1):
                    request = self._client.build_request(method, url, json=body, data=form, headers=headers)
                    answer = await self._client.send(request, stream=True)
                    try:
                        if answer.is_redirect and method == "GET":
                            url = _within(url, answer.headers.get("location", ""))
                            continue
                        return answer.status_code, await _read(answer, max_bytes)
                    finally:
                        await answer.aclose()
                        made_progress()
        except self._failures:
            raise ProviderFailed("Onshape does not answer.") from None
        raise ProviderFailed("Onshape redirects too often.")


async def _read(answer: Any, max_bytes: int) -> bytes:
    found = bytearray()
    async for piece in answer.aiter_bytes():
        found += piece
        if len(found) > max_bytes:
            raise ProviderFailed("Onshape's answer is too large.")
        made_progress()
    return bytes(found)


def _within(base: str, address: str, *, below: bytes = b"/") -> str:
    """Return an address that Onshape has named, as a whole one, if it lies on the host of `base`.

    Raises:
        ProviderFailed: it lies elsewhere.
    """
    import httpx  # noqa: PLC0415 - only servers that ask Onshape carry it: 6 MB

    try:
        here = httpx.URL(base)
        found = here.join(address)
    except httpx.InvalidURL:
        raise ProviderFailed(ELSEWHERE) from None
    is_here = (found.scheme, found.host, found.port) == (here.scheme, here.host, here.port)
    if not is_here or found.userinfo or not found.raw_path.startswith(below):
        raise ProviderFailed(ELSEWHERE)
    return str(found)


def _json(status: int, body: bytes) -> dict[str, Any]:
    if not 200 <= status < 300:
        raise ProviderFailed(_in_words(status))
    try:
        found = orjson.loads(body)
    except ValueError:
        raise ProviderFailed("Onshape's answer cannot be read.") from None
    if not isinstance(found, dict):
        raise ProviderFailed("Onshape's answer cannot be read.")
    return found


def _in_words(status: int) -> str:
    if status in _WORDS:
        return _WORDS[status]
    if status >= 500:
        return f"Onshape has a problem of its own ({status}). Try again later."
    return f"Onshape answered {status}."


def _text(value: Any) -> str | None:
    return value[:255] if isinstance(value, str) and value else None
