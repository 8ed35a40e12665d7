"""OpenID Connect, only as far as it takes to learn one thing: whose address somebody has.

The requests are made with the client of django-allauth. Its application for social accounts is
not installed, on purpose: there is no table, no session and no page in which an account or a
token could come to rest. Tokens live in local variables of this module and nowhere else.
"""

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from django.http import HttpRequest

from config import crypto, in_time
from config.providers import GENERIC, Provider

# No request to a provider lasts longer, however slowly it answers.
SECONDS = 5
LONGEST_ANSWER = 256 * 1024
# So many threads of one process wait for providers at most; the others go on serving pages.
WAITING = threading.BoundedSemaphore(3)

# Signatures that only the provider can make. `none` and shared secrets are not among them.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
ALGORITHMS += ["EdDSA"]
LEEWAY_SECONDS = 60
OLDEST_SECONDS = 10 * 60


class Unavailable(Exception):
    """The provider did not answer in time, or not in a way that can be read."""


class Untrusted(Exception):
    """What came back proves nothing. The message names the check, never what was in it."""


class Cancelled(Exception):
    """The person, or the provider, ended the login."""


@dataclass(frozen=True)
class Claims:
    """What a provider says about somebody, as far as anybody here needs to know."""

    email: str
    is_email_verified: bool
    hosted_domain: str
    tenant: str
    is_guest: bool


# An attempt: everything in it follows from one secret that only the browser keeps. ----------


def state_of(provider: Provider, secret: str) -> str:
    return crypto.derived_token("login state", provider.key, secret)


def _nonce_of(provider: Provider, secret: str) -> str:
    return crypto.derived_token("login nonce", provider.key, secret)


def _verifier_of(provider: Provider, secret: str) -> str:
    """RFC 7636: 43 characters, known to nobody until the code is exchanged."""
    return crypto.derived_token("login verifier", provider.key, secret)


