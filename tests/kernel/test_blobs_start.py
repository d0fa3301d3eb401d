"""What a start makes of its file store, and says of one that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from tests.kernel.parts import Start
from tests.servers.inprocess import AppServer
from tests.servers.s3 import S3Server, s3

pytestmark = pytest.mark.databases("sqlite")


def said(capfd: pytest.CaptureFixture[str]) -> list[str]:
    """Why the file store cannot be used, as the log of a start has it."""
    printed = re.sub(r"\x1b\[[0-9;]*m", "", "".join(capfd.readouterr()))
    return re.findall(r"file_store_unusable +reason='([^']*)'", printed)


async def storage(crib: AppServer) -> tuple[int, str]:
    answer = await crib.client.get("/api/storage/health")
    return answer.status_code, answer.json()["checks"]["storage"]["message"]


async def place_of(client: httpx.AsyncClient) -> dict[str, str]:
    uuid = (await client.get("/api/currentuser")).json()["uuid"]
    return {"bucket_type": "users", "bucket_id": uuid, "logical_path": "a.txt"}


async def upload(client: httpx.AsyncClient, content: bytes = b"x") -> httpx.Response:
    place = await place_of(client)
    return await client.post("/api/storage/upload/proxy", data=place, files={"file": ("a.txt", content)})


async def test_the_bucket_is_made_at_a_first_start_and_never_again(
    app_server: Start, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with s3() as server:
        named = server.settings()
        bucket = named["MINIO_BUCKET_NAME"]
        crib = await app_server(tmp_path / "data", **named)
        assert await storage(crib) == (200, "answers")
        signed = await (await crib.user("ann")).post(
            "/api/storage/upload/presign", json=await place_of(await crib.user("ann"))
        )
        async with httpx.AsyncClient() as direct:
            assert (await direct.put(signed.json()["url"], content=b"direct")).status_code == 200
        assert (await upload(await crib.user("ann"))).status_code == 201
        await crib.stop()

        server.stop()
        server.start()  # it has forgotten everything
        again = await app_server(tmp_path / "data", new=True, **named)
        why = f"its bucket {bucket} is missing"
        assert said(capfd) == [why]
        assert await storage(again) == (503, why)
        ann = await again.sign_in("ann")
        assert (await upload(ann, b"y")).status_code == 503
        # The bucket is gone, so nobody can say that its content is lost.
        download = await ann.get("/api/storage/download/proxy", params=await place_of(ann))
        assert download.status_code == 503
        metadata = await ann.get("/api/storage/metadata", params=await place_of(ann))
        assert metadata.json()["current_version"]["status"] == "draft"
        assert await storage(again) == (503, why)


async def test_a_bucket_that_cannot_be_made_is_named(
    app_server: Start, s3_server: S3Server, capfd: pytest.CaptureFixture[str]
) -> None:
    named = {**s3_server.settings(), "MINIO_BUCKET_NAME": "b"}  # S3 takes no name of one letter
    crib = await app_server(**named)
    assert said(capfd) == ["its bucket b is missing and cannot be made"]
    status, message = await storage(crib)
    assert (status, bool(re.search(r"\bbucket b\b", message))) == (503, True)


async def test_s3_that_comes_up_after_a_first_start(
    app_server: Start, s3_server: S3Server, capfd: pytest.CaptureFixture[str]
) -> None:
    with s3() as late:
        late.stop()
        crib = await app_server(**late.settings())
        assert said(capfd)
        assert (await storage(crib))[0] == 503
        late.start()
        assert (await upload(await crib.user("ann"))).status_code == 201
        assert await storage(crib) == (200, "answers")
