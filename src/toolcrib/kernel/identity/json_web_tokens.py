"""JSON Web Tokens by PyJWT: their signature alone. `tokens` imports this with the first token, as it takes 10 MB."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import jwt

from toolcrib.kernel.identity.principal import Unauthorized

# The present secret is long enough, or the server would not have started; the one before it may be short.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

# PyJWT does not check the times: `Tokens.read` does, by the server's own clock.
_OPTIONS: Any = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
    "verify_iss": False,
}


def signed(claims: dict[str, Any], secret: str, algorithm: str) -> str:
    """Return the token that says `claims`."""
    return jwt.encode(claims, secret, algorithm)


def verified(raw: str, secrets: Sequence[str], algorithms: Sequence[str]) -> dict[str, Any]:
    """Return the claims of a token that was signed with one of these secrets.

    Raises:
        Unauthorized: it was not (401).
    """
    try:
        return _decoded(raw, secrets, algorithms)
    except jwt.InvalidSignatureError:
        raise Unauthorized("Invalid token: bad signature") from None
    except jwt.InvalidAlgorithmError:
        raise Unauthorized("Invalid token: algorithm not allowed") from None
    except (jwt.PyJWTError, RecursionError):
        raise Unauthorized("Invalid token: malformed") from None


def _decoded(raw: str, secrets: Sequence[str], algorithms: Sequence[str]) -> dict[str, Any]:
    *others, last = secrets
    for secret in others:
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(raw, secret, algorithms, _OPTIONS)
    return jwt.decode(raw, last, algorithms, _OPTIONS)


def unverified(raw: str) -> dict[str, Any]:
    """Return the claims of a token whoever signed it; none if it is not a token."""
    try:
        return jwt.decode(raw, options={"verify_signature": False})
    except (jwt.PyJWTError, RecursionError):
        return {}
