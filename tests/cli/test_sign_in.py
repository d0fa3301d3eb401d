"""Signing in and out, and which server a command talks to."""

from __future__ import annotations

import json
import os
import pty
import stat
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pyotp
import pytest

from tests.cli.conftest import Person, answer_of
from tests.servers.environment import PASSWORD, toolcrib
from tests.servers.process import free_port
from tests.servers.toolcrib import ToolcribServer


def credentials(person: Person) -> Path:
    return person.home / ".config" / "toolcrib" / "credentials.json"


@pytest.mark.installed
def test_a_sign_in_is_kept_for_its_owner_alone(person: Callable[..., Person], crib: ToolcribServer) -> None:
    ilse = person("ilse", signed_in=False)
    ilse.sign_in()
    kept = json.loads(credentials(ilse).read_text())
    assert kept["default"] == crib.url
    assert kept["servers"][crib.url]["username"] == "ilse"
    assert stat.S_IMODE(credentials(ilse).stat().st_mode) == 0o600
    assert PASSWORD not in credentials(ilse).read_text()
    assert ilse.run("whoami").out.strip() == f"ilse at {crib.url}"
    assert ilse.json("whoami")["username"] == "ilse"


def test_the_credentials_file_is_replaced_in_one_step_and_stays_private(ann: Person) -> None:
    credentials(ann).chmod(0o644)
    before = credentials(ann).stat().st_ino
    ann.sign_in()
    assert stat.S_IMODE(credentials(ann).stat().st_mode) == 0o600
    assert credentials(ann).stat().st_ino != before
    assert os.listdir(credentials(ann).parent) == ["credentials.json"]


@pytest.mark.parametrize("word", ["currentuser", "current-user"])
def test_the_older_spellings_print_the_name_alone(ann: Person, word: str) -> None:
    assert ann.run(word).out == "ann\n"


def test_a_wrong_password_is_a_refusal(person: Callable[..., Person], crib: ToolcribServer) -> None:
    ann = person("ann", signed_in=False)
    done = ann.run("login", "--url", crib.url, "-u", "ann", "--password-stdin", stdin="wrong\n", code=1)
    assert done.err == f"toolcrib: {crib.url} does not accept this name and password.\n"
    assert not credentials(ann).exists()


