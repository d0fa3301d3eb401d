"""Which of the verbs that every kind shares a person may use on a claim now, and why not.

One answer for everybody: the API refuses with these sentences, and shows them in `claim.cannot` to the page and the
command line, which know none of these rules themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from toolcrib.kernel.claims.models import Claim
from toolcrib.kernel.claims.problems import HELD_BY_YOU, NotHolder, VerbRefused
from toolcrib.kernel.identity.principal import AccessDenied, Principal

# `ask` is to send the holder a message; its route belongs to the kind.
Verb = Literal["release", "renew", "transfer", "force_release", "wait", "ask"]
VERBS: tuple[Verb, ...] = get_args(Verb)

# What a kind refuses beyond the kernel's own rules: a sentence for each verb that may not be used now. It is asked for
# every claim of a list, so it looks at its arguments alone; what a rule depends on lies in the claim's `data`, and
# changes with an event, for lists are kept until the next one.
Rules = Callable[[Claim, Principal, datetime], Mapping[Verb, str]]

YOUR_OWN = "It is your own: release it instead."
WAITING = "You are waiting for it already."
MAIL_IS_OFF = "Mail is switched off on this server."
ONLY_FOR_VIEWING = "You may see it, but not hold it."


def no_rules(_claim: Claim, _me: Principal, _now: datetime) -> Mapping[Verb, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what is true whichever claim they ask about. `waiting` holds the digests of what they wait for,
    `disabled` the UUIDs of holders whose account is."""

    me: Principal
    now: datetime
    mail: bool = True
    waiting: Set[str] = frozenset()
    disabled: Set[str] = frozenset()
    # Many claims share few scopes: (may end the claims of others, may hold) by scope.
    rights: dict[str, tuple[bool, bool]] = field(default_factory=dict)

    def rights_in(self, scope: str) -> tuple[bool, bool]:
        known = self.rights.get(scope)
        if known is None:
            known = self.rights[scope] = (self.me.may(scope, "admin"), self.me.may(scope, "member"))
        return known


@dataclass(frozen=True, slots=True)
class Permissions:
    """`rules` are the kinds' own; `notifying` names those with a way to send a holder a message. `key_scopes` holds the
    scope that an API key needs for the claims of each kind."""

    rules: Mapping[str, Rules] = field(default_factory=dict)
    notifying: Set[str] = frozenset()
    key_scopes: Mapping[str, str] = field(default_factory=dict)

    def refusals(self, claim: Claim, caller: Caller) -> dict[Verb, str]:
        """Why the caller may not: a sentence for each verb that would be refused, the kernel's before the kind's."""
        has, need = caller.me.key_scopes, self._key_scope(claim)
        if has is not None and need not in has:
            return dict.fromkeys(VERBS, f"This API key lacks the scope {need}.")
        kind = self.rules.get(claim.kind, no_rules)
        return {**kind(claim, caller.me, caller.now), **self._kernel_refusals(claim, caller)}

    def _key_scope(self, claim: Claim) -> str:
        return self.key_scopes.get(claim.kind, claim.kind)

    def require_scope(self, claim: Claim, me: Principal) -> None:
        """Refuse an API key that may not be used for claims of this kind.

        Raises:
            MissingScope: (403).
        """
        self.require_key(claim.kind, me)

    def require_key(self, kind: str, me: Principal) -> None:
        """As `require_scope`, where there is no claim."""
        me.require_scope(self.key_scopes.get(kind, kind))

    def _kernel_refusals(self, claim: Claim, caller: Caller) -> dict[Verb, str]:
        found: dict[Verb, str] = {}
        authority, member = caller.rights_in(claim.scope)
        if claim.holder_uuid == caller.me.uuid:
            found["wait"] = found["ask"] = HELD_BY_YOU
            found["force_release"] = YOUR_OWN
        else:
            found["release"] = f"Only {claim.holder} can release it."
            found["renew"] = f"Only {claim.holder} can change its end."
            if not authority:
                found["transfer"] = (
                    f"Only {claim.holder} or {_authorities(claim.scope, caller)} can hand it over."
                )
            if not member:
                found["wait"] = ONLY_FOR_VIEWING
            elif claim.digest in caller.waiting:
                found["wait"] = WAITING
            if claim.kind not in self.notifying:
                found["ask"] = "Its holder cannot be sent a message from here."
            elif not caller.mail:
                found["ask"] = MAIL_IS_OFF
            if not authority:
                found["force_release"] = f"Only {_authorities(claim.scope, caller)} can force-release it."
        return found

    def require(self, verb: Verb, claim: Claim, me: Principal, now: datetime) -> None:
        """Refuse `verb` with the sentence that `claim.cannot` shows. Who holds it and who waits may change until the
        claim rules run, and they look again.

        Raises:
            MissingScope: the caller's API key may not be used for claims of this kind (403).
            NotHolder, AccessDenied: it is not the caller's to do (403).
            VerbRefused: the kind has a reason against it (409).
        """
        self.require_scope(claim, me)
        reason = self._kernel_refusals(claim, Caller(me, now)).get(verb)
        if reason == HELD_BY_YOU:
            return  # refused by the claim rules, which know the queue
        if reason is not None:
            raise NotHolder(claim, reason) if verb in ("release", "renew") else AccessDenied(reason)
        reason = self.rules.get(claim.kind, no_rules)(claim, me, now).get(verb)
        if reason is not None:
            raise VerbRefused(claim, verb, reason)


def _authorities(scope: str, caller: Caller) -> str:
    family, _, name = scope.partition(":")
    if family == "project" and name in caller.me.projects:
        return f"an admin of {name} or of the server"
    if family == "company":
        return "an owner of the company or an administrator"
    return "an administrator"
