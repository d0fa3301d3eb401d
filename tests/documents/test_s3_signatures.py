"""Signed addresses of an S3 that checks them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from tests.servers.crib import Crib
from tests.servers.environment import PLAIN
from tests.servers.s3 import s3

somebody = httpx.Client(verify=PLAIN, timeout=60)


KEY = ("the-access-key", "the secret key/+=")


@pytest.fixture
def s3_settings() -> Iterator[dict[str, str]]:
    with s3(KEY) as server:
        yield server.settings()


def _changed(url: str, *, path: str = "", **query: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(
        parts._replace(path=parts.path + path, query=urlencode({**dict(parse_qsl(parts.query)), **query}))
    )


def test_signatures_hold(s3_settings: dict[str, str], tmp_path: Path) -> None:
    crib = Crib.start(tmp_path, **s3_settings)
    try:
        ann = crib.person()
        names = ("a.bin", "größer & kleiner/b+c %41.bin")
        for name in names:
            reserved = ann.post("/upload/presign", **ann.at(name), content_type="text/plain").json()
            url, content = reserved["url"], name.encode()
            assert url.startswith(s3_settings["MINIO_ENDPOINT"])
            for wrong in (
                _changed(url, path="x"),
                _changed(url, **{"X-Amz-Expires": "86000"}),
                _changed(url, **{"X-Amz-Signature": "0" * 64}),
                _changed(url, **{"X-Amz-Date": "20200101T000000Z"}),
            ):
                assert somebody.put(wrong, content=b"wrong").status_code == 403, wrong
            assert somebody.get(url).status_code == 403
            assert somebody.put(url, content=content).status_code == 200
            assert somebody.put(url, content=content).status_code == 200
            confirmed = ann.post("/upload/confirm", object_key=reserved["object_key"])
            assert confirmed.status_code in {200, 201}, confirmed.text
            down = ann.post("/download/presign", **ann.at(name)).json()["url"]
            assert somebody.get(down).content == content
            assert somebody.get(down, headers={"Range": "bytes=1-2"}).content == content[1:3]
            assert somebody.put(down, content=b"wrong").status_code == 403
            assert somebody.get(_changed(down, path="x")).status_code == 403
            assert ann.fetch(name).content == content
    finally:
        crib.close()
