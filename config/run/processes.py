"""The processes that make up an installation, each with its command line."""

import socket
import sys

from config import broker
from config.run.children import Child
from config.run.plan import Plan


def broker_child(plan: Plan) -> Child:
    return Child(
        name="broker",
        command=broker.command(plan.var),
        environment=plan.environment,
        log=plan.var / "run" / "broker.log",
    )


def preparation_child(plan: Plan) -> Child:
    command = [sys.executable, "-m", "config.run", "prepare"]
    return Child("preparation", command, plan.environment)


def worker_child(plan: Plan) -> Child:
    return Child(
        name="worker",
        command=[
            # Who tries it out as root, in a container say, need not be told at each start.
            *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
            *("-m", "celery", "--quiet", "--app", "config", "worker"),
            *("--pool", "threads", "--concurrency", "4", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        environment=plan.environment,
    )


def beat_child(plan: Plan) -> Child:
    # Not inside the worker (its option --beat): nobody would notice there if it died alone.
    return Child(
        name="clock",
        command=[
            *(sys.executable, "-m", "celery", "--quiet", "--app", "config", "beat"),
            *("--pidfile", "", "--loglevel", "WARNING"),
        ],
        environment=plan.environment,
    )


def web_child(plan: Plan, reserved: socket.socket) -> Child:
    return Child(
        name="web server",
        command=[
            *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
            *("--bind", f"fd://{reserved.fileno()}"),
            *("--worker-class", "gthread", "--workers", "2", "--threads", "4"),
            *("--log-level", "warning", "--logger-class", "config.server_log.ScrubbingLogger"),
            *("--graceful-timeout", "5", "--no-control-socket"),
            # Loaded once, then forked: a third of the memory. macOS has trouble with late forks.
            *(["--preload"] if sys.platform == "linux" else []),
        ],
        environment=plan.environment,
        inherits=(reserved.fileno(),),
    )
