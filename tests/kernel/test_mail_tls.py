"""Mail over TLS and with an account, to a server that insists on both."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.kernel.mailing import queue, rows, send
from tests.kernel.parts import StartKernel
from tests.servers.certificates import Certificate
from tests.servers.smtp import MailServer
from toolcrib.kernel.smtp import Connection, NoConnection, Unavailable


class SecureServer(MailServer):
    """Speaks TLS from the first byte (`implicit`) or after STARTTLS, which it insists on, like on a sign-in."""

    host = "localhost"

    def __init__(self, certificate: Certificate, *, implicit: bool) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate.chain, certificate.key)
        self._implicit = implicit
        self.accounts: list[str] = []
        super().__init__()

    def _listen(self) -> None:
        tls: dict[str, Any] = {"ssl_context": self._context} if self._implicit else {}
        demands: dict[str, Any] = (
            {} if self._implicit else {"tls_context": self._context, "require_starttls": True}
        )
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            auth_required=True,
            authenticator=self._authenticate,
            auth_require_tls=not self._implicit,
            **tls,
            **demands,
        )
        self._controller.start()

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.accounts.append(data.login.decode())
        is_right = data.password == b"hunter2"
        return AuthResult(success=is_right, handled=is_right)  # else it would answer nothing


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(params=["starttls", "implicit"])
def secure(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[SecureServer]:
    server = SecureServer(certificate, implicit=request.param == "implicit")
    yield server
    server.close()


def secured(server: SecureServer, **changes: Any) -> dict[str, Any]:
    way = "mail_use_ssl" if server._implicit else "mail_use_tls"
    account = {"mail_username": "crib", "mail_password": "hunter2"}
    return {**server.settings, "MAIL_SERVER": "localhost", way: True, **account, **changes}


# aiosmtpd warns of accounts without STARTTLS even where TLS came first.
NO_WARNING = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@NO_WARNING
@pytest.mark.databases("sqlite")
async def test_mail_travels_encrypted_and_signed_in(
    post: StartKernel, secure: SecureServer, certificate: Certificate
) -> None:
    kernel = await post(**secured(secure, custom_ca_cert_path=str(certificate.authority)))
    await queue(kernel, "ann@example.com")
    await send(kernel)
    assert len(secure.messages) == 1
    assert secure.accounts == ["crib"]


@NO_WARNING
@pytest.mark.databases("sqlite")
async def test_the_authority_may_be_a_named_file_in_a_folder(
    post: StartKernel, secure: SecureServer, certificate: Certificate
) -> None:
    folder = {"custom_ca_cert_path": str(certificate.authority.parent)}
    kernel = await post(**secured(secure, **folder, custom_ca_cert_filename=certificate.authority.name))
    await queue(kernel, "ann@example.com")
    await send(kernel)
    assert len(secure.messages) == 1


@NO_WARNING
@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"custom_ca_cert_path": ""}, "the certificate is not trusted"),
        ({"MAIL_SERVER": "127.0.0.1"}, "the certificate is for another name"),
        ({"custom_ca_cert_path": "/no/such/file"}, "CUSTOM_CA_CERT_PATH names no readable certificate"),
        ({"mail_password": "wrong"}, "sign-in refused: 535"),
    ],
    ids=["stranger", "other name", "no file", "wrong password"],
)
async def test_without_trust_nothing_is_sent_and_it_stays_due(
    post: StartKernel, secure: SecureServer, certificate: Certificate, changes: dict[str, Any], reason: str
) -> None:
    chosen = {"custom_ca_cert_path": str(certificate.authority), **changes}
    kernel = await post(**secured(secure, **chosen))
    await queue(kernel, "ann@example.com")
    await send(kernel)
    assert secure.messages == []
    (row,) = await rows(kernel)
    assert row.last_error == reason


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mail_use_tls": True}, "STARTTLS is not offered"),
        ({"mail_username": "crib", "mail_password": "hunter2"}, "sign-in (AUTH) is not offered"),
        ({"MAIL_SERVER": "no-such-host.invalid"}, "the host name of the mail server is not known"),
        ({"MAIL_EHLO_NAME": "refused.example"}, "this server's name (MAIL_EHLO_NAME) refused: 550"),
    ],
    ids=["no STARTTLS", "no AUTH", "no host", "name refused"],
)
async def test_a_server_that_cannot_do_what_was_asked_gets_no_mail(
    post: StartKernel, smtp: MailServer, changes: dict[str, Any], reason: str
) -> None:
    kernel = await post(**changes)
    await queue(kernel, "ann@example.com")
    letter = await kernel.mailer.take_next(kernel.clock())
    assert letter is not None
    with pytest.raises(NoConnection) as trouble:
        await Connection(kernel.settings).send(letter)
    assert isinstance(trouble.value, Unavailable)
    assert trouble.value.reason == reason
    assert smtp.messages == []
