"""Requests to a server: each returns its answer or raises one clear failure."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote

from toolcrib.cli.core.accounts import Account
from toolcrib.cli.core.failures import CannotTell, Failure, Held, NotSignedIn, Unreachable

if TYPE_CHECKING:
    import httpx

PAGE = 10_000  # the most paths in one call, and claims on one page


class ApiClient:
    """A server, used as one account. The first request opens the connection, which is kept."""

    def __init__(self, account: Account, *, timeout_seconds: float = 60.0) -> None:
        self.account = account
        self._timeout_seconds = timeout_seconds
        self._opened: httpx.Client | None = None

    @property
    def url(self) -> str:
        return self.account.url

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params)

    def post(self, path: str, body: Any = None, *, timeout_seconds: float | None = None) -> Any:
        return self.request("POST", path, body=body, timeout_seconds=timeout_seconds)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Send one request and return the JSON of a good answer (None when it has no body)."""
        return self.exchange(method, path, params=params, body=body, timeout_seconds=timeout_seconds)[0]

    def exchange(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        timeout_seconds: float | None = None,
    ) -> tuple[Any, "httpx.Headers"]:
        """Send one request and return the JSON and the headers of a good answer.

        Raises:
            Held: refused because somebody else holds the thing.
            NotSignedIn: our credentials are missing or no longer good.
            Unreachable: no answer, or one that says "not now".
            Failure: any other refusal, with the server's own words.
        """
        from toolcrib.cli.core.httpx_without_cli import httpx

        extra: dict[str, Any] = {} if timeout_seconds is None else {"timeout": timeout_seconds}
        if body is not None:
            extra["json"] = body
        wanted = {key: value for key, value in (params or {}).items() if value is not None}
        try:
            response = self._client().request(method, f"{self.url}/api{path}", params=wanted or None, **extra)
        except httpx.HTTPError as broken:
            self._unreachable(broken)
        except UnicodeEncodeError as bad:
            raise CannotTell(f"{bad.object!r} is not valid Unicode text.", code="not_unicode") from bad
        if response.status_code >= 300:
            raise refusal(
                response.status_code, _json(response), self.account, response.headers.get("Retry-After")
            )
        _warn_of(response)
        if not response.content:
            return None, response.headers
        answer = _json(response)
        if answer is None:
            raise CannotTell(f"{self.url} answered, but not like a Toolcrib server. Is the address right?")
        return answer, response.headers

    @contextmanager
    def stream(self, path: str, params: dict[str, Any], *, idle_seconds: float) -> Iterator[Iterator[str]]:
        """Yield the lines of a live answer. Silence longer than `idle_seconds` counts as a broken connection."""
        headers = {"Accept": "text/event-stream"}
        with self.answer("GET", path, params=params, headers=headers, idle_seconds=idle_seconds) as response:
            yield response.iter_lines()

    @contextmanager
    def answer(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        content: "Iterator[bytes] | bytes | None" = None,
        idle_seconds: float | None = None,
    ) -> "Iterator[httpx.Response]":
        """Yield a good answer before its body is read, for content in either direction.

        Raises as `exchange`, also for a connection that breaks while the caller reads.
        """
        from toolcrib.cli.core.httpx_without_cli import httpx

        wanted = {key: value for key, value in (params or {}).items() if value is not None}
        timeout = httpx.Timeout(self._timeout_seconds, read=idle_seconds or self._timeout_seconds)
        try:
            with self._client().stream(
                method,
                f"{self.url}/api{path}",
                params=wanted or None,
                headers=headers,
                content=content,
                timeout=timeout,
            ) as response:
                if response.status_code >= 300:
                    response.read()
                    retry_after = response.headers.get("Retry-After")
                    raise refusal(response.status_code, _json(response), self.account, retry_after)
                _warn_of(response)
                yield response
        except httpx.HTTPError as broken:
            self._unreachable(broken)

    def all_pages(self, path: str, field: str, **params: Any) -> list[dict[str, Any]]:
        """Return every item of a list that is read page by page (`next_cursor`)."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            answer = self.get(path, limit=PAGE, cursor=cursor, **params)
            items += answer[field]
            cursor = answer.get("next_cursor")
            if not cursor:
                return items

    def all_rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """Return every row of a bare array that is read page by page (`X-Next-Cursor`)."""
        rows: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            answer, headers = self.exchange("GET", path, params={**params, "limit": PAGE, "cursor": cursor})
            rows += answer
            cursor = headers.get("X-Next-Cursor")
            if not cursor:
                return rows

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def _client(self) -> "httpx.Client":
        if self._opened is None:
            import ssl

            from toolcrib.cli.core.httpx_without_cli import httpx

            headers = {"User-Agent": "toolcrib-cli"}
            if token := self.account.token:
                headers["Authorization"] = f"Bearer {token}"
            # Trust the system's certificates (and SSL_CERT_FILE), with a company's own authority among them.
            verify = ssl.create_default_context() if self.url.startswith("https:") else False
            self._opened = httpx.Client(
                headers=headers,
                verify=verify,
                timeout=httpx.Timeout(self._timeout_seconds, connect=min(10.0, self._timeout_seconds)),
                follow_redirects=False,
            )
        return self._opened

    def _unreachable(self, broken: Exception) -> NoReturn:
        from toolcrib.cli.core.httpx_without_cli import httpx

        if isinstance(broken, httpx.TimeoutException):
            reason = "it did not answer in time"
        elif isinstance(broken, httpx.ConnectError):
            reason = re.sub(r"^\[Errno -?\d+\] ", "", str(broken)) or "no connection"
        else:
            reason = str(broken) or type(broken).__name__
        raise Unreachable(f"Cannot reach {self.url}: {reason}.", code="unreachable") from broken


def _warn_of(response: "httpx.Response") -> None:
    """Print what a successful answer warns of."""
    told = response.headers.get("Toolcrib-Warning")
    if told:
        from toolcrib.cli.core import output

        output.warn(unquote(told))


def _json(response: "httpx.Response") -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def refusal(status: int, answer: Any, account: Account, retry_after: str | None = None) -> Failure:
    """Return the failure that a bad answer stands for."""
    failure = _refusal(status, answer, account, retry_after)
    failure.status = status
    return failure


def _text_code_details(body: dict[str, Any], status: int) -> tuple[str, str, Any]:
    """Return what a refusal says: the sentence, the code, and the details."""
    details = body.get("details")
    if body.get("status") == "error":  # documents: the code is the message, the sentence is in the details
        code = str(body.get("message") or f"http_{status}")
        text = details.get("text") if isinstance(details, dict) else None
        return str(text or code).strip(), code, details
    text = str(body.get("message") or body.get("msg") or body.get("error") or "").strip()
    return text, str(body.get("code") or f"http_{status}"), details


def _refusal(status: int, answer: Any, account: Account, retry_after: str | None) -> Failure:
    body = answer if isinstance(answer, dict) else {}
    text, code, details = _text_code_details(body, status)
    if 300 <= status < 400:
        return CannotTell(f"{account.url} answered with a redirect; use the address it leads to.", code=code)
    if status == 401:
        if account.token and account.token == os.environ.get("TOOLCRIB_TOKEN"):
            text = f"{account.url} does not accept the key in TOOLCRIB_TOKEN: it is wrong, has expired, or was revoked."
            return NotSignedIn(
                f"{text} Without that variable the sign-in of toolcrib login is used.", code=code
            )
        hint = f"toolcrib login --url {account.url}"
        known = "Your sign-in is not (or no longer) valid" if account.token else "You are not signed in"
        return NotSignedIn(f"{known} at {account.url}. Run: {hint}", code=code)
    if status >= 500:
        return Unreachable(f"{account.url} cannot answer at the moment: {text or status}", code=code)
    if status == 429:
        wait = f" Try again in {retry_after} s." if retry_after and retry_after.isdigit() else ""
        return Unreachable(f"{text or 'Too many requests.'}{wait}", code=code)
    if status in (403, 409) and isinstance(details, dict) and details.get("holder"):
        return Held(text or "Somebody else holds it.", code=code, details=details)
    if status == 404 and not body:
        return CannotTell(
            f"{account.url} answered 404, and not like a Toolcrib server. Is the address right?"
        )
    return Failure(text or f"{account.url} answered {status}.", code=code, details=details)
