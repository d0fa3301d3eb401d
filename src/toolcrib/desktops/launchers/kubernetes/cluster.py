"""Calls to the API of the cluster.

Credentials, TLS and connections are the official client's. What is answered is read here, and not by its models:
those refuse an object with a field that they do not know, which any newer cluster sends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from toolcrib.desktops.launchers.kubernetes.answers import Metadata, Object, Page, Status, WatchEvent, read
from toolcrib.desktops.launchers.kubernetes.credentials import open_client
from toolcrib.desktops.launchers.kubernetes.limits import LIMITS, Limits
from toolcrib.desktops.launchers.kubernetes.refusals import Expired, Missing, NotAccepted, refusal
from toolcrib.desktops.launchers.kubernetes.resources import Resource
from toolcrib.desktops.launchers.launcher import LauncherDown, LauncherError, LauncherRefused
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from aiohttp import ClientResponse
    from kubernetes.aio.client import ApiClient

T = TypeVar("T")

FIELD_MANAGER: Final = "toolcrib"
SCALER: Final = "toolcrib-scale"
ANSWER_BYTES = 1024 * 1024
PAGE_BYTES = 16 * 1024 * 1024
WATCH_SECONDS = 240
LISTS = 3

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


@dataclass
class _Connection:
    """A client, which is closed when its last call has ended."""

    client: ApiClient
    calls: int = 0
    is_over: bool = False

    async def close_if_unused(self) -> None:
        if self.is_over and not self.calls:
            await self.client.close()  # type: ignore[no-untyped-call]


class Cluster:
    """The API of one cluster in one namespace. Every call ends within the settings' time, a watch with its reader."""

    def __init__(self, settings: Settings, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self.namespace = settings.kubernetes_namespace
        self._settings = settings
        self._seconds = settings.kubernetes_timeout_seconds
        self._connection: _Connection | None = None
        self._opening = asyncio.Lock()

    async def aclose(self) -> None:
        if (connection := self._connection) is not None:
            self._connection, connection.is_over = None, True
            await connection.close_if_unused()

    async def open(self) -> None:
        """Read the credentials. Raises LauncherMissing."""
        async with self._opening:
            if self._connection is None:
                self._connection = _Connection(await open_client(self._settings))

    async def get(self, resource: Resource, name: str) -> Mapping[str, Any]:
        """Raises Missing."""
        return await self._call("GET", resource, name)

    async def create(self, resource: Resource, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises Exists."""
        query = {"fieldManager": FIELD_MANAGER}
        return await self._call("POST", resource, query=query, body=manifest)

    async def replace(
        self, resource: Resource, manifest: Mapping[str, Any], *, version: str
    ) -> Mapping[str, Any]:
        """Have the object be as `manifest` says. Raises Changed if it is not of this version any more, or Missing."""
        body = {**manifest, "metadata": {**manifest["metadata"], "resourceVersion": version}}
        query = {"fieldManager": FIELD_MANAGER}
        return await self._call("PUT", resource, manifest["metadata"]["name"], query=query, body=body)

    async def apply(self, resource: Resource, manifest: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make the object, or have all that we ever said of it be as `manifest` says now (server-side apply)."""
        query = {"fieldManager": FIELD_MANAGER, "force": "true"}
        name = manifest["metadata"]["name"]
        return await self._call("PATCH", resource, name, query=query, body=manifest, content_type=APPLY)

    async def merge(self, resource: Resource, name: str, change: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change some fields. Raises Missing, and Changed if `change` states a version that is over."""
        query = {"fieldManager": SCALER}
        return await self._call("PATCH", resource, name, query=query, body=change, content_type=MERGE)

    async def delete(self, resource: Resource, found: Metadata) -> None:
        """Delete this very object, and what depends on it. One that is gone is deleted. Raises Changed."""
        body = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": found.uid},
        }
        with contextlib.suppress(Missing):
            await self._call("DELETE", resource, found.name, body=body)

    async def find_all(
        self, resource: Resource, *, labels: str = "", fields: str = ""
    ) -> tuple[list[dict[str, Any]], str]:
        """All objects of these labels and fields, and the version that the list is of."""
        for _ in range(LISTS):
            try:
                return await self._list(resource, labels, fields)
            except Expired:  # it took too long from page to page
                continue
        raise LauncherDown("The cluster changes faster than it can be listed.")

    async def _list(self, resource: Resource, labels: str, fields: str) -> tuple[list[dict[str, Any]], str]:
        found: list[dict[str, Any]] = []
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": str(self._limits.page)}
        seen: set[str] = set()
        while True:
            page = read(Page, await self._call("GET", resource, query=query, most=PAGE_BYTES))
            found.extend(page.items)
            on = page.metadata.continue_
            if not on:
                return found, page.metadata.resource_version
            if on in seen or len(found) > self._limits.objects:
                raise LauncherDown("The cluster's list has no end.")
            seen.add(on)
            query["continue"] = on

    async def watch(
        self, resource: Resource, *, fields: str, version: str
    ) -> AsyncGenerator[tuple[str, dict[str, Any], str], None]:
        """What changes from `version` on: type, object and its version. Raises Expired.

        Ends when the cluster ends it.
        """
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "fieldSelector": fields,
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
        }
        async with self._answer(
            "GET", resource, query=query, seconds=WATCH_SECONDS + self._seconds
        ) as answer:
            if answer.status != 200:
                body = _parsed(await _read(answer, ANSWER_BYTES))
                raise self._refusal(answer.status, body, "watch", resource)
            async for line in _lines(answer):
                event = read(WatchEvent, _parsed(line))
                if event.type == "ERROR":
                    code = read(Status, event.object).code
                    raise self._refusal(code, event.object, "watch", resource)
                yield event.type, event.object, read(Object, event.object).metadata.resource_version

    async def _call(
        self,
        method: str,
        resource: Resource,
        name: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        most: int = ANSWER_BYTES,
    ) -> dict[str, Any]:
        for attempt in (1, 2):
            used = self._connection
            try:
                async with self._answer(
                    method, resource, name, query=query, body=body, content_type=content_type
                ) as answer:
                    content = await _read(answer, most)
                found = _parsed(content)
                if not 200 <= answer.status < 300:
                    verb = "list" if method == "GET" and not name else _VERBS[method]
                    raise self._refusal(answer.status, found, verb, resource)
                if not isinstance(found, dict):
                    raise LauncherDown("The cluster's answer makes no sense. Is this a Kubernetes API?")
                return found
            except NotAccepted as error:
                # Tokens and certificates are renewed in their files: read these once more.
                if attempt == 2:
                    raise LauncherRefused(str(error)) from error
                if self._connection is used:
                    await self.aclose()
        raise AssertionError("unreachable")

    def _refusal(self, code: int, body: object, verb: str, resource: Resource) -> LauncherError:
        return refusal(code, body, verb=verb, plural=resource.plural, namespace=self.namespace)

    @contextlib.asynccontextmanager
    async def _answer(
        self,
        method: str,
        resource: Resource,
        name: str = "",
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        seconds: float | None = None,
    ) -> AsyncIterator[ClientResponse]:
        """The answer, to be read within its time. Whatever breaks is LauncherDown."""
        seconds = seconds or self._seconds
        connection: _Connection | None = None
        answer: ClientResponse | None = None
        try:
            async with asyncio.timeout(seconds):
                await self.open()
                connection = self._connection
                if connection is None:
                    raise LauncherDown("The server is stopping.")
                connection.calls += 1
                path = resource.path(self.namespace, name)
                answer = await _send(connection.client, method, path, query, body, content_type)
                if answer.history:
                    raise LauncherDown("The cluster sends its callers elsewhere. Is this a Kubernetes API?")
                yield answer
        except TimeoutError as error:
            raise LauncherDown(f"The cluster did not answer within {seconds:g} seconds.") from error
        except (OSError, ValueError) as error:
            raise LauncherDown(f"The cluster cannot be reached ({type(error).__name__}).") from error
        except Exception as error:
            # aiohttp's errors; its module is not loaded before the client is.
            if type(error).__module__.startswith(("aiohttp", "kubernetes")):
                raise LauncherDown(f"The cluster cannot be reached ({type(error).__name__}).") from error
            raise
        finally:
            if answer is not None:
                answer.close()  # a connection whose answer was read to its end is kept all the same
            if connection is not None:
                connection.calls -= 1
                await connection.close_if_unused()


async def _send(
    client: ApiClient,
    method: str,
    path: str,
    query: Mapping[str, str] | None,
    body: Mapping[str, Any] | None,
    content_type: str,
) -> ClientResponse:
    from aiohttp import ClientTimeout  # noqa: PLC0415 - loaded with the client

    headers = {"Accept": "application/json", "Content-Type": content_type}
    pairs = [(key, value) for key, value in (query or {}).items() if value]
    parts = await client.param_serialize(
        method, path, query_params=pairs, header_params=headers, body=body, auth_settings=["BearerToken"]
    )
    answer: ClientResponse = (
        await client.call_api(*parts, _request_timeout=ClientTimeout(total=None))
    ).response
    return answer


async def _read(answer: ClientResponse, most: int) -> bytes:
    content = bytearray()
    async for piece in answer.content.iter_any():
        content += piece
        if len(content) > most:
            raise LauncherDown("The cluster's answer is longer than any that makes sense.")
    return bytes(content)


async def _lines(answer: ClientResponse) -> AsyncIterator[bytes]:
    rest = bytearray()
    async for piece in answer.content.iter_any():
        rest += piece
        while (end := rest.find(b"\n")) >= 0:
            line = bytes(rest[:end])
            del rest[: end + 1]
            if line.strip():
                yield line
        if len(rest) > ANSWER_BYTES:
            raise LauncherDown("The cluster's answer is longer than any that makes sense.")


async def together(*calls: Awaitable[T]) -> list[T]:
    """What several calls answer. All are ended before the first error is raised, so that none goes on unseen."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    answers = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        answers.append(result)
    return answers


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
