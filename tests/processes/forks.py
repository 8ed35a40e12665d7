"""Runs pieces of code, each in a process of its own, forked from one with the application loaded.

Each line of input is a piece of code, in JSON; its answer is a line, too: exit code and output.
"""

import json
import os
import signal
import sys
import traceback

import django

LONGEST_SECONDS = 300


def run(code: str) -> tuple[int, str]:
    output, end = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(end, sys.stdout.fileno())
        os.close(end)
        signal.alarm(LONGEST_SECONDS)
        os._exit(run_here(code))  # To take the interpreter down as well would take seconds.
    os.close(end)
    with open(output) as printed:
        text = printed.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


def run_here(code: str) -> int:
    try:
        exec(code, {"__name__": "__main__"})
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    django.setup()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
