"""Mail domains that prove no organisation, whatever the directory says."""

from functools import lru_cache

from django.conf import settings

# A university that gives its alumni a domain of their own often calls it so.
ALUMNI_LABELS = frozenset({"alum", "alumni", "alumnae", "alumnos", "ehemalige"})


def proves_nothing(domain: str) -> bool:
    """Whether anybody, any customer or any former member can have a mailbox at the domain.

    A domain below one of these proves nothing either.
    """
    labels = domain.split(".")
    if ALUMNI_LABELS & set(labels):
        return True
    return not _listed().isdisjoint(itself_and_above(domain))


def itself_and_above(domain: str) -> list[str]:
    """The domain, the one it stands below and so on, down to two labels, the longest first."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(1, len(labels) - 1))]


@lru_cache(maxsize=1)
def free_mail_domains() -> frozenset[str]:
    """Public mail providers."""
    return _read("free-mail-domains.txt")


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    return free_mail_domains() | _read("unproving-domains.txt")


def _read(name: str) -> frozenset[str]:
    lines = (settings.SEEDS_DIR / name).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
