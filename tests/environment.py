"""The environment of the tests, set before anything reads the settings.

Without DATABASE_URL and REDIS_URL everything happens in a folder that is thrown away, on
SQLite and the embedded broker; with them (`make check`) on PostgreSQL and Redis.
"""

import atexit
import gc
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

from config import broker

# What lives here lives for the whole run: to look for garbage seldom saves some of its time.
gc.set_threshold(100_000, 20, 20)

var = Path(tempfile.mkdtemp(prefix="undersigned-tests-"))
atexit.register(shutil.rmtree, var, ignore_errors=True)

os.environ.update(
    {
        "VAR_DIR": str(var),
        "KEYS_DIR": str(var / "keys"),
        "DEBUG": "1",
        "SECRET_KEY": "for tests only",
        "FIELD_KEYS": f"{Fernet.generate_key().decode()},{Fernet.generate_key().decode()}",
        "SITE_URL": "http://testserver",
        "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
        "EMAIL_URL": "memorymail://",
        # Most tests send a form as soon as they have it.
        "MINIMUM_FILL_SECONDS": "0",
        # No test takes the power from the database server, so nobody waits for the disk.
        "PGOPTIONS": "-c synchronous_commit=off",
    }
)

# Where tests run side by side, each process has a numbered database of its own.
if os.environ.get("REDIS_URL"):
    url = urlsplit(os.environ["REDIS_URL"])
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = (int(url.path.strip("/") or 0) - worker) % 16
    os.environ["REDIS_URL"] = url._replace(path=f"/{number}").geturl()
else:
    server = subprocess.Popen(
        broker.command(var), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    atexit.register(server.wait)
    atexit.register(server.terminate)
    broker.wait_until_ready(broker.socket_path(var), 20)
