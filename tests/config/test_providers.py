"""Which login providers the variables make, and what each is believed."""

import pytest

from config import providers

NONE = {"GOOGLE_LOGIN": ["", ""], "MICROSOFT_LOGIN": ["", "", []], "OPENID_LOGIN": ["", "", "", []]}
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def test_nothing_is_configured_by_default(settings):
    assert providers.configured(NONE, "") == {} == settings.LOGIN_PROVIDERS
    assert not any(providers.complaints(NONE, is_development=False).values())


def test_presets_need_no_more_than_their_variables():
    logins = {
        "GOOGLE_LOGIN": ["id", "secret"],
        "MICROSOFT_LOGIN": ["id", "secret", [f"{TENANT.upper()}=google"]],
        "OPENID_LOGIN": ["https://login.example.org/guild/", "id", "secret", ["Example.ORG"]],
    }

    made = providers.configured(logins, "Guild account")

    assert {one.key: (one.name, one.issuer, one.configuration_url) for one in made.values()} == {
        "google": (
            "Google",
            "https://accounts.google.com",
            "https://accounts.google.com/.well-known/openid-configuration",
        ),
        "microsoft": (
            "Microsoft",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "https://login.microsoftonline.com/organizations/v2.0/.well-known/openid-configuration",
        ),
        "openid": (
            "Guild account",
            "https://login.example.org/guild/",
            "https://login.example.org/guild/.well-known/openid-configuration",
        ),
    }
    assert made["openid"].domains == {"example.org"}
    assert made["microsoft"].organisation_of_tenant(TENANT) == "google"
    assert made["microsoft"].organisation_of_tenant("") == ""
    assert not any(providers.complaints(logins, is_development=False).values())
    assert "secret" not in repr(made).replace("'secret'", "")


def test_generic_provider_without_a_name_is_called_by_its_host():
    logins = {**NONE, "OPENID_LOGIN": ["https://login.example.org", "id", "secret", ["x.example"]]}

    assert providers.configured(logins, "")["openid"].name == "login.example.org"


@pytest.mark.parametrize(
    ("issuer", "in_production", "in_development"),
    [
        ("https://login.example.org", True, True),
        ("http://127.0.0.1:8080", False, True),
        ("http://login.example.org", False, False),
        ("https://", False, False),
        ("https://user:x@login.example.org", False, False),
        ("ftp://login.example.org", False, False),
        ("login.example.org", False, False),
    ],
)
def test_issuer_is_reached_over_tls(issuer, in_production, in_development):
    assert providers.is_issuer(issuer, is_development=False) == in_production
    assert providers.is_issuer(issuer, is_development=True) == in_development
