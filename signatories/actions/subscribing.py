"""Updates: an opt-in of its own, with its own address, proof and capability."""

from django.db import transaction

from config import crypto
from signatories import addresses
from signatories.actions.confirming import Gone, use_up
from signatories.models import Subscription, Verification


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
    )
    Subscription.objects.bulk_create(
        [subscription],
        update_conflicts=True,
        unique_fields=["letter", "digest"],
        update_fields=["token_digest"],
    )
    return token


def by_token(token: str) -> Subscription | None:
    digests = crypto.digests("updates", token)
    found = Subscription.objects.filter(token_digest__in=digests)
    return found.select_related("letter").first()


def unsubscribe(*, token: str) -> None:
    """Erase the subscription and its address. Twice is once."""
    Subscription.objects.filter(token_digest__in=crypto.digests("updates", token)).delete()
