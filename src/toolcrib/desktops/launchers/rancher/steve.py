"""Calls to Rancher's API of one cluster (contract, section 10)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from toolcrib.desktops.launchers.kubernetes.refusals import NotAccepted, refusal
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherRefused
from toolcrib.settings import Settings

ANSWER_BYTES = 16 * 1024 * 1024
PAGES = 200
PAGE = 500

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "DELETE": "delete"}


class Steve:
    """Rancher's API, as the token's owner. Every call ends within the settings' time."""

    def __init__(self, settings: Settings) -> None:
        self.namespace = settings.kubernetes_namespace
        self._settings = settings
        self._seconds = settings.kubernetes_timeout_seconds
        self._client: httpx.AsyncClient | None = None

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> dict[str, Any]:
        """Raises Missing, Exists, Changed, LauncherRefused, LauncherDown."""
        status, content = await self._send(method, path, query, body)
        try:
            found = json.loads(content) if content.strip() else {}
        except (ValueError, RecursionError):
            found = None
        if 200 <= status < 300 and isinstance(found, dict):
            return found
        if 200 <= status < 400:
            raise LauncherDown("Rancher's answer makes no sense. Is RANCHER_API_URL right?")
        plural = path.strip("/").partition("/")[0]
        if isinstance(found, dict):  # Rancher's own form of a refusal
            found = {"reason": found.get("code"), "message": found.get("message")}
            found = {key: value for key, value in found.items() if isinstance(value, str)}
        error = refusal(status, found, verb=_VERBS[method], plural=plural, namespace=self.namespace)
        if isinstance(error, NotAccepted):
            raise LauncherRefused("Rancher does not accept RANCHER_API_TOKEN.")
        raise error

    async def all_of(self, plural: str, *, labels: str = "") -> list[dict[str, Any]]:
        """All objects of a kind in the namespace."""
        query = {"namespaceId": self.namespace, "limit": str(PAGE)}
        if labels:
            query["labelSelector"] = labels
        found: list[dict[str, Any]] = []
        for _ in range(PAGES):
            page = await self.call("GET", f"/{plural}", query=query)
            data, on = page.get("data"), page.get("continue")
            if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
                raise LauncherDown("Rancher's answer makes no sense. Is RANCHER_API_URL right?")
            found.extend(data)
            if not on or not isinstance(on, str):
                return found
            query["continue"] = on
        raise LauncherDown("Rancher's list has no end.")

    async def _send(
        self, method: str, path: str, query: Mapping[str, str] | None, body: Any
    ) -> tuple[int, bytes]:
        settings = self._settings
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=self._seconds, follow_redirects=False)
        url = f"{settings.rancher_api_url}/k8s/clusters/{settings.rancher_cluster_id}/v1{path}"
        headers = {"Authorization": f"Bearer {settings.rancher_api_token.get_secret_value()}"}
        content = bytearray()
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._client.stream(method, url, params=query, json=body, headers=headers) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    content += piece
                    if len(content) > ANSWER_BYTES:
                        raise LauncherDown("Rancher's answer is longer than any that makes sense.")
                return answer.status_code, bytes(content)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise LauncherDown(f"Rancher did not answer within {self._seconds:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise LauncherDown(f"Rancher cannot be reached ({type(error).__name__}).") from error
