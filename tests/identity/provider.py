"""A small OpenID provider: real HTTP, real signatures, and the lies a client must see through."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID = "toolcrib"
CLIENT_SECRET = "s3cr/t+of%client"  # characters that must be escaped in Basic


class Provider:
    """`person` is who signs in next; `claims` and `lies` change what the ID token says and how it is signed."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "sub-1",
            "preferred_username": "zoe",
            "email": "zoe@example.com",
        }
        self.claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.userinfo: dict[str, Any] = {}
        self.methods = ["client_secret_basic"]
        self.down = False
        self.has_discovery = True
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
        self.signing_key: Any = self.key
        self.algorithm = "RS256"
        self.issuer_says: str | None = None
        self.ends_sessions = False
        self.userinfo_fails = False
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._codes: dict[str, dict[str, str]] = {}
        handler = type("Handler", (_Handler,), {"provider": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def settings(self) -> dict[str, str]:
        return {
            "OIDC_PROVIDER_URL": self.url,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def sign_in(self, authorization_url: str) -> dict[str, str]:
        """What a browser brings back after a person has signed in: `code` and `state`."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        return {"code": code, "state": query["state"]}

    def redeem(self, form: dict[str, str], authorization: str | None) -> dict[str, Any] | None:
        query = self._codes.pop(form.get("code", ""), None)
        if query is None or not self._knows(form, authorization):
            return None
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != query["code_challenge"]:
            return None
        if form["redirect_uri"] != query["redirect_uri"] or form["grant_type"] != "authorization_code":
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            **self.person,
        }
        header = {"alg": self.algorithm, "kid": "k1"}
        id_token = jwt.encode(header, self.claims(claims), self.signing_key, [self.algorithm])
        return {"access_token": "at", "token_type": "Bearer", "id_token": id_token}

    def _knows(self, form: dict[str, str], authorization: str | None) -> bool:
        if "client_secret_post" in self.methods:
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        pair = urlencode({"": CLIENT_ID})[1:] + ":" + urlencode({"": CLIENT_SECRET})[1:]
        return authorization == "Basic " + base64.b64encode(pair.encode()).decode()

    def logout_token(self, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A message that a person has signed out here; None leaves a claim out."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 120,
            "jti": secrets.token_urlsafe(8),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            **changes,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        full = {"alg": self.algorithm, "kid": "k1", "typ": "logout+jwt"} if header is None else header
        return jwt.encode(full, told, self.signing_key, [self.algorithm])

    def sign_with_the_client_secret(self) -> None:
        """The confusion of algorithms: a symmetric signature with a key the client knows."""
        self.algorithm, self.signing_key = "HS256", OctKey.import_key(CLIENT_SECRET)

    def sign_with_another_key(self) -> None:
        self.signing_key = RSAKey.generate_key(2048, {"kid": "k1"})

    def rotate_key(self) -> None:
        self.key = self.signing_key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


class _Handler(BaseHTTPRequestHandler):
    provider: Provider
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        provider = self.provider
        path = urlsplit(self.path).path
        if provider.down:
            self._answer(503, {})
        elif path == "/.well-known/openid-configuration" and provider.has_discovery:
            document = {
                "issuer": provider.issuer_says or provider.url,
                "authorization_endpoint": f"{provider.url}/authorize",
                "token_endpoint": f"{provider.url}/token",
                "userinfo_endpoint": f"{provider.url}/userinfo",
                "jwks_uri": f"{provider.url}/keys",
                "token_endpoint_auth_methods_supported": provider.methods,
            }
            if provider.ends_sessions:
                document["end_session_endpoint"] = f"{provider.url}/end"
            self._answer(200, document)
        elif path == ("/keys" if provider.has_discovery else "/.well-known/jwks.json"):
            self._answer(200, {"keys": [provider.key.as_dict(private=False)]})
        elif path == "/userinfo" and provider.userinfo_fails:
            self._answer(500, {})
        elif path == "/userinfo" and self.headers["Authorization"] == "Bearer at":
            self._answer(200, {"sub": provider.person["sub"], **provider.userinfo})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.provider.seen.append((self.path, form))
        answer = None if self.provider.down else self.provider.redeem(form, self.headers["Authorization"])
        self._answer(200, answer) if answer else self._answer(400, {"error": "invalid_grant"})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def provider() -> Iterator[Provider]:
    one = Provider()
    try:
        yield one
    finally:
        one.close()
