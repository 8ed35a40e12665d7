"""What the inventory is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """One thing that is stored, in words that a signatory understands.

    `fields` are columns ("signatories.Signature.name"), `places` are stores outside the
    database ("KEYS_DIR/day").
    """

    title: str
    what: str
    seen_by: str
    kept_until: str
    protected: str
    fields: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Silent:
    """Fields that say nothing about a person, and why."""

    reason: str
    fields: tuple[str, ...]


def of(model: str, names: str) -> tuple[str, ...]:
    """`of("app.Model", "a b")` → ("app.Model.a", "app.Model.b")."""
    return tuple(f"{model}.{name}" for name in names.split())


def sentence(text: str) -> str:
    """A duration as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."
