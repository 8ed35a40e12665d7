"""What a team can take along, as somebody would look into it: file → text."""

import io
import zipfile

from django.test import Client

from letters.models import Letter, Membership, Role, User
from signatories.exports import archive, files
from tests.factories import make_user

NOT_TEXT = (".woff2",)


def files_of(letter: Letter) -> dict[str, str]:
    """Every file that a member has from its page, and the archive, whatever the letter's state."""
    browser = Client()
    browser.force_login(_reader(letter))
    found = {}
    for file in files.FILES:
        answer = browser.post(f"/manage/letters/{letter.slug}/downloads/{file}")
        assert answer.status_code == 200, file
        found[file] = _text(file, answer.getvalue())
    for name, content in archive.archive(letter):
        whole = b"".join(content)
        if not name.endswith(NOT_TEXT):
            found[f"archive/{name}"] = whole.decode()
    return found


def _reader(letter: Letter) -> User:
    """Paula of the press, on the team of the letter; inside an organisation, a moderator."""
    paula = User.objects.filter(username="paula").first() or make_user("paula")
    role = Role.MODERATOR if letter.is_internal else Role.PRESS
    Membership.objects.update_or_create(letter=letter, user=paula, defaults={"role": role})
    return paula


def _text(file: str, content: bytes) -> str:
    if not file.endswith(".xlsx"):
        return content.decode()
    book = zipfile.ZipFile(io.BytesIO(content))
    return "\n".join(book.read(name).decode() for name in book.namelist())
