"""Invented signatories at invented organisations, for trying things out."""

import random
from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from letters.models import Letter, Organisation
from signatories import roll
from signatories.models import Appearance, Method, RoleBucket, Signature, State, Tenure

CHUNK = 1000

ORGANISATIONS: list[dict[str, Any]] = [
    {"name": name, "domains": [{"domain": f"{slug}.example"}], "slug": slug}
    for name, slug in (
        ("Northlane", "northlane"),
        ("Brightwater", "brightwater"),
        ("Fernwood", "fernwood"),
        ("Saltmarsh Software", "saltmarsh"),
        ("Orrery Labs", "orrery"),
        ("Copperfinch", "copperfinch"),
        ("Tessellate Maps", "tessellate"),
        ("Little Owl Games", "littleowl"),
        ("Quillpen Robotics", "quillpen"),
        ("Marrow & Thimble", "marrowthimble"),
    )
]
WEIGHTS = [22, 18, 14, 10, 8, 7, 6, 5, 2, 1]
NAMED_METHODS = {Method.MAILBOX: 74, Method.VOUCH: 4, Method.SHOWN: 2, Method.NONE: 20}
# What each of them can prove of somebody's tenure.
TENURES: dict[str, list[str]] = {
    Method.MAILBOX: [Tenure.CURRENT],
    Method.VOUCH: ["", Tenure.FORMER],
    Method.SHOWN: [Tenure.CURRENT, Tenure.FORMER],
    Method.NONE: [Tenure.CURRENT, Tenure.FORMER],
}

GIVEN = (
    "Perpetua Zephyrine Ferdinand Ludmila Oisín Tarquin Rosalba Hieronymus Cosima Leocadia "
    "Björn Mehetabel Ptolemy Ambrosia Wendeline Evariste Isolde Lazarus Solveig Marisol "
    "Ottoline Casimir Dashiell Tuva Odalys Tobias Bartholomew Ines Wilhelmina Caspian "
    "Araminta Thaddeus Seraphine Ignatius Philippa Leander Clementine Augustin Ximena Ebenezer "
    "Nerissa Valentin Yolanda Barnaby Drusilla Quentin Hyacinth Roderick Tamsin Ulysses"
).split()
FAMILY = (
    "Abara-Quill Abernathy-Cole Achterberg Adair-Nakamura Aherne-Banda Alderwick Amberly "
    "Applegarth Arkwright-Sen Ashdown Askeladden Aspinwall Atherstone Axelby Ayscough "
    "Babbington-Rao Bannerman Barleycroft Quennevant Fairweather Bright-Okonkwo Moonray "
    "Hjärtström Farthingale Wrenfield Quill-Osei Lindqvist Marrowby Otterbourne Thistledown "
    "Inkpen Larkspur Merriweather Nightingale-Ito Oakapple Pennyfeather Quicksilver Rookwood "
    "Silverthorn Tumbledown Underhill Vanterpool Willowby Yarrow Zandersee Foxglove Greengage "
    "Hollybush Ivywood Juniper"
).split()
TITLES = (
    "Site reliability engineer|Product designer|Technical writer|Research engineer|"
    "Customer support lead|Data analyst|Hardware engineer|Accessibility lead|Translator|"
    "Warehouse technician|Security engineer|Programme manager|Mathematician|Office gardener"
).split("|")


def invent(letter: Letter, count: int, seed: int) -> Iterator[list[Signature]]:
    """Yield invented signatures in chunks: about two in five anonymous, some unverified."""
    draw = random.Random(seed)  # noqa: S311 - nothing here is secret
    organisations = list(
        Organisation.objects.filter(slug__in=[row["slug"] for row in ORGANISATIONS])
    )
    order = {row["slug"]: i for i, row in enumerate(ORGANISATIONS)}
    organisations.sort(key=lambda organisation: order[organisation.slug])
    made = 0
    while made < count:
        size = min(CHUNK, count - made)
        yield [_invent_one(letter, draw, organisations) for _each in range(size)]
        made += size


def _invent_one(
    letter: Letter, draw: random.Random, organisations: list[Organisation]
) -> Signature:
    today = timezone.localdate()
    organisation = draw.choices(organisations, WEIGHTS)[0]
    common = {
        "letter": letter,
        "version": letter.current_version,
        "submitted_on": today,
        "confirmed_on": today,
        "is_demonstration": True,
    }
    if draw.random() < 0.4:
        return Signature(
            appearance=Appearance.ANONYMOUS,
            state=State.APPROVED,
            organisation=organisation,
            tenure=Tenure.CURRENT,
            role=draw.choice(["", "", *RoleBucket.values]),
            method=Method.MAILBOX,
            **common,
        )
    name = f"{draw.choice(GIVEN)} {draw.choice(FAMILY)}"
    method = draw.choices(list(NAMED_METHODS), list(NAMED_METHODS.values()))[0]
    tenure = draw.choice(TENURES[method])
    is_verified = method != Method.NONE
    return Signature(
        appearance=Appearance.NAMED,
        state=State.PUBLISHED,
        name=name,
        title=draw.choice([*TITLES, ""]),
        organisation=organisation,
        tenure=tenure,
        method=method,
        shown_organisation=organisation if is_verified else None,
        shown_tenure=tenure,
        published_on=today,
        roll_key=roll.place_of(name),
        **common,
    )
