"""Runtime configuration (asset-locks contract, section 6 and routes 9, 20, 21), on every database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert

from tests.kernel.parts import Start, StartProcess, kernel_of
from tests.servers.smtp import MailServer
from toolcrib.kernel.config import BadValue, RuntimeConfig, config_values
from toolcrib.kernel.context import Kernel

CONTRACT_DEFAULTS = {
    "jwt_expiry_enabled": False,
    "jwt_expiry_minutes": 0,
    "auto_release_enabled": False,
    "auto_release_hours": 72,
    "mail_enabled": False,
    "startup_mail_test_status": "SKIPPED",
    "alerts_everyone": False,  # ours, beside the six of the contract
}


async def store(kernel: Kernel, values: dict[str, str]) -> None:
    """As another program would: behind the server's back."""
    async with kernel.database.write() as session:
        for key, value in values.items():
            await session.execute(delete(config_values).where(config_values.c.key == key))
            row = {"key": key, "value": value, "updated_at": kernel.clock()}
            await session.execute(insert(config_values).values(**row))


def fresh(kernel: Kernel, **settings: Any) -> RuntimeConfig:
    """Another process's view of the same database."""
    keys = [key for key in kernel.config.keys.values() if key.key.startswith("auto_release")]
    return RuntimeConfig(kernel.settings.model_copy(update=settings), kernel.database, kernel.tail, keys)


async def test_all_six_keys_are_there_with_their_defaults(app_server: Start, database_url: str) -> None:
    admin = await (await app_server(database_url=database_url)).admin()
    answer = await admin.get("/api/admin/config")
    assert answer.status_code == 200
    assert answer.json() == CONTRACT_DEFAULTS


@pytest.mark.every_database
async def test_a_change_acts_at_once_is_stored_and_leaves_the_rest(
    app_server: Start, database_url: str
) -> None:
    server = await app_server(database_url=database_url)
    admin = await server.admin()
    answer = await admin.put("/api/admin/config", json={"auto_release_hours": 5, "jwt_expiry_minutes": None})
    assert answer.status_code == 200
    assert answer.json()["message"] == answer.json()["msg"] != ""
    assert (await admin.get("/api/admin/config")).json() == {**CONTRACT_DEFAULTS, "auto_release_hours": 5}
    details = {each["key"]: each for each in (await admin.get("/api/admin/config/details")).json()}
    assert details["auto_release.hours"]["source"] == "database"
    assert details["auto_release.hours"] | {"description": ""} == {
        "key": "auto_release.hours",
        "name": "auto_release_hours",
        "value": 5,
        "source": "database",
        "writable": True,
        "type": "int",
        "minimum": 1,
        "maximum": 87_600,
        "description": "",
    }
    assert details["auto_release.enabled"]["source"] == "default"
    assert details["system.startup.mail_test_status"]["writable"] is False


BAD_CHANGES: list[dict[str, Any]] = [
    {},
    {"jwt_expiry_minutes": None},
    {"nothing_known": 1},
    {"startup_mail_test_status": "SUCCESS"},
    {"jwt_expiry_minutes": -1},
    {"jwt_expiry_minutes": 5_256_001},
    {"jwt_expiry_minutes": True},
    {"jwt_expiry_minutes": 1.5},
    {"jwt_expiry_minutes": [1]},
    {"auto_release_hours": 0},
    {"auto_release_hours": 87_601},
    {"auto_release_hours": 10**30},
    {"mail_enabled": "on"},
    {"mail_enabled": 1},
    {"mail_enabled": {}},
]


@pytest.mark.databases("sqlite")
async def test_a_bad_change_is_refused_with_the_contract_s_shape(
    app_server: Start, database_url: str
) -> None:
    admin = await (await app_server(database_url=database_url)).admin()
    for body in BAD_CHANGES:
        answer = await admin.put("/api/admin/config", json=body)
        assert answer.status_code == 400, body
        assert answer.json()["message"] == answer.json()["msg"] != ""
        assert (await admin.get("/api/admin/config")).json() == CONTRACT_DEFAULTS, body


@pytest.mark.databases("sqlite")
async def test_a_change_that_is_no_object_is_refused(app_server: Start, database_url: str) -> None:
    admin = await (await app_server(database_url=database_url)).admin()
    headers = {"Content-Type": "application/json"}
    for body in (b"[]", b"nonsense", b'"text"', b""):
        answer = await admin.put("/api/admin/config", content=body, headers=headers)
        assert answer.status_code == 400, body