def authorisation_url(provider: Provider, secret: str, return_url: str) -> str:
    """Where the browser goes to log in. Raises `Unavailable`."""
    with patience():
        endpoint = _endpoint(_configuration(provider), "authorization_endpoint")
    challenge = sha256(_verifier_of(provider, secret).encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": return_url,
        "scope": "openid email",
        "state": state_of(provider, secret),
        "nonce": _nonce_of(provider, secret),
        "code_challenge": urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if provider.key != GENERIC:
        query["prompt"] = "select_account"
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def is_answer_to(provider: Provider, secret: str, answer: Mapping[str, str]) -> bool:
    return hmac.compare_digest(
        answer.get("state", "").encode(), state_of(provider, secret).encode()
    )


def claims(provider: Provider, secret: str, return_url: str, answer: Mapping[str, str]) -> Claims:
    """Exchange the code in the provider's answer for what it says about somebody.

    Raises `Cancelled`, `Unavailable` or `Untrusted`.
    """
    if "code" not in answer:
        raise Cancelled
    if answer.get("iss", provider.issuer) != provider.issuer and "{" not in provider.issuer:
        raise Untrusted("issuer of the answer")  # RFC 9207: the answer of another provider.
    with patience():
        configuration = _configuration(provider)
        tokens = _exchange(provider, secret, return_url, answer["code"], configuration)
        found = _read_token(provider, secret, tokens, configuration)
        if "email" not in found:
            found |= _ask_for_address(found["sub"], tokens, configuration)
    return Claims(
        email=_text(found, "email"),
        is_email_verified=found.get("email_verified") is True,
        hosted_domain=_text(found, "hd"),
        tenant=_text(found, "tid"),
        # Of another organisation, in a tenant of this one.
        is_guest="idp" in found or found.get("acct") == 1,
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    # What nobody can read, nothing here needs; the database would break off at a NUL.
    return value if isinstance(value, str) and value.isprintable() else ""


# Steps ------------------------------------------------------------------------------------


def _configuration(provider: Provider) -> dict[str, Any]:
    configuration = _fetch(provider.configuration_url)
    if configuration.get("issuer") != provider.issuer:
        raise Unavailable("The provider describes another one.")
    return configuration


def _endpoint(configuration: Mapping[str, Any], name: str) -> str:
    url = _text(configuration, name)
    # The settings accept an issuer without TLS in development only, and on this machine.
    is_local = all(one.startswith("http://127.0.0.1:") for one in (configuration["issuer"], url))
    if urlsplit(url).scheme != "https" and not is_local:
        raise Unavailable(f"{name} is missing, or not over TLS.")
    return url


def _exchange(
    provider: Provider,
    secret: str,
    return_url: str,
    code: str,
    configuration: Mapping[str, Any],
) -> dict[str, Any]:
    methods = configuration.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    client = OAuth2Client(
        None,
        provider.client_id,
        provider.secret,
        "POST",
        _endpoint(configuration, "token_endpoint"),
        return_url,
        basic_auth="client_secret_post" not in methods,
    )
    try:
        tokens = client.get_access_token(code, _verifier_of(provider, secret))
    except OAuth2Error:  # It quotes the answer, which may hold a token: it goes no further.
        raise Untrusted("code") from None
    if not isinstance(tokens, dict):
        raise Untrusted("answer to the code")
    return tokens


def _read_token(
    provider: Provider, secret: str, tokens: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """The claims of the ID token, after every check of OpenID Connect Core, section 3.1.3.7."""
    keys = _fetch(_endpoint(configuration, "jwks_uri"))
    try:
        found: dict[str, Any] = jwt.decode(
            _text(tokens, "id_token"),
            _key_of(_text(tokens, "id_token"), keys),
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise Untrusted(type(error).__name__) from None
    if found["iss"] != provider.issuer.replace("{tenantid}", _text(found, "tid")):
        raise Untrusted("issuer")
    if not hmac.compare_digest(str(found["nonce"]).encode(), _nonce_of(provider, secret).encode()):
        raise Untrusted("nonce")
    if found["aud"] != provider.client_id and found.get("azp") != provider.client_id:
        raise Untrusted("authorised party")
    if found["iat"] < time.time() - OLDEST_SECONDS:
        raise Untrusted("age")
    return found


def _key_of(token: str, keys: dict[str, Any]) -> jwt.PyJWK:
    kid = jwt.get_unverified_header(token).get("kid")
    known = jwt.PyJWKSet.from_dict(keys).keys
    for key in known:
        if key.key_id == kid and key.public_key_use in (None, "sig"):
            return key
    raise jwt.InvalidKeyError


def _ask_for_address(
    subject: str, tokens: Mapping[str, Any], configuration: Mapping[str, Any]
) -> dict[str, Any]:
    """Some providers tell the address at another door only. It must speak of the same person."""
    bearer = {"Authorization": f"Bearer {_text(tokens, 'access_token')}"}
    told = _fetch(_endpoint(configuration, "userinfo_endpoint"), headers=bearer)
    if told.get("sub") != subject:
        raise Untrusted("subject")
    return {name: told[name] for name in ("email", "email_verified") if name in told}


# Requests ----------------------------------------------------------------------------------


class Session(requests.Session):
    """Goes where it is told and nowhere else, once, reads so much, and waits so long."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, in_time.Transport())

    def request(self, *arguments: Any, **options: Any) -> requests.Response:
        options |= {"timeout": SECONDS, "allow_redirects": False, "stream": True}
        response = super().request(*arguments, **options)
        content = b""
        while piece := response.raw.read1(4096, decode_content=True):
            content += piece
            if len(content) > LONGEST_ANSWER:
                response.close()
                raise requests.Timeout
        # What `requests` itself does where nobody counts.
        response._content = content
        return response


class Adapter(DefaultSocialAccountAdapter):
    """Where the library's client gets its connection from."""

    def get_requests_session(self) -> Session:
        return Session()

    def is_open_for_signup(self, request: HttpRequest, sociallogin: object) -> bool:
        return False


def _fetch(url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    response = Session().get(url, headers=headers)
    response.raise_for_status()
    found = json.loads(response.content)
    if not isinstance(found, dict):
        raise Unavailable("Not a JSON object.")
    return found


@contextmanager
def patience() -> Iterator[None]:
    """Around requests and reading the answers: few at a time, and every trouble is one exception.

    What a provider sends can be nonsense of any kind, such as lists within lists without end,
    and a reader of it can stumble in any way. The log has the kind of the error.
    """
    if not WAITING.acquire(blocking=False):
        raise Unavailable("Too many logins at once.")
    try:
        yield
    except (Unavailable, Untrusted):
        raise
    except Exception as error:
        raise Unavailable(type(error).__name__) from None
    finally:
        WAITING.release()
