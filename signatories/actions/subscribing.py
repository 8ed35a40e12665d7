"""Updates: an opt-in of its own, with its own address, proof and capability."""

from django.db import transaction

from config import crypto
from letters.models import Letter
from signatories import addresses
from signatories.actions.confirming import Gone, use_up
from signatories.models import Delivery, Subscription, Tally, Verification


def subscription_tokens(*secrets: str) -> list[str]:
    """The capability to unsubscribe, computed from the secrets that confirmed."""
    return crypto.derived_tokens("updates", *secrets)


@transaction.atomic
def subscribe(*, verification: Verification, secrets: tuple[str, ...]) -> str:
    """Keep the proven address for a letter's updates; return the capability to end that.

    A mailbox that is subscribed already gets a new capability and no second subscription.
    Raises `Gone`, or `keys.KeyLost` where the letter's key is lost.
    """
    letter = verification.letter
    address = addresses.decrypt(bytes(verification.address), verification.key_name)
    use_up(verification)
    if letter is None or letter.is_sealed:
        raise Gone
    token = subscription_tokens(*secrets)[0]
    # The digest first: it stops where the letter's key is lost, before another one is made.
    digest = addresses.updates_digest(letter, address)
    subscription = Subscription(
        letter=letter,
        address=addresses.encrypt_for_updates(letter, address),
        digest=digest,
        token_digest=crypto.digest("updates", token),
        link_digest=link_digest(addresses.updates_link(letter, digest)),
    )
    Subscription.objects.bulk_create(
        [subscription],
        update_conflicts=True,
        unique_fields=["letter", "digest"],
        update_fields=["token_digest", "link_digest", "refusals"],
    )
    return token


def by_token(token: str) -> Subscription | None:
    digests = crypto.digests("updates", token)
    found = Subscription.objects.filter(token_digest__in=digests)
    return found.select_related("letter").first()


def link_digest(link: str) -> str:
    """What is stored of the capability that stands in mails."""
    return crypto.digest("updates link", link)


@transaction.atomic
def unsubscribe(*, token: str) -> None:
    """Erase the subscription and its address. Twice is once."""
    found = by_token(token)
    if found:
        erase(found.letter, [found.digest])


@transaction.atomic
def end(*, link: str) -> None:
    """Erase the subscription that the link in a mail belongs to. Twice is once."""
    digests = crypto.digests("updates link", link)
    found = Subscription.objects.filter(link_digest__in=digests).select_related("letter").first()
    if found:
        erase(found.letter, [found.digest])


@transaction.atomic
def erase(letter: Letter, digests: list[str]) -> None:
    """Erase the subscriptions of these mailboxes, with what mailings still owe them."""
    wait_for_batch(letter)
    Subscription.objects.filter(letter=letter, digest__in=digests).delete()
    Delivery.objects.to(letter, digests).delete()


def wait_for_batch(letter: Letter) -> None:
    """Keep batches out until the end of the transaction.

    A batch deletes subscriptions and inserts them anew. A change that met the old row would change
    nothing, and whoever unsubscribed in that moment would stay subscribed.
    """
    Tally.objects.select_for_update().filter(letter=letter).first()
