import logging

import pytest

from tests.processes.stack import Stack

for chatty in ("httpx", "mail.log"):
    logging.getLogger(chatty).setLevel(logging.WARNING)


@pytest.fixture(scope="session")
def stack():
    """One installation for all tests of this folder: each uses addresses of its own."""
    stack = Stack(TRUSTED_PROXIES="1", INVITATIONS_PER_MINUTE="3000")
    yield stack
    stack.stop()
