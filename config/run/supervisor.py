"""Starts the processes in their order, watches them, stops them together."""

import http.client
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from config import broker
from config.run.children import Child, Signals, Stopped, say, stop_together
from config.run.plan import HOST, Plan, Refused, shortly
from config.run.processes import (
    beat_child,
    broker_child,
    preparation_child,
    web_child,
    worker_child,
)
from config.run.summary import summary

SECONDS_TO_FIRST_ANSWER = 60


@dataclass
class Supervisor:
    plan: Plan
    reserved: socket.socket
    signals: Signals
    children: list[Child] = field(default_factory=list)

    def run(self) -> int:
        try:
            self.start()
            say(summary(self.plan))
            self.watch()
        except Stopped:
            pass
        finally:
            self.stop()
        return 0

    def start(self) -> None:
        say("Undersigned is getting ready.")
        if self.plan.has_own_broker:
            self.start_broker()
        self.prepare()
        self.add(worker_child(self.plan))
        self.add(beat_child(self.plan))
        self.start_web()

    def add(self, child: Child) -> Child:
        self.children.append(child)
        child.start()
        return child

    def start_broker(self) -> None:
        path = broker.socket_path(self.plan.var)
        broker.end_leftover(path)
        child = self.add(broker_child(self.plan))
        if not self.broker_answers(child, path):
            raise Refused(f"The broker does not start:\n{tail(self.plan.var, child)}")

    def broker_answers(self, child: Child, path: Path) -> bool:
        is_settled = self.signals.wait_for(
            lambda: broker.answers(path) or not child.is_running(), seconds=30
        )
        return is_settled and child.is_running()

    def prepare(self) -> None:
        child = self.add(preparation_child(self.plan))
        self.signals.wait_for(lambda: not child.is_running(), seconds=float("inf"))
        self.children.remove(child)
        if child.process is None or child.process.returncode:
            raise Refused("Undersigned was not started.")

    def start_web(self) -> None:
        child = self.add(web_child(self.plan, self.reserved))
        self.signals.wait_for(
            lambda: web_answers(self.plan) or not child.is_running(), SECONDS_TO_FIRST_ANSWER
        )
        if not child.is_running():
            raise Refused(f"The web server {child.ending()}. Undersigned was not started.")
        if not web_answers(self.plan):
            raise Refused(f"The web server gave no answer in {SECONDS_TO_FIRST_ANSWER} seconds.")

    def watch(self) -> None:
        while not self.signals.stop_is_wanted:
            pauses = [child.look_after() for child in self.children]
            self.signals.sleep(min([2, *pauses]))

    def stop(self) -> None:
        if self.signals.stop_is_wanted:
            say("\nStopping …")
        # The broker goes last: the worker hands unfinished tasks back to it.
        brokers = [child for child in self.children if child.name == "broker"]
        others = [child for child in reversed(self.children) if child not in brokers]
        stop_together(others, seconds=7)
        stop_together(brokers, seconds=2)
        if self.signals.stop_is_wanted:
            say(f"Stopped. Everything is kept in {shortly(self.plan.var)}/ for the next start.")


def tail(var: Path, child: Child) -> str:
    text = child.log.read_text(errors="replace") if child.log else ""
    return "\n".join(text.splitlines()[-5:]) or f"It wrote nothing to {var / 'run'}."


def web_answers(plan: Plan) -> bool:
    """Tell whether the web server answers at all: /readyz is what judges the rest."""
    connection = http.client.HTTPConnection(HOST, plan.port, timeout=5)
    name = urlsplit(plan.environment["SITE_URL"]).netloc
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
