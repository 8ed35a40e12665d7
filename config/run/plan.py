"""Where this instance lives and what its environment says."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"

# The words that mean yes in settings, too.
YES = {"true", "on", "ok", "y", "yes", "1"}


class Refused(Exception):
    """It cannot start, or not go on; the message is for the person at the terminal."""


@dataclass
class Plan:
    """Where this instance lives, and what its environment says."""

    var: Path
    port: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def is_debug(self) -> bool:
        return self.environment["DEBUG"].lower() in YES

    @property
    def is_demonstration(self) -> bool:
        return self.is_debug and "DATABASE_URL" not in self.environment

    @property
    def has_own_broker(self) -> bool:
        return "REDIS_URL" not in self.environment

    @property
    def has_mailbox(self) -> bool:
        return self.is_debug and "EMAIL_URL" not in self.environment


def read_plan() -> Plan:
    # An empty variable counts as an unset one, as it does in the settings.
    environment = {name: value for name, value in os.environ.items() if value}
    var = Path(environment.get("VAR_DIR", ROOT / "var")).resolve()
    environment |= {"VAR_DIR": str(var), "PYTHONUNBUFFERED": "1"}
    environment.setdefault("DEBUG", "1")
    return Plan(var=var, port=read_port(environment.get("PORT", "8000")), environment=environment)


def read_port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65535:
        return int(text)
    raise Refused(f"PORT should be a number up to 65535, not {text!r}. Try: PORT=8001 make run")


def shortly(path: Path) -> str:
    return str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
