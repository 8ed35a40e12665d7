"""What the person at the terminal reads once everything runs."""

from collections.abc import Iterator

from config.run.plan import Plan, shortly


def summary(plan: Plan) -> str:
    return "\n".join(["", "Undersigned is running.", "", *addresses(plan), "", *next_steps(plan)])


def addresses(plan: Plan) -> Iterator[str]:
    site = plan.environment["SITE_URL"].rstrip("/")
    yield f"  The site          {site}/"
    yield f"  A letter to sign  {site}/letters/iceout-tech/"
    if plan.has_mailbox:
        yield f"  The mail it sent  {site}/dev/mailbox/"
    yield f"  Administration    {site}/admin/"
    if site != plan.address:
        yield f"  It listens at     {plan.address}/"


def next_steps(plan: Plan) -> Iterator[str]:
    credentials = plan.var / "credentials.txt"
    if "DATABASE_URL" in plan.environment:
        yield "To make an account for the administration, in a second terminal with the same"
        yield 'environment: make manage ARGS="createsuperuser"'
    elif credentials.exists():
        yield f"Demonstration accounts, name and password (kept in {shortly(credentials)}):"
        yield from (f"  {line}" for line in credentials.read_text(encoding="utf-8").splitlines())
    else:
        yield 'To make an account for the administration: make manage ARGS="createsuperuser"'
    yield ""
    yield "Stop with Ctrl-C."
