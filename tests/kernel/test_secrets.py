"""The server's secret: kept or configured, replaced without losing what it signed and sealed."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Boolean, Column, Integer, Row, Table, event, insert, inspect, select

from tests.kernel.parts import Start
from tests.servers.databases import Database as Given
from tests.servers.environment import settings
from toolcrib.assets.lfs.tickets import Tickets
from toolcrib.kernel.blobs.signing import Bound, LinkInvalid, Signer
from toolcrib.kernel.clock import system_clock
from toolcrib.kernel.context import Kernel
from toolcrib.kernel.identity.principal import Unauthorized
from toolcrib.kernel.resealing import STEP, reseal
from toolcrib.kernel.secrets import Envelopes, Sealed, Secrets, UnusableSecret, load_secrets
from toolcrib.kernel.tables import Base, JsonText, UtcDateTime
from toolcrib.server import build_kernel, kinds

OLD = "the secret of before, which may"
NEW = "the present secret of the server, long enough"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize("secret", ["§", "z" * 31, "ä" * 15])
def test_a_short_secret_is_refused_and_not_said(tmp_path: Path, secret: str) -> None:
    with pytest.raises(UnusableSecret) as refused:
        load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY=secret))
    assert f"has {len(secret.encode())} bytes, and needs at least 32" in str(refused.value)
    assert secret not in str(refused.value)


def test_32_bytes_are_enough(tmp_path: Path) -> None:
    assert load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY="x" * 32)).signing == "x" * 32
    assert load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY="ä" * 16)).signing == "ä" * 16


def test_a_missing_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    made = load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY=None)).signing
    assert len(made) >= 32
    assert load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY=None)).signing == made
    (tmp_path / "secret.key").write_text("damaged")
    with pytest.raises(UnusableSecret, match=r"secret\.key has 7 bytes"):
        load_secrets(settings(data_dir=tmp_path, JWT_SECRET_KEY=None))


@pytest.mark.parametrize("purpose", ["sealed values", "", "ä" * 100])
def test_derived_keys_are_those_of_rfc_5869(purpose: str) -> None:
    """What an earlier release sealed and signed stays good."""
    info = f"toolcrib {purpose}".encode()
    known = HKDF(SHA256(), 32, salt=None, info=info).derive(NEW.encode())
    assert Secrets(NEW).derive(purpose) == known


def test_nothing_is_sealed_where_it_would_be_forgotten() -> None:
    column: Column[Any] = Base.metadata.tables["users"].c.email
    with pytest.raises(LookupError, match=r"users\.email"):
        Secrets(NEW).seal(Sealed(column), "a secret")


def test_signed_addresses_and_tickets_outlive_the_secret(tmp_path: Path) -> None:
    bound = Bound("document", "1", "ann")
    before, after, others = (Secrets(*each) for each in ((OLD,), (NEW, OLD), (NEW,)))
    config = settings(data_dir=tmp_path)
    link = Signer(before, config).sign("GET", "a/b", bound, now=NOW, expires_in=timedelta(hours=1))
    named = dict(pair.split("=", 1) for pair in link.partition("?")[2].split("&"))
    named = {name: value.replace("%2F", "/") for name, value in named.items()}
    assert Signer(after, config).check("GET", "a/b", named, now=NOW).bound == bound
    with pytest.raises(LinkInvalid):
        Signer(others, config).check("GET", "a/b", named, now=NOW)
    ticket = Tickets(before).issue("upload", "project:x", "0" * 64, 1, proof={"user_id": 7}, now=NOW)
    read = Tickets(after).read(ticket, now=NOW)
    assert read is not None
    assert read.proof == {"user_id": 7}
    with pytest.raises(Unauthorized):
        Tickets(others).read(ticket, now=NOW)


async def test_tokens_outlive_the_secret(app_server: Start, tmp_path: Path) -> None:
    async def status(token: str, **changes: str) -> int:
        server = await app_server(tmp_path / "data", **changes)
        answer = await server.client.get("/api/whoami", headers={"Authorization": f"Bearer {token}"})
        await server.stop()
        return answer.status_code

    old = "the secret of before, which is long enough too"
    first = await app_server(tmp_path / "data", JWT_SECRET_KEY=old)
    of_before = (await first.admin()).headers["Authorization"].removeprefix("Bearer ")
    await first.stop()
    assert await status(of_before, JWT_SECRET_KEY=NEW, JWT_SECRET_PREVIOUS=old) == 200
    assert await status(of_before, JWT_SECRET_KEY=NEW) == 401
    assert await status(f"{of_before}x", JWT_SECRET_KEY=NEW, JWT_SECRET_PREVIOUS=old) == 401
    second = await app_server(tmp_path / "data", JWT_SECRET_KEY=NEW, JWT_SECRET_PREVIOUS=OLD)
    of_now = (await second.admin()).headers["Authorization"].removeprefix("Bearer ")
    await second.stop()
    assert await status(of_now, JWT_SECRET_KEY=NEW) == 200


@pytest.mark.parametrize(("algorithm", "least"), [("HS256", 32), ("HS384", 48), ("HS512", 64)])
async def test_tokens_are_signed_as_set(
    app_server: Start, tmp_path: Path, algorithm: str, least: int
) -> None:
    with pytest.raises(UnusableSecret, match=f"needs at least {least}"):
        load_secrets(settings(data_dir=tmp_path, JWT_ALGORITHM=algorithm, JWT_SECRET_KEY="x" * (least - 1)))
    server = await app_server(JWT_ALGORITHM=algorithm, JWT_SECRET_KEY="x" * least)
    admin = await server.admin()
    token = admin.headers["Authorization"].removeprefix("Bearer ")
    assert jwt.get_unverified_header(token)["alg"] == algorithm
    assert (await admin.get("/api/whoami")).status_code == 200
    claims = jwt.decode(token, options={"verify_signature": False})
    for other in ("HS256", "HS384", "HS512"):
        again = jwt.encode(claims, "x" * least, other)
        answer = await server.client.get("/api/whoami", headers={"Authorization": f"Bearer {again}"})
        assert answer.status_code == (200 if other in {algorithm, "HS256"} else 401), other


# Sealing anew


@pytest.fixture
async def kernel(tmp_path: Path, database: Given) -> AsyncIterator[Callable[..., Kernel]]:
    made: list[Kernel] = []

    def make(secret: str, previous: str = "", **more: str) -> Kernel:
        config = settings(
            data_dir=tmp_path,
            database_url=database.url,
            JWT_SECRET_KEY=secret,
            JWT_SECRET_PREVIOUS=previous,
            **more,
        )
        made.append(build_kernel(config, system_clock, kinds()))
        return made[-1]

    yield make
    for each in made:
        await each.limiter.close()
        await each.database.close()


def row_of(table: Table, number: int, **values: Any) -> dict[str, Any]:
    """A row with something in each column that needs it."""

    def filler(column: Column[Any]) -> Any:
        match column.type:
            case Boolean():
                return False
            case UtcDateTime():
                return NOW
            case JsonText():
                return {}
            case Integer():
                return number
            case _:
                return f"{number}"

    needed = {c.name: filler(c) for c in table.columns if not c.nullable or c.primary_key}
    return needed | values


def with_parents(table: Table) -> set[Table]:
    """The table, and those that its rows cannot be without."""
    needed = {key.column.table for key in table.foreign_keys if not key.parent.nullable}
    return {table}.union(*(with_parents(each) for each in needed - {table}))


async def fill(kernel: Kernel, count: int) -> None:
    """So many sealed texts in each place; tables are filled once."""
    tables: dict[Table, list[Sealed]] = {}
    for place in kernel.secrets.places:
        tables.setdefault(inspect(place.column).table, []).append(place)
    needed = set().union(*(with_parents(each) for each in tables))
    async with kernel.database.write() as session:
        for table in (each for each in Base.metadata.sorted_tables if each in needed):
            places = tables.get(table, [])
            rows = []
            for number in range(1, count + 1):
                sealed = {p: kernel.secrets.seal(p, f"{p} {number}") for p in places}
                values = {
                    p.column.name: {p.key: text, "beside": number} if p.key else text
                    for p, text in sealed.items()
                }
                rows.append(row_of(table, number, **values))
            await session.execute(insert(table), rows)


async def opened(kernel: Kernel) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    async with kernel.database.read() as session:
        for place in kernel.secrets.places:
            rows: list[Row[Any]] = list(await session.execute(select(place.column)))
            texts = [row[0][place.key] if place.key else row[0] for row in rows]
            found[str(place)] = sorted(kernel.secrets.open(text) for text in texts)
    return found


def expected(kernel: Kernel, count: int) -> dict[str, list[str]]:
    return {str(p): sorted(f"{p} {n}" for n in range(1, count + 1)) for p in kernel.secrets.places}


class Killed(Exception):
    """The process ends here."""


@contextmanager
def killed_at_update(kernel: Kernel, number: int) -> Iterator[None]:
    updates = 0

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        nonlocal updates
        updates += statement.startswith("UPDATE")
        if updates == number:
            raise Killed

    engine = kernel.database.writes.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    with pytest.raises(Killed):
        yield
    event.remove(engine, "before_cursor_execute", count)


@pytest.mark.every_database
async def test_everything_is_sealed_anew_even_if_it_is_cut_off(kernel: Callable[..., Kernel]) -> None:
    before = kernel(OLD + ", be long or short")
    await fill(before, count := STEP + 5)
    places = len(before.secrets.places)
    assert places >= 4
    after = kernel(NEW, before.secrets.signing)
    assert await opened(after) == expected(after, count)
    with killed_at_update(after, STEP + 3):
        await reseal(after.database, after.secrets)
    assert await opened(after) == expected(after, count)
    rest = await reseal(after.database, after.secrets)
    assert (rest.found, rest.changed, rest.lost) == (places * count, places * count - STEP, [])
    assert await opened(kernel(NEW)) == expected(after, count)
    again = await reseal(after.database, after.secrets)
    assert (again.found, again.changed, again.lost) == (places * count, 0, [])


async def test_a_key_for_sealing_is_taken_replaced_and_given_up(kernel: Callable[..., Kernel]) -> None:
    key, newer = Fernet.generate_key().decode(), base64.b64encode(bytes(range(224, 256))).decode()
    assert "/" in newer  # the other alphabet
    derived = kernel(NEW)
    await fill(derived, 1)
    content = expected(derived, 1)

    async def moved(to: Kernel) -> None:
        assert await opened(to) == content
        done = await reseal(to.database, to.secrets)
        assert (done.changed, done.lost) == (done.found, [])

    taken = kernel(NEW, ENCRYPTION_KEY=key)
    await moved(taken)
    assert await opened(kernel(OLD + ", be long or short", ENCRYPTION_KEY=key)) == content
    with pytest.raises(ValueError, match="another secret"):
        await opened(kernel(NEW))
    await moved(kernel(NEW, ENCRYPTION_KEY=newer, ENCRYPTION_KEY_PREVIOUS=key))
    with pytest.raises(ValueError, match="another secret"):
        await opened(taken)
    assert await opened(kernel(NEW, ENCRYPTION_KEY=newer)) == content
    await moved(kernel(NEW, ENCRYPTION_KEY_PREVIOUS=newer))
    assert await opened(kernel(NEW)) == content


async def test_what_cannot_be_opened_is_named_and_kept(kernel: Callable[..., Kernel]) -> None:
    before = kernel(NEW[::-1])
    await fill(before, 1)
    other = kernel(NEW)
    done = await reseal(other.database, other.secrets)
    assert done.changed == 0
    assert done.found == len(done.lost) == len(other.secrets.places)
    assert any(line.startswith("machines.password of id 1") for line in done.lost)
    assert await opened(before) == expected(before, 1)


def test_an_envelope_opens_with_the_secret_before_and_for_its_purpose_alone() -> None:
    sealed = Envelopes(Secrets(OLD), "one").seal(b"kept")
    assert Envelopes(Secrets(NEW, OLD), "one").open(sealed) == b"kept"
    for other in (Envelopes(Secrets(NEW), "one"), Envelopes(Secrets(OLD), "another")):
        with pytest.raises(ValueError, match="not encrypted here"):
            other.open(sealed)
