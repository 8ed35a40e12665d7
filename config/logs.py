"""Log lines without addresses, networks and capabilities, whatever was handed to the logger."""

import logging
import re

ADDRESS = re.compile(r"[^\s<>\"'(),;:@/]+(?:@|%40)[^\s<>\"'(),;:@/]+")
TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
# Digests under our keys, which an error of the database may quote.
DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
# What an OpenID Connect provider sends people back with, and the tokens behind it.
LOGIN = re.compile(r"\b(code|state|session_state|access_token|id_token)=[^&\s\"'<>]+")
JWT = re.compile(r"\beyJ[\w-]+\.[\w-]*\.?[\w-]*")
# The web server names the sender of a request that it cannot read.
NETWORK = re.compile(r"\bip=[^\s,]+")


def scrub(text: str) -> str:
    text = DIGEST.sub("[digest]", ADDRESS.sub("[address]", text))
    text = JWT.sub("[token]", LOGIN.sub(r"\1=[token]", text))
    return NETWORK.sub("ip=[network]", TOKEN.sub("[token]", text))


class ScrubbingFormatter(logging.Formatter):
    """Formats a record, traceback included, and then removes what may not stand there."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))
