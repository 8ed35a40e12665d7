"""What somebody enters with: a password, or a passkey in place of one."""

import secrets
from dataclasses import dataclass
from typing import Any

# The library offers to sign up by passkey only with a verified mail address. These parts of
# it know nothing of addresses; its version is pinned.
from allauth.mfa.webauthn.internal import auth as webauthn

from letters.models import User

# A passkey names its account before there is one, so the number of the account is drawn.
# It lies far above those that the database counts up, and far below its limit.
LOWEST_NUMBER, NUMBERS = 2**40, 2**52


@dataclass(frozen=True)
class Password:
    text: str

    def give_to(self, user: User) -> None:
        user.set_password(self.text)
        user.save(update_fields=["password"])


@dataclass(frozen=True)
class Passkey:
    """A credential that the library has checked (`SignupWebAuthnForm`)."""

    name: str
    credential: dict[str, Any]

    def give_to(self, user: User) -> None:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        webauthn.WebAuthn.add(user, self.name, self.credential)


def draw_number() -> int:
    return LOWEST_NUMBER + secrets.randbelow(NUMBERS)


def passkey_options(user: User) -> dict[str, Any]:
    """What a browser needs to make a passkey; the challenge stays in the visitor's session."""
    return webauthn.begin_registration(user, True)
