"""Forwarding headers: one decision for the client's address and the scheme, wherever they are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.servers.crib import Crib, Person
from tests.servers.environment import ADMIN, PASSWORD, settings
from toolcrib.kernel.forwarding import Origin, TrustedProxies, client_address

StartCrib = Callable[..., Crib]
CLIENT = "203.0.113.9"
FORWARDED = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartCrib]:
    """A server that sees this process as its peer 127.0.0.1."""
    started: list[Crib] = []

    def one(**settings: Any) -> Crib:
        started.append(Crib.start(tmp_path / str(len(started)), **settings))
        return started[-1]

    yield one
    for each in started:
        each.close()


# What each use of the headers shows


def cookie_is_secure(crib: Crib, headers: dict[str, str]) -> bool:
    """Whether a browser that signs in is told to send its cookie over TLS only."""
    body = {"username": ADMIN, "password": PASSWORD}
    answer = crib.client().post("/api/session", json=body, headers=headers)
    assert answer.status_code == 200
    return "; Secure" in answer.headers["Set-Cookie"]


def lfs_scheme(person: Person, headers: dict[str, str]) -> str:
    """The scheme of the address that git LFS is told to send an object to."""
    body = {"operation": "upload", "objects": [{"oid": "0" * 64, "size": 1}]}
    answer = person.client.post("/game.git/info/lfs/objects/batch", json=body, headers=headers)
    href: str = answer.json()["objects"][0]["actions"]["upload"]["href"]
    return href.partition(":")[0]


def audited_address(person: Person, headers: dict[str, str]) -> str:
    """The address in the audit of a document that the person locks."""
    name = f"{len(headers)}.txt"
    stored = person.stored(name)
    answer = person.client.post("/api/storage/lock", json={"file_id": stored["file_id"]}, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    newest = person.metadata(name, include_audit="1")["audit_logs"][0]
    assert newest["action"] == "lock"
    address: str = newest["ip_address"]
    return address


def addresses_are_counted_apart(crib: Crib) -> bool:
    """Whether two addresses that the peer names may try to sign in once each; LOGIN_RATE must be one try."""
    statuses = []
    for address in ("198.51.100.1", "198.51.100.2"):
        wrong = {"username": ADMIN, "password": "wrong"}
        headers = {"X-Forwarded-For": address}
        statuses.append(crib.client().post("/api/login", json=wrong, headers=headers).status_code)
    assert statuses[0] == 401
    return statuses[1] == 401


@pytest.mark.parametrize(
    ("proxies", "trusted"),
    [
        ("127.0.0.0/8", True),
        ("10.0.0.0/8, ::ffff:127.0.0.1", True),
        ("*", True),
        ("10.0.0.0/8", False),
    ],
)
def test_address_and_scheme_are_believed_of_the_same_peers(
    start: StartCrib, proxies: str, trusted: bool
) -> None:
    crib = start(TRUSTED_PROXIES=proxies)
    ann = crib.person()
    assert cookie_is_secure(crib, FORWARDED) is trusted
    assert lfs_scheme(ann, FORWARDED) == ("https" if trusted else "http")
    assert audited_address(ann, FORWARDED) == (CLIENT if trusted else "127.0.0.1")


@pytest.mark.parametrize(("proxies", "trusted"), [("127.0.0.0/8", True), ("10.0.0.0/8", False)])
def test_sign_ins_are_counted_by_the_address_that_is_believed(
    start: StartCrib, proxies: str, trusted: bool
) -> None:
    assert addresses_are_counted_apart(start(TRUSTED_PROXIES=proxies, LOGIN_RATE="1/minute")) is trusted


def test_several_proxies_in_a_row_are_passed(start: StartCrib) -> None:
    """The client, a balancer that speaks TLS, a proxy, and one on this machine."""
    crib = start(TRUSTED_PROXIES="127.0.0.1,10.0.0.0/8")
    ann = crib.person()
    headers = {
        "X-Forwarded-For": f"192.0.2.66, {CLIENT}, 10.1.1.1, 10.2.2.2",
        "X-Forwarded-Proto": "http, https, http, http",
    }
    assert cookie_is_secure(crib, headers)
    assert lfs_scheme(ann, headers) == "https"
    assert audited_address(ann, headers) == CLIENT


@pytest.mark.parametrize(
    ("said", "secure"),
    [
        ("https", True),
        ("HTTPS", True),
        ("Https", True),
        ("https, http", True),
        ("https,http", True),
        ("http, https", False),
        ("http", False),
        ("wss", False),
        ("", False),
    ],
)
def test_the_scheme_may_be_a_list_and_in_capitals(crib_with_defaults: Crib, said: str, secure: bool) -> None:
    assert cookie_is_secure(crib_with_defaults, {"X-Forwarded-Proto": said}) is secure


@pytest.fixture(scope="module")
def crib_with_defaults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crib]:
    crib = Crib.start(tmp_path_factory.mktemp("defaults"))
    yield crib
    crib.close()


def test_an_untrusted_proxy_is_warned_of_once(start: StartCrib) -> None:
    crib = start(TRUSTED_PROXIES="10.0.0.0/8")
    with capture_logs() as lines:
        crib.client().get("/health")
        assert not any(line["event"] == "forwarding_headers_ignored" for line in lines)
        for headers in (FORWARDED, {"X-Forwarded-Proto": "https"}, FORWARDED):
            crib.client().get("/health", headers=headers)
    (warning,) = [line for line in lines if line["event"] == "forwarding_headers_ignored"]
    assert warning["log_level"] == "warning"
    assert warning["peer"] == "127.0.0.1"
    assert "TRUSTED_PROXIES" in warning["hint"]


def test_a_trusted_proxy_is_not_warned_of(crib_with_defaults: Crib) -> None:
    with capture_logs() as lines:
        crib_with_defaults.client().get("/health", headers=FORWARDED)
    assert not any(line["event"] == "forwarding_headers_ignored" for line in lines)


def test_many_strangers_cannot_fill_the_log() -> None:
    proxies = TrustedProxies(["127.0.0.1"])
    with capture_logs() as lines:
        for number in range(250):
            proxies.origin(scope(f"192.0.2.{number}", CLIENT))
    assert 1 < len(lines) <= 20


@pytest.mark.parametrize("proxies", ["proxy.example", "10.0.0.1,traefik", "10.0.0.0/99", "300.1.1.1"])
def test_a_proxy_that_cannot_be_an_address_fails_the_start(proxies: str) -> None:
    with pytest.raises(ValueError, match="host names are not looked up"):
        settings(TRUSTED_PROXIES=proxies)


# How a list is read


def scope(peer: str | None, *forwarded: str, protos: tuple[str, ...] = ()) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded]
    headers += [(b"x-forwarded-proto", value.encode("latin-1")) for value in protos]
    return {"type": "http", "scheme": "http", "client": (peer, 1234) if peer else None, "headers": headers}


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # nobody we trust
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.1, 203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["203.0.113.1", "203.0.113.9"], "203.0.113.9"),  # two header lines
        ("127.0.0.1", ["203.0.113.1, 127.0.0.1"], "203.0.113.1"),  # two proxies on this machine
        ("127.0.0.1", ["192.0.2.7, 203.0.113.1, ::1, 127.0.0.1"], "203.0.113.1"),
        ("127.0.0.1", ["127.0.0.1, ::1"], "127.0.0.1"),  # a client on this machine
        ("127.0.0.1", ["203.0.113.1, nonsense, ::1"], "::/64"),
        ("127.0.0.1", ["203.0.113.9:4711"], "203.0.113.9"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.1, "], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("127.0.0.1", ["::ffff:203.0.113.9"], "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("::1", ["[2001:db8:1:2::9]:443"], "2001:db8:1:2::/64"),
        ("::1", ["2001:db8:1:2::9"], "2001:db8:1:2::/64"),
        (None, [], "unix"),
    ],
)
def test_who_a_request_is_counted_against(peer: str | None, forwarded: list[str], address: str) -> None:
    found = TrustedProxies(settings().trusted_proxies).origin(scope(peer, *forwarded))
    assert client_address({"type": "http", "client": (found.address, 0)}) == address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "protos", "origin"),
    [
        # `*` trusts the connecting address, but no address in a header, since the client may have written it.
        (["*"], "192.0.2.7, 203.0.113.1, 10.0.0.2", "https", ("10.0.0.2", "https")),
        (["*", "10.0.0.0/8"], "192.0.2.7, 203.0.113.1, 10.0.0.2", "https", ("203.0.113.1", "https")),
        # An entry for each address: the client's own counts, not what it wrote before that.
        (["10.0.0.1"], "192.0.2.7, 203.0.113.1", "https, http", ("203.0.113.1", "http")),
        (["10.0.0.0/8"], "203.0.113.1, 10.0.0.2", "https, http", ("203.0.113.1", "https")),
        # Else the first.
        (["10.0.0.0/8"], "192.0.2.7, 203.0.113.1, 10.0.0.2", "https, http", ("203.0.113.1", "https")),
    ],
)
def test_a_walk_through_proxies(
    proxies: list[str], forwarded: str, protos: str, origin: tuple[str, str]
) -> None:
    asked = scope("10.0.0.1", forwarded, protos=(protos,))
    assert TrustedProxies(proxies).origin(asked) == Origin(*origin)
