"""Mail domains: how they are read, and which prove no organisation whatever the directory says."""

from functools import lru_cache

from django.conf import settings
from email_validator import EmailNotValidError, validate_email
from publicsuffixlist import PublicSuffixList

# A university that gives its alumni a domain of their own often calls it so.
ALUMNI_LABELS = frozenset({"alum", "alumni", "alumnae", "alumnos", "ehemalige"})


class NotADomain(ValueError):
    """No address that we read can have this domain."""


def read(typed: str) -> str:
    """A typed domain as addresses have it: lower case, in ASCII. Raises `NotADomain`."""
    try:
        valid = validate_email(
            f"a@{typed}",
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=settings.DEBUG,
        )
    except EmailNotValidError:
        raise NotADomain(typed) from None
    return valid.ascii_domain.lower()


def proves_nothing(domain: str) -> bool:
    """Whether anybody, any customer or any former member can have a mailbox at the domain.

    A domain below one of these proves nothing either, but for one below a public suffix
    (co.uk): that one is somebody's own.
    """
    labels = domain.split(".")
    if ALUMNI_LABELS & set(labels) or _public_suffixes().is_public(domain):
        return True
    return not _listed().isdisjoint(itself_and_above(domain))


def have_one_owner(domain: str, below: str) -> bool:
    """Whether no public suffix stands between a domain and one below it (co.uk, example.co.uk)."""
    suffixes = _public_suffixes()
    return bool(suffixes.privatesuffix(domain) == suffixes.privatesuffix(below))


def owned_part(domain: str) -> str:
    """What somebody registered: example.co.uk of mail.example.co.uk. A flood through many names
    below one domain is a flood through one.

    Names that a company gives away below its own (x.duckdns.org) count as that company's: whoever
    takes one can take a thousand.
    """
    return _registered_suffixes().privatesuffix(domain) or domain


def itself_and_above(domain: str) -> list[str]:
    """The domain, the one it stands below and so on, down to two labels, the longest first."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


@lru_cache(maxsize=1)
def free_mail_domains() -> frozenset[str]:
    """Public mail providers."""
    return _read("free-mail-domains.txt")


@lru_cache(maxsize=1)
def _public_suffixes() -> PublicSuffixList:
    """The list that comes with the package; nothing is fetched."""
    return PublicSuffixList()


@lru_cache(maxsize=1)
def _registered_suffixes() -> PublicSuffixList:
    """Without the part of the list that companies have added."""
    return PublicSuffixList(only_icann=True)


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return free_mail_domains() | _read("unproving-domains.txt")


def _read(name: str) -> frozenset[str]:
    lines = (settings.SEEDS_DIR / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def is_at_provider(domain: str) -> bool:
    """Whether mailboxes there are a mail provider's: half the world has one at a few of them. At a
    name below such a domain one customer has all mailboxes."""
    return domain in free_mail_domains()
