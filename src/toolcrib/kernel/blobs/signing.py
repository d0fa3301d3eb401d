"""Signed URLs: a client that has one may use one method on one object until the URL expires.

For a local store they lead to `routes` and have the form of S3's: the method, the key, the expiry and every other
parameter are signed. They name what they were given for and the person they were given to; at each use the kind is
asked whether that person may still use it.

For an S3 store they are S3's own. S3 knows neither our versions nor our users, so those URLs stay valid until they
expire, or until the object is deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from toolcrib.kernel.blobs.store import Blobs
from toolcrib.kernel.problems import Forbidden
from toolcrib.kernel.secrets import Secrets, Signatures
from toolcrib.settings import Settings

PATH = "/api/files/"
LONGEST = timedelta(days=1)

ALGORITHM = "TOOLCRIB-HMAC-SHA256"
_TIME = "%Y%m%dT%H%M%SZ"
_SIGNATURE = "X-Amz-Signature"


class LinkInvalid(Forbidden):
    """The signature of the address is not valid for this method and object."""

    code = "link_invalid"


class LinkExpired(Forbidden):
    code = "link_expired"


class LinkEnded(Forbidden):
    """What the signed address was given for is gone, or the person it was given to may no longer have it."""

    code = "link_ended"

    def __init__(self) -> None:
        super().__init__("This address is no longer valid: ask for a new one.")


@dataclass(frozen=True)
class Bound:
    """What a signed address was given for: something of a kind, named as the kind chooses, and the person by UUID.
    `proof` is what their credential proved, as JSON (`identity.derived`); empty in addresses of earlier releases."""

    kind: str
    thing: str
    person: str
    proof: str = ""


@dataclass(frozen=True)
class LinkUse:
    """A use of a valid address, which its kind allows or refuses. `method` is GET, also for a HEAD, or PUT."""

    method: str
    key: str
    bound: Bound
    ip_address: str
    user_agent: str | None


@dataclass(frozen=True)
class Allowed:
    """Further parameters of a valid address: the largest body of a PUT, in bytes, and the file name of a download."""

    bound: Bound
    max_bytes: int | None
    filename: str | None


class Signer:
    """Signs URLs for the local store's routes, and checks them."""

    def __init__(self, secrets: Secrets, settings: Settings) -> None:
        self._signatures = Signatures(secrets, "file links")
        self._credential = settings.s3_access_key
        self._scope = f"{settings.s3_region}/files/request"

    def sign(
        self,
        method: str,
        key: str,
        bound: Bound,
        *,
        now: datetime,
        expires_in: timedelta,
        max_bytes: int | None = None,
        filename: str | None = None,
    ) -> str:
        """Return the path and query that allow `method` ("GET", which includes HEAD, or "PUT") on `key`."""
        day = now.astimezone(UTC).strftime("%Y%m%d")
        parameters = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self._credential}/{day}/{self._scope}",
            "X-Amz-Date": now.astimezone(UTC).strftime(_TIME),
            "X-Amz-Expires": str(int(min(expires_in, LONGEST).total_seconds())),
            **asdict(bound),
        }
        if max_bytes is not None:
            parameters["max-bytes"] = str(max_bytes)
        if filename is not None:
            parameters["filename"] = filename
        parameters[_SIGNATURE] = self._signatures.sign(_signed_text(method, key, parameters))
        return f"{PATH}{quote(key)}?{urlencode(parameters)}"

    def check(self, method: str, key: str, parameters: Mapping[str, str], *, now: datetime) -> Allowed:
        """Check a signed address, and return what it allows.

        Raises:
            LinkInvalid: the signature is not valid for this method and key, or an earlier release gave the address
                without saying to whom (403).
            LinkExpired: the signature is valid but has expired (403).
        """
        signed = {name: value for name, value in parameters.items() if name != _SIGNATURE}
        text = _signed_text("GET" if method == "HEAD" else method, key, signed)
        given = parameters.get(_SIGNATURE, "").encode("utf-8", "surrogateescape")
        if not self._signatures.is_valid(text, given):
            raise LinkInvalid("This address is not valid: ask for a new one.")
        signed_at = datetime.strptime(signed["X-Amz-Date"], _TIME).replace(tzinfo=UTC)
        if now >= signed_at + timedelta(seconds=int(signed["X-Amz-Expires"])):
            raise LinkExpired("This address has expired: ask for a new one.")
        try:
            bound = Bound(signed["kind"], signed["thing"], signed["person"], signed.get("proof", ""))
        except KeyError:
            raise LinkInvalid("This address is not valid: ask for a new one.") from None
        max_bytes = signed.get("max-bytes")
        return Allowed(bound, int(max_bytes) if max_bytes is not None else None, signed.get("filename"))


def _signed_text(method: str, key: str, parameters: Mapping[str, str]) -> bytes:
    # Quoted, so that a name or value cannot be read as several of them.
    pairs = (f"{quote(name)}={quote(parameters[name])}" for name in sorted(parameters))
    return "\n".join([method, quote(key), *pairs]).encode()


async def presign(
    blobs: Blobs,
    signer: Signer,
    method: str,
    key: str,
    bound: Bound,
    *,
    now: datetime,
    expires_in: timedelta,
    max_bytes: int | None = None,
    filename: str | None = None,
) -> str:
    """Return a signed URL: S3's own, or for the local store a path and query to pass to `Site.url`."""
    theirs = await blobs.store.presign(method, key, min(expires_in, LONGEST))
    if theirs is not None:
        return theirs
    return signer.sign(
        method, key, bound, now=now, expires_in=expires_in, max_bytes=max_bytes, filename=filename
    )
