"""The code that proves an account's address: the neutral mail that every mailbox gets."""

from django.conf import settings

from config import crypto, mail
from letters import outbox
from letters.addresses import Address
from letters.models import AccountMail

CODE = "account-code"


def address_of(row: AccountMail) -> Address | None:
    """The address; None where no key at hand reads it."""
    try:
        local, _at, domain = crypto.decrypt(bytes(row.address)).decode().rpartition("@")
    except crypto.Unreadable:
        return None
    return Address(local, domain)


def send_code(pk: int) -> float | None:
    """Send the code of one address, if it is still due and nobody else is at it.

    Returns the seconds after which to try again, or None. A mailbox that its server refuses for
    good is forgotten.
    """
    code = crypto.new_code()
    digest = crypto.digest(CODE, str(pk), code)
    row = outbox.claim(AccountMail, pk, code_digest=digest, tries=0)
    if row is None:
        return None
    address = address_of(row)
    if address is None:
        AccountMail.objects.filter(pk=pk).delete()
        return None
    try:
        context: dict[str, object] = {"code": f"{code[:4]} {code[4:]}"}
        mail.send("mail/code", str(address), {**context, "minutes": settings.CODE_MINUTES})
    except mail.Refused:
        AccountMail.objects.unconfirmed().filter(pk=pk, code_digest=digest).delete()
        return None
    except mail.Unreachable as error:
        return outbox.put_back(row, error)
    outbox.mark_sent(row)
    return None