def test_the_password_comes_from_the_environment_too(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    ann.run("login", "--url", crib.url, "-u", "ann", env={"TOOLCRIB_PASSWORD": PASSWORD})
    assert ann.run("currentuser").out == "ann\n"


def test_a_password_on_the_command_line_is_not_used(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    done = ann.run("login", "--url", crib.url, "-u", "ann", "-p", PASSWORD, code=2)
    assert "not used" in done.err


def test_on_a_terminal_the_password_is_asked_for_and_not_shown(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(ann.cwd)
        os.execve(toolcrib(), ["toolcrib", "login", "--url", crib.url, "-u", "ann"], ann.env)
    seen = b""
    while b"Password of ann" not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, PASSWORD.encode() + b"\n")
    while True:
        try:
            block = os.read(terminal, 1000)
        except OSError:  # the other side is closed
            break
        if not block:
            break
        seen += block
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"Signed in" in seen
    assert PASSWORD.encode() not in seen


def test_with_two_step_sign_in_a_code_is_needed_too(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    zoe, client = person("zoe", signed_in=False), crib.user("zoe")
    begun = client.post("/api/users/me/otp", json={"current_password": PASSWORD}).json()
    totp = pyotp.TOTP(begun["secret"])
    assert client.put("/api/users/me/otp", json={"otp": totp.now()}).status_code == 200
    login, password = ("login", "--url", crib.url, "-u", "zoe"), {"TOOLCRIB_PASSWORD": PASSWORD}
    assert "TOOLCRIB_OTP" in zoe.run(*login, env=password, code=2).err
    wrong = zoe.run(*login, env={**password, "TOOLCRIB_OTP": "000000"}, code=1)
    assert wrong.err == f"toolcrib: {crib.url} does not accept this code.\n"
    code = totp.at(time.time(), counter_offset=1)  # the one of now was used
    zoe.run(*login, env={**password, "TOOLCRIB_OTP": code})
    assert zoe.run("currentuser").out == "zoe\n"


def test_a_missing_name_or_password_is_a_usage_error_when_nobody_can_be_asked(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    assert "-u NAME" in ann.run("login", "--url", crib.url, code=2).err
    assert "--password-stdin" in ann.run("login", "--url", crib.url, "-u", "ann", code=2).err


def test_an_api_key_signs_in_and_can_be_revoked(
    ann: Person, person: Callable[..., Person], crib: ToolcribServer
) -> None:
    assert "documents" in ann.run("keys", "scopes").out
    made = ann.run("keys", "create", "build machine", "--scope", "locks", "--scope", "read")
    key = made.out.strip()
    assert key.startswith("tck_")
    assert "not shown again" in made.err
    robot = person("robot", signed_in=False)
    robot.run("login", "--url", crib.url, "--key", "--password-stdin", stdin=key + "\n")
    assert robot.run("currentuser").out == "ann\n"
    (listed,) = [row for row in ann.json("keys", "list") if row["name"] == "build machine"]
    assert "build machine" in ann.run("keys", "list").out
    assert "read locks" in ann.run("keys", "list").out
    robot.run("lock", "a.psd", "--project", "keys", "--new-project")
    assert "documents" in robot.run("docs", "mkdir", "me:new", code=1).err
    refused = json.loads(robot.run("keys", "create", "more", "--json", code=1).err)
    assert refused["code"] == "sign_in_needed"
    ann.run("keys", "revoke", str(listed["id"]))
    assert "no longer" in robot.run("locks", code=2).err


def test_administrators_make_api_tokens(
    ann: Person, admin: Person, person: Callable[..., Person], crib: ToolcribServer
) -> None:
    assert "Admin privilege required!" in ann.run("keys", "create", "ui", "--token", code=1).err
    made = admin.run("keys", "create", "ui", "--token", "--days", "7", "--description", "the front end")
    token = made.out.strip()
    assert "not shown again" in made.err
    login = httpx.post(f"{crib.url}/api/tokens/api-login", json={"token": token})
    assert login.json()["is_admin"] is True
    robot = person("robot", signed_in=False)
    robot.run("login", "--url", crib.url, "--key", "--password-stdin", stdin=token + "\n")
    assert robot.run("currentuser").out == admin.run("currentuser").out
    assert "all (API token)" in admin.run("keys", "list").out
    (listed,) = [row for row in admin.json("keys", "list") if row["name"] == "ui"]
    assert "Token with ID x not found" in admin.run("keys", "revoke", "x", code=1).err
    assert ann.run("keys", "revoke", listed["token_id"], code=1).err
    admin.run("keys", "revoke", listed["token_id"])
    assert "no longer" in robot.run("locks", code=2).err
    assert admin.run("keys", "create", "ui", "--token", "--scope", "read", code=2).err
    assert admin.run("keys", "create", "ui", "--description", "x", code=2).err
    assert admin.run("keys", "create", "ui", "--token", "--days", "366", code=1).err


def test_a_key_only_reads_unless_more_is_asked_for(ann: Person) -> None:
    ann.run("keys", "create", "hook")
    (listed,) = [row for row in ann.json("keys", "list") if row["name"] == "hook"]
    assert listed["scopes"] == ["read"]
    assert "not a scope" in ann.run("keys", "create", "bad", "--scope", "everything", code=1).err


def test_a_changed_password_signs_in_again_and_ends_the_keys_if_asked(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    pam = person("pam")
    key = pam.api_key()
    new = "an entirely new password"
    wrong = pam.run("password", "--password-stdin", stdin=f"no\n{new}\n", code=1)
    assert wrong.err == "toolcrib: The current password is wrong.\n"
    pam.run("password", "--password-stdin", stdin=f"{PASSWORD}\n{new}\n")
    assert pam.run("currentuser").out == "pam\n"
    robot = {"TOOLCRIB_TOKEN": key}
    assert pam.run("currentuser", env=robot).out == "pam\n"
    assert (
        "sign in"
        in pam.run("password", "--password-stdin", stdin=f"{new}\n{PASSWORD}\n", env=robot, code=1).err
    )
    pam.run(
        "password", "--end-keys", env={"TOOLCRIB_PASSWORD": new, "TOOLCRIB_NEW_PASSWORD": "a third password"}
    )
    assert pam.run("currentuser").out == "pam\n"
    assert "TOOLCRIB_TOKEN" in pam.run("currentuser", env=robot, code=2).err


def test_after_signing_out_nothing_is_sent(ann: Person, crib: ToolcribServer) -> None:
    ann.run("logout")
    assert credentials(ann).read_text().count("token") == 0
    done = ann.run("locks", "--url", crib.url, code=2)
    assert (
        done.err == f"toolcrib: You are not signed in at {crib.url}. Run: toolcrib login --url {crib.url}\n"
    )


def test_without_any_server_a_command_says_how_to_name_one(person: Callable[..., Person]) -> None:
    ann = person("ann", signed_in=False)
    assert "toolcrib login --url" in ann.run("locks", code=2).err


def test_a_server_that_cannot_be_reached_is_one_sentence(ann: Person) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = ann.run("locks", "--url", url, code=2)
    assert done.err.startswith(f"toolcrib: Cannot reach {url}: ")
    assert done.err.count("\n") == 1
    assert answer_of(ann.run("locks", "--url", url, "--json", code=2))["code"] == "unreachable"


def test_a_token_goes_to_no_server_but_its_own(ann: Person, crib: ToolcribServer) -> None:
    other = crib.url.replace("127.0.0.1", "localhost")
    assert "not signed in" in ann.run("locks", "--url", other, code=2).err


def test_the_environment_names_server_and_token_for_one_run(
    ann: Person, person: Callable[..., Person], crib: ToolcribServer
) -> None:
    key = ann.api_key()
    robot = person("robot", signed_in=False)
    named = {"TOOLCRIB_URL": crib.url, "TOOLCRIB_TOKEN": key}
    assert robot.run("currentuser", env=named).out == "ann\n"
    assert not credentials(robot).exists()


def test_a_key_that_is_no_longer_good_is_named_by_its_variable(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    robot = person("robot", signed_in=False)
    named = {"TOOLCRIB_URL": crib.url, "TOOLCRIB_TOKEN": "tc_wrong"}
    refused = robot.run("currentuser", env=named, code=2).err
    assert "TOOLCRIB_TOKEN" in refused
    assert "Run: toolcrib login" not in refused
    assert "TOOLCRIB_TOKEN" not in robot.run("currentuser", env={"TOOLCRIB_URL": crib.url}, code=2).err


# What earlier clients left in a clone


def test_the_earlier_clients_settings_of_a_clone_are_honoured(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    clone = ann.new_clone()
    token = crib.client.post("/api/login", json={"username": "ann", "password": PASSWORD}).json()[
        "access_token"
    ]
    (clone.root / ".git/asset_lock_config.json").write_text(json.dumps({"backend_url": f"{crib.url}/api/"}))
    (clone.root / ".git/asset_lock_token.json").write_text(json.dumps({"access_token": token}))
    assert ann.run("current-user").out == "ann\n"
    assert ann.run("config", "get", "backend_url").out == f"{crib.url}/api/\n"
    ann.run("logout")
    assert "not signed in" in ann.run("list", code=2).err


def test_the_earlier_environment_name_is_honoured_after_ours(ann: Person, crib: ToolcribServer) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert ann.run("currentuser", env={"ASSET_LOCK_BACKEND_URL": f"{crib.url}/api"}).out == "ann\n"
    assert "Cannot reach" in ann.run("currentuser", env={"ASSET_LOCK_BACKEND_URL": nowhere}, code=2).err
    assert (
        ann.run("currentuser", env={"ASSET_LOCK_BACKEND_URL": nowhere, "TOOLCRIB_URL": crib.url}).out
        == "ann\n"
    )


@pytest.mark.parametrize(
    "words", [["configure", "--backend"], ["config", "set", "backend_url"]], ids=["configure", "config set"]
)
def test_the_earlier_ways_to_choose_a_server_work(ann: Person, words: list[str]) -> None:
    clone = ann.new_clone()
    nowhere = f"http://127.0.0.1:{free_port()}"
    ann.run(*words, f"{nowhere}/api")
    assert json.loads((clone.root / ".git/asset_lock_config.json").read_text()) == {"backend_url": nowhere}
    assert "Cannot reach" in ann.run("locks", code=2).err
    assert "no setting" in ann.run("config", "get", "colour", code=2).err


def test_the_server_may_be_named_before_the_command(
    person: Callable[..., Person], crib: ToolcribServer
) -> None:
    ann = person("ann", signed_in=False)
    for option in ("--backend", "--url"):
        ann.run(option, f"{crib.url}/api", "login", "-u", "ann", "--password-stdin", stdin=PASSWORD)
        assert ann.run(option, crib.url, "currentuser").out == "ann\n"


def test_a_broken_file_is_named_instead_of_crashing(ann: Person) -> None:
    credentials(ann).write_text("{")
    assert str(credentials(ann)) in ann.run("locks", code=2).err
