"""A small sum that a browser does before a form is taken, so that a flood costs its sender time.

The format is ALTCHA's (https://altcha.org, version 2 of its challenges), made and checked here:
nobody else is asked. The browser derives keys by PBKDF2 until it finds the one that begins as
the challenge says; which of them it is, is drawn at random, so that the time it takes has an
upper bound. Whoever asks for a challenge costs us one derivation, whoever solves it costs us a
MAC. A solution is worth one form, within the hour, and for the form it was made for.

A challenge is drawn at random and says nothing about who asked; nothing is stored but, for an
hour and in the cache only, which ones are used up.
"""

import json
import logging
import secrets
import time

import altcha
from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from config import crypto, outage

ALGORITHM = "PBKDF2/SHA-256"
ITERATIONS = 5000
LIFE_SECONDS = 60 * 60
LONGEST_SOLUTION = 4000  # characters; ours have about 700

logger = logging.getLogger(__name__)


def challenge(form: str) -> str:
    """A challenge for one form, as JSON."""
    most = settings.DEFENCES.proof_of_work_keys
    made = altcha.create_challenge(
        ALGORITHM,
        ITERATIONS,
        counter=most // 2 + secrets.randbelow(most - most // 2),
        expires_at=int(time.time()) + LIFE_SECONDS,
        data={"form": form},
        hmac_secret=crypto.digest("challenge"),
        hmac_key_secret=crypto.digest("challenge key"),
    )
    return json.dumps(made.to_dict())


def is_solved(solution: str, form: str) -> bool:
    """Whether `solution` is one to a challenge of ours for this form, not used before."""
    payload = _read(solution)
    if payload is None or not _is_right(payload):
        return False
    data = payload.challenge.parameters.data
    return data == {"form": form} and _spend(payload.challenge.parameters.nonce)


def _read(solution: str) -> altcha.Payload | None:
    if not solution or len(solution) > LONGEST_SOLUTION:
        return None
    try:
        return altcha.Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_right(payload: altcha.Payload) -> bool:
    """Signed by us, under any of `FIELD_KEYS`, not too old, and solved."""
    keys = zip(crypto.digests("challenge"), crypto.digests("challenge key"), strict=True)
    return any(
        altcha.verify_solution(payload, secret, hmac_key_secret=key_secret).verified
        for secret, key_secret in keys
    )


def _spend(nonce: str) -> bool:
    """Whether the challenge was not used before. Where the cache is down, nobody can tell."""
    if outage.is_on():
        return True
    name = f"spent:{crypto.digest('spent', nonce)}"
    began = time.monotonic()
    try:
        return bool(cache.add(name, 1, timeout=LIFE_SECONDS))
    except (RedisError, OSError) as error:
        outage.note(began)
        logger.warning("Used challenge not noted: %s", type(error).__name__)
        return True
