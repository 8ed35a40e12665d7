import logging

import pytest

from tests.processes.stack import Stack

for chatty in ("httpx", "mail.log"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def maildir(tmp_path_factory):
    """Where a mail server would put what comes back."""
    folder = tmp_path_factory.mktemp("returned")
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir()
    return folder


@pytest.fixture(scope="package")
def stack(maildir):
    """One installation for all tests of this folder: each uses addresses of its own."""
    stack = Stack(
        TRUSTED_PROXIES="1",
        INVITATIONS_PER_MINUTE="3000",
        BOUNCE_ADDRESS="bounce@letters.example.org",
        BOUNCE_MAILDIR=str(maildir),
    )
    yield stack
    stack.stop()
