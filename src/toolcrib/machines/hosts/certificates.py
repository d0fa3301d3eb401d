"""Keys of the pool, and short-lived certificates that sign people in without a key or password on the host.

The pool's CA is trusted by a `cert-authority` line in the account's own authorized_keys, not by sshd's
TrustedUserCAKeys: so it can open the pool's accounts and no other login, sshd's configuration stays as it is, and the
trust goes with the account.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from toolcrib.machines.hosts.names import check_principal, read_private_key, read_public_key


@dataclass(frozen=True)
class KeyPair:
    """An Ed25519 key as OpenSSH writes it."""

    private: str = field(repr=False)
    public: str


def new_key(comment: str = "toolcrib") -> KeyPair:
    """Make a key: the pool's own to manage hosts, or its CA."""
    import asyncssh  # noqa: PLC0415 - 8 MB, and few servers are given keys

    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    return KeyPair(key.export_private_key().decode().strip(), key.export_public_key().decode().strip())


def public_of(private: str) -> str:
    """Return the public half of an OpenSSH private key without passphrase. Raises InvalidValue for anything else."""
    return str(read_private_key(private).convert_to_public().export_public_key().decode().strip())


def fingerprint(public: str) -> str:
    """Return a public key's `SHA256:…`, as `ssh-keygen -l` shows it."""
    import asyncssh  # noqa: PLC0415 - 8 MB, and few servers are given keys

    return str(asyncssh.import_public_key(public).get_fingerprint())


def principal_of(mark: str, person: str) -> str:
    """Return the principal of one person's certificates for one hold.

    So a certificate of a hold that ended early does not open the next one's account, even if that has the same login;
    and a colleague's opens the account no longer than it is shared with them.
    """
    return f"{mark}.{person}"


def sign(
    ca_private: str, public_key: str, *, principal: str, valid_from: datetime, valid_until: datetime
) -> str:
    """Return an OpenSSH certificate by which `public_key` signs in where the CA is trusted for this principal.

    It allows a terminal and forwarding of ports and agents, as a key does.

    Raises:
        InvalidValue: this is not a key that can be certified.
    """
    import asyncssh  # noqa: PLC0415 - 8 MB, and few servers are given keys

    check_principal(principal)
    certificate = asyncssh.import_private_key(ca_private).generate_user_certificate(
        read_public_key(public_key),
        f"toolcrib {principal}",
        principals=[principal],
        valid_after=int(valid_from.timestamp()),
        valid_before=int(valid_until.timestamp()),
    )
    return str(certificate.export_certificate().decode().strip())


def authority_line(ca_key: str, *principals: str) -> str:
    """Return the line of authorized_keys that trusts the CA for certificates of these principals."""
    return f'cert-authority,principals="{",".join(principals)}" {ca_key}'