async def test_one_bad_value_keeps_the_good_ones_out(app_server: Start, database_url: str) -> None:
    admin = await (await app_server(database_url=database_url)).admin()
    body = {"auto_release_enabled": True, "auto_release_hours": 0, "jwt_expiry_minutes": -5}
    answer = await admin.put("/api/admin/config", json=body)
    assert answer.status_code == 400
    assert {each["loc"][-1] for each in answer.json()["details"]} == {
        "auto_release_hours",
        "jwt_expiry_minutes",
    }
    assert (await admin.get("/api/admin/config")).json() == CONTRACT_DEFAULTS


@pytest.mark.databases("sqlite")
async def test_the_limits_themselves_are_allowed(app_server: Start, database_url: str) -> None:
    admin = await (await app_server(database_url=database_url)).admin()
    for body in (
        {"jwt_expiry_minutes": 5_256_000, "auto_release_hours": 87_600},
        {"jwt_expiry_minutes": 0, "auto_release_hours": 1, "startup_mail_test_status": "SUCCESS"},
    ):
        assert (await admin.put("/api/admin/config", json=body)).status_code == 200
        found = (await admin.get("/api/admin/config")).json()
        assert found["jwt_expiry_minutes"] == body["jwt_expiry_minutes"]
        assert found["auto_release_hours"] == body["auto_release_hours"]
        assert found["startup_mail_test_status"] == "SKIPPED"


@pytest.mark.databases("sqlite")
async def test_only_administrators_see_and_change_it(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url)
    ann = await server.user("ann")
    assert (await ann.get("/api/admin/config")).status_code == 403
    assert (await ann.get("/api/admin/config/details")).status_code == 403
    assert (await ann.put("/api/admin/config", json={"auto_release_hours": 5})).status_code == 403
    assert (await server.client.get("/api/admin/config")).status_code == 401
    assert (await server.client.get("/api/config/status")).status_code == 401
    assert (await ann.get("/api/config/status")).json() == {"mail_enabled": False}


async def test_a_change_is_in_the_log_for_administrators_only(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url)
    admin, ann = await server.admin(), await server.user("ann")
    await admin.put("/api/admin/config", json={"auto_release_hours": 5})
    await admin.put("/api/admin/config", json={"auto_release_hours": 6})
    await admin.put("/api/admin/config", json={"auto_release_hours": 6})
    events = (await admin.get("/api/events?verb=config_changed&key=auto_release.hours")).json()["events"]
    assert [(each["data"]["old"], each["data"]["new"]) for each in events] == [("5", "6"), (None, "5")]
    assert {each["actor"] for each in events} == {"admin"}
    assert (await ann.get("/api/events?verb=config_changed")).json()["events"] == []


# Where a value comes from


async def test_the_database_wins_over_the_environment(app_server: Start, database_url: str) -> None:
    server = await app_server(database_url=database_url, auto_release_hours=10, auto_release_enabled=True)
    kernel = kernel_of(server)
    await store(kernel, {"auto_release.hours": "7", "auto_release.enabled": "False"})
    config = fresh(kernel)
    assert await config.get("auto_release.hours") == 7
    assert await config.get("auto_release.enabled") is False


@pytest.mark.databases("sqlite")
async def test_what_cannot_be_read_counts_as_absent(app_server: Start, database_url: str) -> None:
    kernel = kernel_of(await app_server(database_url=database_url, auto_release_hours=10))
    for stored in ("", "seven", "7.0", "0", "-1", "87601", "1_0", "٣"):
        await store(kernel, {"auto_release.hours": stored})
        config = fresh(kernel)
        assert await config.get("auto_release.hours") == 10, stored
        sources = {key.key: source for key, _value, source in await config.all()}
        assert sources["auto_release.hours"] == "environment", stored


@pytest.mark.databases("sqlite")
async def test_stored_booleans_in_every_spelling(app_server: Start, database_url: str) -> None:
    spellings = {True: ("True", "true", "1", "YES", "t", "T"), False: ("False", "false", "0", "no", "f")}
    for value, texts in spellings.items():
        kernel = kernel_of(await app_server(database_url=database_url, auto_release_enabled=not value))
        for stored in texts:
            await store(kernel, {"auto_release.enabled": stored})
            assert await fresh(kernel).get("auto_release.enabled") is value, stored


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("minutes", "enabled", "value"),
    [(None, False, 0), (60, True, 60), (0, False, 0), (99_999_999, True, 5_256_000)],
)
async def test_token_expiry_follows_its_setting(
    app_server: Start, database_url: str, minutes: Any, enabled: Any, value: Any
) -> None:
    server = await app_server(database_url=database_url, jwt_minutes=minutes)
    found = (await (await server.admin()).get("/api/admin/config")).json()
    assert (found["jwt_expiry_enabled"], found["jwt_expiry_minutes"]) == (enabled, value)


