"""The login proof: a provider that knows somebody's work account says so.

For people who sign by name, because the provider, and whoever administers the accounts of an
employer there, see that somebody used it here, and when. It proves the address that was typed
on the form, and nothing else counts: so an address is used up once, whichever way it came.
"""

import logging
from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse

from config import crypto, openid
from config.openid import Claims
from config.providers import GENERIC, GOOGLE, MICROSOFT, Provider
from letters.mail_domains import proves_nothing
from letters.models import Letter, Organisation
from signatories import addresses, affiliation
from signatories.addresses import Address
from signatories.models import Appearance, Method, Purpose, Signature, Tenure, Verification
from signatories.verification import Proof

logger = logging.getLogger(__name__)

CANCELLED, ENDED, DOWN, UNTRUSTED = "cancelled", "ended", "down", "untrusted"
UNVERIFIED, OTHER_ADDRESS, NOT_PROVEN = "unverified", "address", "organisation"
PROBLEMS = (CANCELLED, ENDED, DOWN, UNTRUSTED, UNVERIFIED, OTHER_ADDRESS, NOT_PROVEN)


class NoProof(Exception):
    """The login proved nothing; `problem` is one of `PROBLEMS`. The entry is as it was."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def offered(letter: Letter) -> list[Provider]:
    """The providers by which one may sign this letter; none unless the host has set one up."""
    if not (letter.allows_login and letter.allows_named):
        return []
    return list(settings.LOGIN_PROVIDERS.values())


def offered_for(verification: Verification) -> list[Provider]:
    """The providers that can prove this entry: one by name, of somebody who works there now."""
    signature = verification.signature
    if verification.purpose != Purpose.SIGN or signature is None or signature.replaces:
        return []
    is_named = signature.appearance == Appearance.NAMED
    claims_work = bool(signature.organisation) and signature.tenure == Tenure.CURRENT
    return offered(signature.letter) if is_named and claims_work else []


def return_url(provider: Provider) -> str:
    """Where the provider sends people back to, as it has to be registered there."""
    return settings.SITE_URL + reverse("signer:answer", args=[provider.key])


def begin(*, verification: Verification, provider: Provider) -> tuple[str, str]:
    """A secret for this browser alone, and the address of the provider's login.

    An earlier login for the same entry is void from now on. Raises `NoProof`.
    """
    secret = crypto.new_token()
    try:
        url = openid.authorisation_url(provider, secret, return_url(provider))
    except openid.Unavailable as error:
        raise _down(provider, error) from None
    Verification.objects.filter(pk=verification.pk).update(login_digest=_digest(provider, secret))
    return secret, url


def finish(
    *, verification: Verification, provider: Provider, secret: str, answer: Mapping[str, str]
) -> Proof:
    """Take the provider's answer, once, and weigh what it says. Raises `NoProof`.

    The answer counts for the browser that began, and for the login begun last.
    """
    if not openid.is_answer_to(provider, secret, answer) or not _spend(
        verification, provider, secret
    ):
        raise NoProof(ENDED)
    try:
        claims = openid.claims(provider, secret, return_url(provider), answer)
    except openid.Cancelled:
        raise NoProof(CANCELLED) from None
    except openid.Unavailable as error:
        raise _down(provider, error) from None
    except openid.Untrusted as error:
        logger.warning("A login by %s was not believed: %s", provider.key, error)
        raise NoProof(UNTRUSTED) from None
    return _weigh(verification, provider, claims)


def _digest(provider: Provider, secret: str) -> str:
    return crypto.digest("login", provider.key, secret)


def _spend(verification: Verification, provider: Provider, secret: str) -> bool:
    """A conditional UPDATE: of two answers at once, or one sent twice, one finds nothing."""
    begun = crypto.digests("login", provider.key, secret)
    rows = Verification.objects.filter(pk=verification.pk, login_digest__in=begun)
    return bool(rows.update(login_digest=""))


def _down(provider: Provider, error: openid.Unavailable) -> NoProof:
    logger.warning("The login provider %s cannot be used: %s", provider.key, error)
    return NoProof(DOWN)


# Weighing -------------------------------------------------------------------------------------


def _weigh(verification: Verification, provider: Provider, claims: Claims) -> Proof:
    signature = verification.signature
    assert signature is not None  # `offered_for` asked.
    address = _address_in(provider, claims)
    typed = addresses.decrypt(bytes(verification.address), verification.key_name)
    if address.mailbox() != typed.mailbox():
        raise NoProof(OTHER_ADDRESS)
    organisation = _organisation_by(provider, claims, address)
    if organisation is None or not _is_claimed(signature, organisation):
        raise NoProof(NOT_PROVEN)
    return Proof(typed, organisation, Method.LOGIN)


def _is_claimed(signature: Signature, organisation: Organisation) -> bool:
    return signature.organisation_id == organisation.pk and signature.tenure == Tenure.CURRENT


def _address_in(provider: Provider, claims: Claims) -> Address:
    # Microsoft says of no address that it is verified; the tenant has to answer for it instead.
    if not claims.is_email_verified and provider.key != MICROSOFT:
        raise NoProof(UNVERIFIED)
    try:
        return addresses.read(claims.email)
    except addresses.NotAnAddress:
        raise NoProof(UNVERIFIED) from None


def _organisation_by(provider: Provider, claims: Claims, address: Address) -> Organisation | None:
    """The organisation that the provider may speak for, if it does."""
    return WORD_OF[provider.key](provider, claims, address)


def _by_domain(provider: Provider, claims: Claims, address: Address) -> Organisation | None:
    """A generic provider speaks for the mail domains that the host has named, no others."""
    return affiliation.proven_by(address) if address.domain in provider.domains else None


def _by_workspace(provider: Provider, claims: Claims, address: Address) -> Organisation | None:
    """Google knows a workplace by its `hd` claim only.

    Anybody can open a private Google account with an address at work, and keep it for years
    after leaving. One workplace can have several domains, students' among them: where the
    directory knows the domain of the address, that has to prove the same.
    """
    proven = Organisation.objects.proven_by(claims.hosted_domain)
    is_known = Organisation.objects.nearest_entry(address.domain) is not None
    if is_known or proves_nothing(address.domain):
        return proven if proven == affiliation.proven_by(address) else None
    return proven


def _by_tenant(provider: Provider, claims: Claims, address: Address) -> Organisation | None:
    """A Microsoft tenant that the host has mapped, for its own members, at its own domains.

    A tenant can write any address into the accounts it keeps; only those at the organisation's
    own domains are its to give.
    """
    slug = provider.organisation_of_tenant(claims.tenant)
    proven = affiliation.proven_by(address)
    is_member = bool(slug) and not claims.is_guest
    return proven if is_member and proven and proven.slug == slug else None


WORD_OF = {GENERIC: _by_domain, GOOGLE: _by_workspace, MICROSOFT: _by_tenant}
