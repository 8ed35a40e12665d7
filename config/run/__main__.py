"""The command line: python -m config.run [prepare | keys]."""

import io
import os
import sys

from config import broker
from config.run.children import Signals, say
from config.run.claims import (
    keep_development_keys,
    make_folders,
    patience,
    reserve_port,
    sign_lock,
    take_lock,
)
from config.run.plan import Refused, read_plan
from config.run.preparation import prepare
from config.run.supervisor import Supervisor


def run() -> int:
    plan = read_plan()
    make_folders(plan.var)
    signals = Signals()
    with take_lock(plan.var) as lock, reserve_port(plan.port, patience(lock)) as reserved:
        plan.port = reserved.getsockname()[1]
        plan.environment["PORT"] = str(plan.port)
        plan.environment.setdefault("SITE_URL", plan.address)
        sign_lock(lock, plan.address)
        keep_development_keys(plan)
        code = Supervisor(plan, reserved, signals).run()
        lock.truncate(0)
        return code


def keys() -> int:
    """Generate the development keys only; `make manage` needs them on a fresh clone."""
    plan = read_plan()
    make_folders(plan.var)
    keep_development_keys(plan)
    return 0


def main(arguments: list[str]) -> int:
    commands = {(): run, ("prepare",): prepare, ("keys",): keys}
    command = commands.get(tuple(arguments))
    if command is None:
        say("Usage: python -m config.run [prepare | keys]")
        return 2
    os.umask(0o077)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # Not every terminal knows every character.
    try:
        return command()
    except (Refused, broker.BrokerMissing) as refusal:
        say(str(refusal))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
