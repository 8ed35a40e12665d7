"""Rows for tests: plain functions, no surprises. Every row satisfies all constraints."""

import itertools
from datetime import timedelta

from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.utils import timezone

from letters.models import (
    Demand,
    Letter,
    LetterVersion,
    Organisation,
    OrganisationAlias,
    OrganisationDomain,
    Status,
    Update,
    User,
    text_digest,
)
from signatories import addresses, roll
from signatories.actions import subscribing
from signatories.models import Appearance, Method, Signature, State, Subscription, Tenure

numbers = itertools.count(1)


PASSWORD = "a long password"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"


def make_user(username, *, second_factor=True, **fields):
    """An account with a password and, unless told otherwise, an authenticator app."""
    user = User.objects.create_user(username=username, password=PASSWORD, **fields)
    if second_factor:
        TOTP.activate(user, TOTP_SECRET)
    return user


def totp_code(secret=TOTP_SECRET):
    """The six digits that an authenticator app shows now."""
    [counter] = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, counter))


def make_organisation(name, domain=None, **fields):
    number = next(numbers)
    organisation = Organisation.objects.create(name=name, slug=f"organisation-{number}", **fields)
    OrganisationAlias.objects.create(organisation=organisation, name=name)
    if domain:
        OrganisationDomain.objects.create(
            organisation=organisation, domain=domain, mailbox_domain=domain
        )
    return organisation


def make_letter(**fields):
    """A published public letter with one version and one demand."""
    number = next(numbers)
    today = timezone.localdate()
    status = fields.pop("status", Status.PUBLISHED)
    letter = Letter.objects.create(
        **{"slug": f"letter-{number}", "title": f"Letter {number}", **fields}
    )
    version = LetterVersion.objects.create(
        letter=letter,
        number=1,
        title=letter.title,
        text="*Dear all,*\n\nWe ask one thing.\n",
        sha256=text_digest(letter.title, "*Dear all,*\n\nWe ask one thing.\n", [("Do", "it.")]),
        published_on=today - timedelta(days=3),
    )
    Demand.objects.create(version=version, number=1, lead="Do", text="it.")
    letter.current_version = version
    if status != Status.DRAFT:
        letter.published_on = version.published_on
    if status in (Status.CLOSED, Status.SEALED):
        letter.closed_on = today
    if status == Status.SEALED:
        letter.sealed_on = today
    letter.status = status
    letter.save()
    return letter


def make_update(letter, **fields):
    """News of today."""
    fields = {"title": f"News {next(numbers)}", "published_on": timezone.localdate(), **fields}
    return Update.objects.create(letter=letter, **fields)


def make_subscription(letter, email):
    """A mailbox that has proven itself, as `subscribing.subscribe` writes it."""
    address = addresses.read(email)
    digest = addresses.updates_digest(letter, address)
    return Subscription.objects.create(
        letter=letter,
        address=addresses.encrypt_for_updates(letter, address),
        digest=digest,
        token_digest=f"{next(numbers):064}",
        link_digest=subscribing.link_digest(addresses.updates_link(letter, digest)),
    )


def make_signature(letter, **fields):
    """A named signature in review, unless told otherwise."""
    today = timezone.localdate()
    values = {
        "state": State.IN_REVIEW,
        "appearance": Appearance.NAMED,
        "submitted_on": today,
        "confirmed_on": today,
        "version": letter.current_version,
        **fields,
    }
    if values["appearance"] == Appearance.NAMED:
        values.setdefault("name", "Wilhelmina Otterbourne")
    if values["state"] == State.UNCONFIRMED:
        values["confirmed_on"] = None
    if values["state"] == State.REJECTED:
        values.setdefault("rejected_on", today)
        values.setdefault("reason", "other")
    if values["state"] == State.PUBLISHED:
        values.setdefault("published_on", today)
        values.setdefault("roll_key", roll.place_of(values.get("name") or "anonymous"))
    if values.get("method", Method.NONE) == Method.MAILBOX:
        values.setdefault("tenure", Tenure.CURRENT)
        if values["appearance"] == Appearance.NAMED and values["state"] == State.PUBLISHED:
            values.setdefault("shown_organisation", values["organisation"])
            values.setdefault("shown_tenure", values["tenure"])
    return Signature.objects.create(letter=letter, **values)


def make_anonymous(letter, organisation, **fields):
    """A verified anonymous signature that waits for the next batch."""
    return make_signature(
        letter,
        **{
            "appearance": Appearance.ANONYMOUS,
            "state": State.APPROVED,
            "organisation": organisation,
            "method": Method.MAILBOX,
            "tenure": Tenure.CURRENT,
            **fields,
        },
    )
