"""Who may say for somebody where they work: the OpenID Connect providers of an installation.

None is configured by default, and then nobody is offered a login.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

GOOGLE = "google"
MICROSOFT = "microsoft"
GENERIC = "openid"

UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True)
class Provider:
    """One provider, and what its word is good for.

    `issuer` may hold `{tenantid}`, which stands for the tenant that a token names. `domains`
    are the mail domains that a generic provider may speak for; `tenants` are the tenants of
    Microsoft and the organisation (slug) that each belongs to.
    """

    key: str
    name: str
    issuer: str
    configuration_url: str
    client_id: str
    secret: str = field(repr=False)
    domains: frozenset[str] = frozenset()
    tenants: tuple[tuple[str, str], ...] = ()

    def organisation_of_tenant(self, tenant: str) -> str:
        return dict(self.tenants).get(tenant.lower(), "")


# What each login needs, by the beginning of its variables' names: all of it, or nothing.
NEEDS = {
    "GOOGLE_LOGIN": ["ID", "SECRET"],
    "MICROSOFT_LOGIN": ["ID", "SECRET", "TENANTS"],
    "OPENID_LOGIN": ["ISSUER", "ID", "SECRET", "DOMAINS"],
}


def configured(logins: Mapping[str, list[Any]], name: str) -> dict[str, Provider]:
    """The providers whose variables are all there. `name` is that of the generic one."""
    made: dict[str, Callable[..., Provider]] = {
        "GOOGLE_LOGIN": google,
        "MICROSOFT_LOGIN": microsoft,
        "OPENID_LOGIN": generic,
    }
    found = [made[one](*values) for one, values in logins.items() if all(values)]
    named = [replace(one, name=name) if name and one.key == GENERIC else one for one in found]
    return {provider.key: provider for provider in named}


def complaints(logins: Mapping[str, list[Any]], *, is_development: bool) -> dict[str, bool]:
    """What is wrong with the variables: sentence → whether it is so."""
    incomplete = {
        f"{', '.join(f'{login}_{part}' for part in NEEDS[login])} need each other": any(values)
        and not all(values)
        for login, values in logins.items()
    }
    tenants, issuer = logins["MICROSOFT_LOGIN"][2], logins["OPENID_LOGIN"][0]
    return incomplete | {
        "MICROSOFT_LOGIN_TENANTS must read like tenant-id=organisation, with commas between": not (
            are_tenants(tenants)
        ),
        "OPENID_LOGIN_ISSUER must begin with https://": bool(issuer)
        and not is_issuer(issuer, is_development=is_development),
    }


def google(client_id: str, secret: str) -> Provider:
    issuer = "https://accounts.google.com"
    return Provider(GOOGLE, "Google", issuer, configuration_of(issuer), client_id, secret)


def microsoft(client_id: str, secret: str, tenants: Iterable[str]) -> Provider:
    host = "https://login.microsoftonline.com"
    return Provider(
        MICROSOFT,
        "Microsoft",
        f"{host}/{{tenantid}}/v2.0",
        configuration_of(f"{host}/organizations/v2.0"),
        client_id,
        secret,
        tenants=tuple(_pair(tenant) for tenant in tenants),
    )


def generic(issuer: str, client_id: str, secret: str, domains: Iterable[str]) -> Provider:
    lower = frozenset(domain.lower() for domain in domains)
    name = urlsplit(issuer).hostname or issuer
    return Provider(
        GENERIC, name, issuer, configuration_of(issuer), client_id, secret, domains=lower
    )


def configuration_of(issuer: str) -> str:
    """Where a provider describes itself (OpenID Connect Discovery 1.0, section 4)."""
    return issuer.rstrip("/") + "/.well-known/openid-configuration"


def _pair(tenant: str) -> tuple[str, str]:
    name, _equals, slug = tenant.partition("=")
    return name.lower(), slug


def are_tenants(tenants: Iterable[str]) -> bool:
    return all(re.fullmatch(rf"{UUID}=[a-z0-9-]+", tenant, re.IGNORECASE) for tenant in tenants)


def is_issuer(issuer: str, *, is_development: bool) -> bool:
    """An address over TLS; in development also one on this machine."""
    parts = urlsplit(issuer)
    is_local = is_development and parts.scheme == "http" and parts.hostname == "127.0.0.1"
    is_plain = not (parts.query or parts.fragment or parts.username)
    return bool(parts.hostname) and is_plain and (parts.scheme == "https" or is_local)
