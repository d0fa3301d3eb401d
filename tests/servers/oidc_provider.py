"""A certified OpenID provider (the npm package `oidc-provider`), and browsers that sign in and out there."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from tests.servers.node import CLIENTS, TOOLS, package
from tests.servers.process import STOP_SECONDS, program

REDIRECTS = frozenset({302, 303})
_FORM = re.compile(r'<form[^>]*?action="([^"]+)"')
_FIELD = re.compile(r'<input[^>]*?type="hidden"[^>]*?name="([^"]+)"[^>]*?value="([^"]*)"')


class CertifiedProvider:
    """`url` is its issuer. `register` makes a client; `browser` gives one in which nobody is signed in there."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=30)

    def tell_of(self, **people: dict[str, Any]) -> None:
        """Say what the provider tells of people, by the name with which they sign in."""
        self._http.post("/test/people", json=people).raise_for_status()

    def register(self, **metadata: Any) -> Registered:
        answer = self._http.post("/reg", json={"redirect_uris": ["http://127.0.0.1:9/"], **metadata})
        answer.raise_for_status()
        return Registered(self, answer.json())

    def browser(self) -> Browser:
        return Browser()

    def close(self) -> None:
        self._http.close()


class Registered:
    """A client at the provider; `move_to` says where it is."""

    def __init__(self, provider: CertifiedProvider, known: dict[str, Any]) -> None:
        self._provider = provider
        self._known = known

    @property
    def settings(self) -> dict[str, str]:
        return {
            "OIDC_PROVIDER_URL": self._provider.url,
            "OIDC_CLIENT_ID": self._known["client_id"],
            "OIDC_CLIENT_SECRET": self._known["client_secret"],
        }

    def move_to(self, url: str) -> None:
        """Register the addresses of a Toolcrib server that runs at `url` (RFC 7592)."""
        left_out = {"registration_client_uri", "registration_access_token", "client_id_issued_at"}
        kept = {name: value for name, value in self._known.items() if name not in left_out}
        changed = {
            **kept,
            "redirect_uris": [f"{url}/api/auth/oidc/callback"],
            "post_logout_redirect_uris": [f"{url}/login"],
            "backchannel_logout_uri": f"{url}/api/auth/oidc/backchannel-logout",
            "backchannel_logout_session_required": True,
        }
        changed.pop("client_secret_expires_at", None)
        token = {"Authorization": f"Bearer {self._known['registration_access_token']}"}
        answer = httpx.put(self._known["registration_client_uri"], json=changed, headers=token, timeout=30)
        assert answer.status_code == 200, answer.text


class Browser:
    """A browser that follows redirects and fills in the provider's forms."""

    def __init__(self) -> None:
        self.http = httpx.AsyncClient(timeout=30)

    async def sign_in(self, authorization_url: str, person: str) -> str:
        """Sign in as `person`, consent, and return the address that the provider sends the browser to."""
        answer = await self._follow(await self.http.get(authorization_url), authorization_url)
        while isinstance(answer, httpx.Response):
            assert answer.status_code == 200, answer.text
            form = (
                {"login": person, "password": secrets.token_urlsafe(8)} if "password" in answer.text else {}
            )
            answer = await self._submit(answer, **form)
        return answer

    async def sign_out(self, url: str) -> str | None:
        """Open the provider's sign-out page and say yes; the address that it leads to, None if it stays there."""
        answer = await self._follow(await self.http.get(url), url)
        assert isinstance(answer, httpx.Response)
        assert answer.status_code == 200, answer.text
        done = await self._submit(answer, logout="yes")
        return None if isinstance(done, httpx.Response) else done

    async def close(self) -> None:
        await self.http.aclose()

    async def _submit(self, page: httpx.Response, **fields: str) -> httpx.Response | str:
        found = _FORM.search(page.text)
        assert found, page.text
        form = {name: unescape(value) for name, value in _FIELD.findall(page.text)}
        url = urljoin(str(page.url), unescape(found[1]))
        return await self._follow(await self.http.post(url, data={**form, **fields}), url)

    async def _follow(self, answer: httpx.Response, start: str) -> httpx.Response | str:
        """Follow redirects within the provider; return the page, or the address elsewhere."""
        while answer.status_code in REDIRECTS:
            url = urljoin(str(answer.url), answer.headers["location"])
            if urlsplit(url).netloc != urlsplit(start).netloc:
                return url
            answer = await self.http.get(url)
        return answer


def brought(url: str) -> dict[str, str]:
    """What the provider gave a browser for us: `code` and `state`."""
    query = parse_qs(urlsplit(url).query)
    return {name: query[name][0] for name in ("code", "state")}


@contextmanager
def certified_provider() -> Iterator[CertifiedProvider]:
    package("oidc-provider")
    child = subprocess.Popen(
        [program("node", str(TOOLS)), str(CLIENTS / "oidc_provider.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        provider = CertifiedProvider(json.loads(child.stdout.readline())["issuer"])
        yield provider
        provider.close()
    finally:
        child.stdin.close()
        try:
            child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()
