"""The servers that other tests rely on do what they promise."""

from __future__ import annotations

import os
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.servers.databases import Database, Databases, now
from tests.servers.process import NotReady, Process, free_port, listening, program, wait_until
from tests.servers.redis import RedisServer
from tests.servers.smtp import MailServer
from tests.servers.template import State
from toolcrib.settings import Settings

pytestmark = pytest.mark.every_database


def scalars(database: Database, *statements: str) -> list[object]:
    """Run statements; the first column of the last."""

    async def run() -> list[object]:
        engine = create_async_engine(Settings(database_url=database.url).database)
        async with engine.begin() as connection:
            for statement in statements[:-1]:
                await connection.execute(text(statement))
            found = list((await connection.execute(text(statements[-1]))).scalars())
        await engine.dispose()
        return found

    return now(run)


def test_each_test_has_a_database_of_its_own(databases: Databases) -> None:
    first, second = databases.fresh("bare"), databases.fresh("bare")
    made = "CREATE TABLE mine (word VARCHAR(20))"
    assert scalars(first, made, "INSERT INTO mine VALUES ('smörgås')", "SELECT word FROM mine") == ["smörgås"]
    assert scalars(second, made, "SELECT word FROM mine") == []
    databases.drop(first)
    databases.drop(second)


def test_a_fresh_database_is_migrated(database: Database) -> None:
    assert len(scalars(database, "SELECT version_num FROM alembic_version")) == 1


@pytest.mark.parametrize("state", ["migrated", "started"])
def test_a_database_is_given_to_another_test_emptied(databases: Databases, state: State) -> None:
    """And its rows are numbered from the beginning again."""
    add = "INSERT INTO users (uuid, username, is_admin, is_active, token_version, created_at) VALUES ("
    more = f"{add}'u', 'left behind', false, true, 1, '2026-01-01 00:00:00')"
    all_users = "SELECT id FROM users ORDER BY id"
    first = databases.fresh(state)
    before = scalars(first, all_users)
    after = scalars(first, more, all_users)
    scalars(first, "DELETE FROM alembic_version", "UPDATE event_counter SET seq = 77", "SELECT 1")
    databases.drop(first)
    second = databases.fresh(state)
    assert second.kind == "sqlite" or second.url == first.url
    assert scalars(second, all_users) == before
    assert scalars(second, more, all_users) == after
    assert len(scalars(second, "SELECT version_num FROM alembic_version")) == 1
    assert scalars(second, "SELECT seq FROM event_counter") != [77]
    databases.drop(second)


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE mine (word VARCHAR(20))",
        "ALTER TABLE users ADD COLUMN mine VARCHAR(20)",
        "CREATE INDEX mine ON users (email, username)",
        "DROP TABLE oidc_states",
    ],
)
def test_a_database_with_other_tables_is_given_to_nobody(databases: Databases, change: str) -> None:
    first = databases.fresh("migrated")
    scalars(first, change, "SELECT 1")
    databases.drop(first)
    second = databases.fresh("migrated")
    assert second.url != first.url
    databases.drop(second)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_transaction_left_open_does_not_reach_the_next_test(databases: Databases) -> None:
    async def run() -> None:
        first = databases.fresh()
        engine = create_async_engine(Settings(database_url=first.url).database)
        connection = await engine.connect()
        await connection.execute(text("DELETE FROM users"))
        databases.drop(first)
        assert scalars(databases.fresh(), "SELECT count(*) FROM users") == [1]
        await connection.invalidate()
        await engine.dispose()

    now(run)


def test_redis_starts_empty_and_comes_back(redis: RedisServer) -> None:
    with Redis.from_url(redis.url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")
    redis.stop()
    assert not listening(redis.port)
    redis.clear()
    with Redis.from_url(redis.url) as client:
        assert client.dbsize() == 0


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "crib@example.com", "ann@example.com", "Grüße"
    message.set_content("Your lock was released.")
    return message


def send(smtp: MailServer, timeout: float = 5) -> None:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=timeout) as client:
        client.send_message(letter())


def test_mail_is_collected(smtp: MailServer) -> None:
    send(smtp)
    assert [m["Subject"] for m in smtp.wait_for(1)] == ["Grüße"]
    assert len(smtp.to("ann@example.com")) == 1
    assert smtp.to("ben@example.com") == []


def test_a_mail_server_can_refuse_hang_and_go_away(smtp: MailServer) -> None:
    smtp.mode = "refuse"
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(smtp)
    smtp.mode = "slow"
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(smtp, timeout=0.1)
    smtp.mode = "down"
    with pytest.raises(ConnectionRefusedError):
        send(smtp)
    smtp.mode = "accept"
    send(smtp)
    assert len(smtp.wait_for(1)) == 1


def test_a_missing_server_skips_but_fails_under_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "")
    with pytest.raises(pytest.skip.Exception, match="no-such-server is not installed"):
        program("no-such-server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-server is not installed"):
        program("no-such-server")


def test_a_child_that_dies_at_start_shows_what_it_printed(tmp_path: Path) -> None:
    script = "raise SystemExit('no such file: crib.toml')"
    child = Process([sys.executable, "-c", script], output=tmp_path / "log")
    with pytest.raises(NotReady, match=r"crib\.toml"):
        child.wait_ready(lambda: False)


@pytest.mark.skipif(sys.platform != "linux", reason="needs setpriv")
def test_children_die_with_a_killed_test_run(tmp_path: Path) -> None:
    port = free_port()
    server = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    script = f"""
from pathlib import Path
from tests.servers.process import Process
Process({server!r}, output=Path("log")).wait()
"""
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    run = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path, env=path)
    wait_until(lambda: listening(port), "the child")
    run.kill()
    run.wait()
    wait_until(lambda: not listening(port), "the child's end")
