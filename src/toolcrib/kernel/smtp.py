"""Send mails to the mail server, one after another over one connection."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import TYPE_CHECKING

from toolcrib.kernel.failure_words import failure_in_words
from toolcrib.kernel.outbox import Letter
from toolcrib.settings import Settings

if TYPE_CHECKING:
    from email.headerregistry import Address

    from aiosmtplib import SMTP


class NotSent(Exception):
    """The mail was not sent. `reason` describes it without the server's text, which often repeats the address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Refused(NotSent):
    """The server has refused this mail for good."""


class Unavailable(NotSent):
    """The server did not accept the mail; try again later."""


class NoConnection(Unavailable):
    """The mail server cannot be reached, or does not respond."""


class Connection:
    """A connection to the mail server: opened by the first `send`, and again after a failure."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client: SMTP | None = None

    async def send(self, letter: Letter) -> None:
        """Send the mail; returns when the server has accepted responsibility for it.

        Raises:
            Refused: the server will never accept it.
            Unavailable: the server may accept it later; NoConnection if the failure has nothing to do with this mail.
        """
        import aiosmtplib  # noqa: PLC0415 - most processes send no mail

        try:
            message = compose(letter, self._settings.mail_sender)
        except ValueError as error:
            raise Refused(str(error)) from error
        client = await self._connected()
        try:
            sender = parse_sender(self._settings.mail_sender).addr_spec
            await client.send_message(message, sender=sender, recipients=[letter.to_address])
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = error.recipients[0].code
            raise (Refused if code >= 500 else Unavailable)(f"recipient refused: {code}") from error
        except aiosmtplib.SMTPDataError as error:
            raise (Refused if error.code >= 500 else Unavailable)(f"message refused: {error.code}") from error
        except (aiosmtplib.SMTPNotSupported, ValueError) as error:
            raise Refused(type(error).__name__) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unavailable(_reason(error)) from error

    async def close(self) -> None:
        import aiosmtplib  # noqa: PLC0415

        if self._client is None:
            return
        try:
            await self._client.quit(timeout=2)
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
        self._client = None

    async def _connected(self) -> SMTP:
        from aiosmtplib import SMTP, SMTPException  # noqa: PLC0415

        if self._client is not None and self._client.is_connected:
            return self._client
        settings = self._settings
        try:
            client = SMTP(
                hostname=settings.mail_server,
                port=settings.mail_port,
                local_hostname=settings.mail_ehlo_name
                or socket.gethostname(),  # the library's default asks DNS, and blocks
                timeout=settings.mail_timeout_seconds,
                use_tls=settings.mail_use_ssl,
                start_tls=False,  # one step at a time, so that the error can name the step that failed
                tls_context=tls_context(settings) if settings.mail_use_ssl or settings.mail_use_tls else None,
            )
            await client.connect()
            self._client = client
            await self._secure_and_sign_in(client)
        except (SMTPException, OSError, ValueError) as error:
            self._drop()
            raise NoConnection(_reason(error)) from error
        except NoConnection:
            self._drop()
            raise
        return client

    async def _secure_and_sign_in(self, client: SMTP) -> None:
        settings = self._settings
        await client.ehlo()
        if settings.mail_use_tls and not settings.mail_use_ssl:
            if not client.supports_extension("starttls"):
                raise NoConnection("STARTTLS is not offered")
            await client.starttls()
            await client.ehlo()
        if settings.mail_username:
            if not client.supports_extension("auth"):
                raise NoConnection("sign-in (AUTH) is not offered")
            await client.login(settings.mail_username, settings.mail_password.get_secret_value())

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def compose(letter: Letter, sender: str) -> EmailMessage:
    """Build the mail message.

    Raises:
        ValueError: the sender or the recipient is not a mail address.
    """
    origin = parse_sender(sender)
    message = EmailMessage()
    message["From"] = origin
    message["To"] = _address("", letter.to_address, "recipient")
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at)
    # The same Message-ID at every attempt, so that a mail that was sent twice is shown once.
    message["Message-ID"] = f"<{letter.id}.{letter.created_at.timestamp():.6f}@{origin.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def parse_sender(sender: str) -> Address:
    """Parse the sender of mails: `name@host` or `Name <name@host>`.

    Raises:
        ValueError: it is neither `name@host` nor `Name <name@host>`.
    """
    name, address = parseaddr(sender)
    return _address(name, address, "sender")


def _address(name: str, address: str, whose: str) -> Address:
    from email.headerregistry import Address  # noqa: PLC0415 - a parser of mail headers, for those who send any

    try:
        return Address(name, addr_spec=address)
    except (ValueError, IndexError, MessageError):  # what the parser raises for an invalid address
        raise ValueError(f"{whose} is not a mail address") from None


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Return a TLS context with the system's authorities, and the operator's own if one is configured.

    Raises:
        NoConnection: CUSTOM_CA_CERT_PATH does not name a readable certificate.
    """
    context = ssl.create_default_context()
    if settings.custom_ca_cert_path:
        path = Path(settings.custom_ca_cert_path)
        file = path / settings.custom_ca_cert_filename if path.is_dir() else path
        try:
            context.load_verify_locations(file)
        except OSError as error:
            raise NoConnection("CUSTOM_CA_CERT_PATH names no readable certificate") from error
    return context


def _reason(error: BaseException) -> str:
    """Describe what failed, without the server's text."""
    import aiosmtplib  # noqa: PLC0415

    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError(
                verify_code=62 | 64
            ):  # host name or IP address mismatch, of OpenSSL
                return "the certificate is for another name"
            case ssl.SSLCertVerificationError():
                return "the certificate is not trusted"
            case ssl.SSLError():
                return "TLS failed"
            case socket.gaierror():
                return "the host name of the mail server is not known"
            case ConnectionRefusedError():
                return "connection refused"
    match error:
        case aiosmtplib.SMTPAuthenticationError():
            return f"sign-in refused: {error.code}"
        case aiosmtplib.SMTPHeloError():
            return f"this server's name (MAIL_EHLO_NAME) refused: {error.code}"
        case aiosmtplib.SMTPSenderRefused():
            return f"sender refused: {error.code}"
        case aiosmtplib.SMTPResponseException(code=aiosmtplib.SMTPStatus.invalid_response):
            return "the mail server's answer is not SMTP"
        case aiosmtplib.SMTPResponseException():
            return f"the mail server answered {error.code}"
        case TimeoutError():
            return "timeout"
    if any(isinstance(cause, aiosmtplib.SMTPServerDisconnected) for cause in _causes(error)):
        return "the mail server closed the connection"
    return failure_in_words(error.__cause__ or error)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
