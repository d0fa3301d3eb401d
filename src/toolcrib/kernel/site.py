"""The site's own addresses, as people and other programs reach them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.other_pages import PAGE
from toolcrib.settings import Settings

Scope = MutableMapping[str, Any]
# A path of our page, with its query; not an address of another site.
PAGE_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}")


class Site:
    """`url` gives the address of a page or route. FRONTEND_BASE_URL is believed; without it, the address the
    request came to."""

    def __init__(self, settings: Settings, links: Mapping[str, Callable[[Claim], str]]) -> None:
        self._public_url = settings.public_url
        self._base_path = settings.base_path
        self._links = links
        self._page_home = settings.base_path + (f"/{PAGE}" if settings.ui_dir is not None else "")
        # Where other pages have `/`. FRONTEND_BASE_URL says by itself where our page is.
        self._page = f"/{PAGE}" if settings.ui_dir is not None and not settings.public_url else ""

    def url(self, scope: Scope | None, path: str) -> str:
        if self._public_url:
            return self._public_url + path
        if scope is None:
            return self._base_path + path
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        return f"{scope.get('scheme', 'http')}://{host}{self._base_path}{path}"

    def path(self, path: str) -> str:
        """Return `url` without scheme and host, so that a program that follows it keeps using the host name and proxy
        it already uses."""
        base = urlsplit(self._public_url).path if self._public_url else self._base_path
        return base + path

    def page_url(self, scope: Scope | None, path: str) -> str:
        """As `url`, for a path of our page."""
        return self.url(scope, self._page + path)

    def page_path(self, path: str) -> str:
        """Return a path of our page without scheme and host, for a browser that is at this site already."""
        return self._page_home + path

    def claim_path(self, claim: Claim) -> str:
        link = self._links.get(claim.kind)
        return link(claim) if link else "/"

    def claim_url(self, scope: Scope | None, claim: Claim) -> str:
        return self.page_url(scope, self.claim_path(claim))
