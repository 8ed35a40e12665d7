"""How forms are guarded against floods: the settings, read from the environment.

They stand apart from `config.limits`: limits say how much one network, mailbox or letter may
ask for, these say from when on a browser has to do some work first, and how much.
"""

from dataclasses import dataclass

import environ

# Where forms ask for the check: under pressure, at all times, or not at all.
WHEN = ("auto", "always", "never")


@dataclass(frozen=True)
class Defences:
    """Each is described in `docs/operations.md`, under the name that it has in the environment."""

    # A form that comes back sooner than this was filled in by a machine. 0: not asked.
    minimum_fill_seconds: int
    proof_of_work: str
    # How many keys a browser derives at most before it finds the right one; half as many at least.
    proof_of_work_keys: int
    # So many forms for one letter, or for the whole site, within the minutes: from then on the
    # check comes on by itself.
    pressure_letter: int
    pressure_site: int
    pressure_minutes: int = 5
    # A form that lay open for longer is to be sent once more.
    longest_fill_seconds: int = 24 * 60 * 60


def from_environment(env: environ.Env) -> Defences:
    return Defences(
        minimum_fill_seconds=env.int("MINIMUM_FILL_SECONDS", default=2),
        proof_of_work=env.str("PROOF_OF_WORK", default="auto"),
        proof_of_work_keys=env.int("PROOF_OF_WORK_KEYS", default=200),
        pressure_letter=env.int("PRESSURE_LETTER", default=200),
        pressure_site=env.int("PRESSURE_SITE", default=1000),
    )


def complaints(chosen: Defences) -> dict[str, bool]:
    """What is wrong with the values, as sentences for the operator."""
    return {
        "PROOF_OF_WORK must be auto, always or never": chosen.proof_of_work not in WHEN,
        "PROOF_OF_WORK_KEYS must be a number from 2": chosen.proof_of_work_keys < 2,
        "MINIMUM_FILL_SECONDS must be a number from 0 to 60": chosen.minimum_fill_seconds
        not in range(61),
        "PRESSURE_LETTER must be a number from 1": chosen.pressure_letter < 1,
        "PRESSURE_SITE must be a number from 1": chosen.pressure_site < 1,
    }
