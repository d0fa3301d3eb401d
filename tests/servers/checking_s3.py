"""moto's S3 behind a check of signatures (AWS Signature Version 4, in headers and in addresses) by botocore, which moto
itself does not make for addresses. Run as a program: PORT ACCESS_KEY SECRET_KEY."""

from __future__ import annotations

import hmac
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response
from werkzeug.serving import run_simple

SCHEME = "AWS4-HMAC-SHA256"
DATE = "%Y%m%dT%H%M%SZ"


class Refused(Exception):
    """Why a request has no valid signature."""


class CheckingS3:
    def __init__(self, access_key: str, secret_key: str) -> None:
        self._credentials = Credentials(access_key, secret_key)
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        try:
            self._check(Request(environ), environ["RAW_URI"])
        except Refused as refusal:
            text = f"<Error><Code>SignatureDoesNotMatch</Code><Message>{refusal}</Message></Error>"
            return Response(text, status=403, content_type="application/xml")(environ, start)
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer

    def _check(self, request: Request, raw: str) -> None:
        query = dict(parse_qsl(urlsplit(raw).query, keep_blank_values=True))
        if query.get("X-Amz-Algorithm") == SCHEME:
            told = {name.removeprefix("X-Amz-"): value for name, value in query.items()}
            date, auth = told["Date"], S3SigV4QueryAuth
            end = datetime.strptime(date, DATE).replace(tzinfo=UTC) + timedelta(seconds=int(told["Expires"]))
            if end < datetime.now(UTC):
                raise Refused("The address has expired.")
            raw = "&".join(each for each in raw.split("&") if not each.startswith("X-Amz-Signature="))
        else:
            scheme, _, fields = request.headers.get("Authorization", "").partition(" ")
            if scheme != SCHEME:
                raise Refused("There is no signature.")
            told = dict(each.strip().split("=", 1) for each in fields.split(","))
            date, auth = request.headers["X-Amz-Date"], S3SigV4Auth
        key, _, region, service, _ = told["Credential"].split("/")
        if key != self._credentials.access_key:
            raise Refused("There is no such key.")
        headers = {name: request.headers[name] for name in told["SignedHeaders"].split(";")}
        signed = AWSRequest(request.method, f"http://{request.host}{raw}", headers=headers)
        signed.context["timestamp"] = date
        signer = auth(self._credentials, service, region)
        wanted = signer.signature(signer.string_to_sign(signed, signer.canonical_request(signed)), signed)
        if not hmac.compare_digest(wanted, told["Signature"]):
            raise Refused("The signature is not that of this request.")


if __name__ == "__main__":
    port, *key = sys.argv[1:]
    run_simple("127.0.0.1", int(port), CheckingS3(*key), threaded=True)
