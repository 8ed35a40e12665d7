"""Log lines without addresses and without capabilities, whatever was handed to the logger."""

import logging
import re

ADDRESS = re.compile(r"[^\s<>\"'(),;:@/]+@[^\s<>\"'(),;:@/]+")
TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


def scrub(text: str) -> str:
    return TOKEN.sub("[token]", ADDRESS.sub("[address]", text))


class ScrubbingFormatter(logging.Formatter):
    """Formats a record, traceback included, and then removes addresses and tokens."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))