@pytest.mark.databases("sqlite")
def test_the_environment_wins_over_the_file(server: StartProcess, database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    file = {"AUTO_RELEASE_HOURS": 11, "auto_release_enabled": True, "jwt_minutes_unknown": 3}
    (folder / "config.json").write_text(json.dumps(file), encoding="utf-8")
    running = server(folder, DATABASE_URL=database_url, AUTO_RELEASE_HOURS=12)
    details = {each["key"]: each for each in running.admin.get("/api/admin/config/details").json()}
    hours, enabled = details["auto_release.hours"], details["auto_release.enabled"]
    assert (hours["value"], hours["source"]) == (12, "environment")
    assert (enabled["value"], enabled["source"]) == (True, "config.json")
    assert details["jwt.expiry.minutes"]["source"] == "default"


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("setting", "stored", "shown", "may_send"),
    [
        (False, None, False, False),
        (False, False, False, False),
        (False, True, True, False),
        (True, None, True, True),
        (True, True, True, True),
        (True, False, False, False),
    ],
)
async def test_when_mail_may_be_sent(
    app_server: Start,
    database_url: str,
    smtp: MailServer,
    setting: Any,
    stored: Any,
    shown: Any,
    may_send: Any,
) -> None:
    server = await app_server(database_url=database_url, **smtp.settings, mail_enabled=setting)
    admin = await server.admin()
    if stored is not None:
        await admin.put("/api/admin/config", json={"mail_enabled": stored})
    assert (await admin.get("/api/admin/config")).json()["mail_enabled"] is shown
    assert (await admin.get("/api/config/status")).json() == {"mail_enabled": may_send}


# Other processes


@pytest.mark.every_database
async def test_a_change_acts_in_another_process_without_a_restart(
    app_server: Start, database_url: str
) -> None:
    one, other = [await app_server(database_url=database_url) for _ in range(2)]
    uuid = (await (await one.admin()).get("/api/currentuser")).json()["uuid"]
    reader = await kernel_of(other).auth.principal_with_uuid(uuid)
    heard = kernel_of(other).tail.subscribe(reader, frozenset({"config"}))
    assert await kernel_of(other).config.get("auto_release.hours") == 72
    await (await one.admin()).put("/api/admin/config", json={"auto_release_hours": 5})
    assert await heard.get(10)
    assert await kernel_of(other).config.get("auto_release.hours") == 5


@pytest.mark.databases("sqlite")
async def test_reading_costs_no_query_until_something_changes(app_server: Start, database_url: str) -> None:
    kernel = kernel_of(await app_server(database_url=database_url))
    assert await kernel.config.get("auto_release.hours") == 72
    await store(kernel, {"auto_release.hours": "9"})  # bypasses the log: who has read already cannot know
    assert await kernel.config.get("auto_release.hours") == 72
    async with kernel.database.write() as session:
        await kernel.config.set_value(session, "x", "1", actor=None, now=kernel.clock())
    assert await kernel.config.get("auto_release.hours") == 9


# What `toolcrib admin set-config` calls


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("key", "raw", "stored"),
    [
        ("jwt.expiry.enabled", "YES", "true"),
        ("jwt.expiry.enabled", " False ", "false"),
        ("auto_release.hours", "+24", "24"),
        ("some.other.key", "any thing", "any thing"),
    ],
)
async def test_set_value_stores_the_plain_form(
    app_server: Start, database_url: str, key: Any, raw: Any, stored: Any
) -> None:
    kernel = kernel_of(await app_server(database_url=database_url))
    async with kernel.database.write() as session:
        assert await kernel.config.set_value(session, key, raw, actor="ops", now=kernel.clock()) == stored


NONSENSE = [
    ("jwt.expiry.enabled", "maybe"),
    ("jwt.expiry.enabled", ""),
    ("auto_release.hours", "soon"),
    ("auto_release.hours", "0"),
    ("auto_release.hours", "87601"),
    ("system.startup.mail_test_status", "SUCCESS"),
    ("", "x"),
    ("k" * 81, "x"),
    ("bad\nkey", "x"),
    ("key", "x" * 4_001),
]


@pytest.mark.databases("sqlite")
async def test_set_value_refuses_nonsense(app_server: Start, database_url: str) -> None:
    kernel = kernel_of(await app_server(database_url=database_url))
    for key, raw in NONSENSE:
        with pytest.raises(BadValue):
            async with kernel.database.write() as session:
                await kernel.config.set_value(session, key, raw, actor=None, now=kernel.clock())
        sources = {source for _key, _value, source in await kernel.config.all()}
        assert sources <= {"default", "database"}, (key, raw)
        assert await kernel.config.get("auto_release.hours") == 72, (key, raw)
