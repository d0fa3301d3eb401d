"""An S3 bucket as file store (MinIO, AWS, any other), through obstore.

If this process is killed during an upload, the parts stay in the bucket and listings do not show them. Give the bucket
a lifecycle rule that aborts incomplete multipart uploads.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from toolcrib.kernel.blobs.problems import BlobMissing, StorageUnavailable
from toolcrib.kernel.blobs.store import KEY, ObjectInfo
from toolcrib.kernel.failure_words import LOST, NO_ANSWER
from toolcrib.kernel.progress import made_progress
from toolcrib.kernel.write_watch import is_probing
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from obstore import GetOptions

log = structlog.get_logger()

READ_BYTES = 1024 * 1024
PAGE = 1_000
# S3 accepts at most 10,000 parts, of 5 MiB or more. Two are being sent while a third is gathered.
PART_BYTES = 5 * 1024 * 1024
MAX_PARTS = 9_000
PARTS_AT_ONCE = 2
_PRESIGN_METHODS = {"GET", "PUT"}
_NO_BUCKET = "NoSuchBucket"
_REFUSALS = (PermissionDeniedError, UnauthenticatedError)
_REFUSED = "it refuses our access key"
_STATUS = re.compile(r"status code: (\d{3})")
_HTTP_ERROR = re.compile(r"HttpError \{\s*kind: (\w+)")
_HTTP_ERRORS = {"Timeout": NO_ANSWER, "Connect": "it cannot be reached", "Request": LOST}


class S3Objects:
    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._may_make = False
        self._region = settings.s3_region
        self._has_bucket = False  # true once the bucket has been found
        self._store = S3Store(
            settings.s3_bucket,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            access_key_id=settings.s3_access_key,
            secret_access_key=settings.s3_secret_key.get_secret_value(),
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=3),
                # The limit for each read; a whole file may take as long as its reader needs.
                "read_timeout": timedelta(seconds=20),
                "timeout": timedelta(days=1),
            },
            retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=8)},
        )

    async def make(self) -> None:
        """Create the bucket if it is missing. If S3 does not answer now, the first write does."""
        self._may_make = True
        await self._ensure_bucket()

    async def _ensure_bucket(self) -> None:
        if self._has_bucket:
            return
        try:
            await self._require_bucket()
        except _BucketMissing:
            if not self._may_make:
                raise
            await self._make_bucket()
        self._has_bucket = True

    async def _require_bucket(self) -> None:
        """Look whether the bucket is there.

        Raises:
            StorageUnavailable: it is missing, or S3 does not answer.
        """
        with self._translated_errors():
            await obstore.list_with_delimiter_async(self._store, "check/")

    async def write(
        self, key: str, blocks: AsyncIterable[bytes], *, size: int | None, only_new: bool = False
    ) -> None:
        source = aiter(blocks)
        first = await _gather(source, PART_BYTES)
        try:
            with self._translated_errors():
                await self._send(key, first, source, size)
        except _BucketMissing:
            if not self._may_make:
                if not is_probing():
                    log.error("file_store_failed", error="NoSuchBucket", bucket=self._bucket)
                raise
            # Nothing more has been read from `source`: S3 refuses before the first part.
            await self._make_bucket()
            with self._translated_errors():
                await self._send(key, first, source, size)

    async def _send(self, key: str, first: bytes, rest: AsyncIterator[bytes], size: int | None) -> None:
        if len(first) < PART_BYTES:  # this is the whole content
            await obstore.put_async(self._store, key, first, use_multipart=False)
            return

        async def everything() -> AsyncIterator[bytes]:
            yield first
            async for block in rest:
                yield block

        await obstore.put_async(
            self._store,
            key,
            everything(),
            use_multipart=True,
            chunk_size=max(PART_BYTES, (size or 0) // MAX_PARTS),
            max_concurrency=PARTS_AT_ONCE,
        )

    async def read(self, key: str, start: int, end: int | None) -> AsyncIterator[bytes]:
        if end is not None and end <= start:
            return _nothing()
        options: GetOptions = {}
        if end is not None:
            options["range"] = (start, end)
        elif start:
            options["range"] = {"offset": start}
        with self._translated_errors(key):
            found = await obstore.get_async(self._store, key, options=options)
        return self._with_translated_errors(found.stream(min_chunk_size=READ_BYTES))

    async def head(self, key: str) -> ObjectInfo:
        with self._translated_errors(key):
            try:
                found = await obstore.head_async(self._store, key)
            except FileNotFoundError:
                # S3 says the same of a missing bucket, and then no content is lost.
                await self._require_bucket()
                raise
        return ObjectInfo(key, found["size"], found["last_modified"])

    async def delete(self, key: str) -> None:
        with self._translated_errors():
            try:
                await obstore.delete_async(self._store, key)
            except FileNotFoundError:
                return

    async def pages(self, prefix: str) -> AsyncIterator[list[ObjectInfo]]:
        try:
            with self._translated_errors():
                async for page in obstore.list(self._store, prefix, chunk_size=PAGE):
                    yield [
                        ObjectInfo(each["path"], each["size"], each["last_modified"])
                        for each in page
                        if KEY.fullmatch(each["path"])
                    ]
        except _BucketMissing:
            return

    async def tidy(self, before: datetime) -> None:
        """Do nothing: obstore cannot list unfinished uploads."""

    async def presign(self, method: str, key: str, expires_in: timedelta) -> str | None:
        if method not in _PRESIGN_METHODS:
            raise ValueError(f"no signed address for {method}")
        if method == "PUT":
            await self._ensure_bucket()  # whoever writes to a signed address cannot make it
        return await obstore.sign_async(self._store, "GET" if method == "GET" else "PUT", key, expires_in)

    async def check(self) -> str:
        await self._require_bucket()
        return "answers"

    async def _make_bucket(self) -> None:
        """Create the bucket. obstore has no call for this, but can sign the request."""
        url = await obstore.sign_async(self._store, "PUT", "", timedelta(minutes=5))
        body = "" if self._region == "us-east-1" else _LOCATION.format(self._region)
        async with httpx.AsyncClient(timeout=10) as client:
            try:
                answer = await client.put(url, content=body)
            except httpx.TransportError as error:
                raise StorageUnavailable from error
        if answer.status_code not in {200, 409}:  # 409: another process has created it
            log.error("bucket_not_made", bucket=self._bucket, status=answer.status_code)
            raise StorageUnavailable(f"its bucket {self._bucket} is missing and cannot be made")
        log.info("bucket_made", bucket=self._bucket)

    async def _with_translated_errors(self, stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        with self._translated_errors():
            async for block in stream:
                made_progress()
                yield block

    @contextmanager
    def _translated_errors(self, key: str | None = None) -> Iterator[None]:
        """Translate obstore's errors into the store's. Their text is not logged, since it contains signed URLs."""
        try:
            yield
        except (BaseError, FileNotFoundError, TimeoutError) as error:
            if _NO_BUCKET in str(error):
                raise _BucketMissing(self._bucket) from None
            if isinstance(error, FileNotFoundError) and key is not None:
                raise BlobMissing("The bytes of this file are missing.") from None
            if not is_probing():
                log.error("file_store_failed", error=type(error).__name__)
            raise StorageUnavailable(_reason(error)) from error


def _reason(error: Exception) -> str:
    """What ails S3, for operators. obstore tells most of it in its text alone."""
    if isinstance(error, _REFUSALS):
        return _REFUSED
    text = str(error)
    if status := _STATUS.search(text):
        return f"it answers {status[1]}"
    kind = _HTTP_ERROR.search(text)
    if isinstance(error, TimeoutError):
        return NO_ANSWER
    return _HTTP_ERRORS.get(kind[1] if kind else "", "its answers are not those of S3")


_LOCATION = (
    '<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<LocationConstraint>{}</LocationConstraint></CreateBucketConfiguration>"
)


class _BucketMissing(StorageUnavailable):
    def __init__(self, bucket: str) -> None:
        super().__init__(f"its bucket {bucket} is missing")


async def _gather(source: AsyncIterator[bytes], size: int) -> bytes:
    """Read at least `size` bytes; fewer only if the source has no more."""
    pieces: list[bytes] = []
    gathered = 0
    async for piece in source:
        pieces.append(piece)
        gathered += len(piece)
        if gathered >= size:
            break
    return b"".join(pieces)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
