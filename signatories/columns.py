"""What the columns of a spreadsheet hold, and what a row says of a person."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from letters.models import Organisation
from letters.models.organisation import alias_key
from letters.plain_text import read_plain_text
from letters.spelling import Directory
from signatories import addresses
from signatories.addresses import Address
from signatories.models import Fault
from signatories.spreadsheets import Row, Table

LONGEST = 120  # Of a name, a title or an organisation, as in the form to sign.
SAMPLES = 3


class Column(models.TextChoices):
    OUT = "", _("leave out")
    NAME = "name", _("name")
    FIRST_NAME = "first_name", _("first name")
    LAST_NAME = "last_name", _("last name")
    EMAIL = "email", _("mail address")
    ORGANISATION = "organisation", _("organisation")
    TITLE = "title", _("title or position")


# Heads as forms and programs write them, without case, accents and punctuation, and s for z.
HEADS: dict[Column, str] = {
    Column.EMAIL: "email mail emailaddress mailaddress emailadresse mailadresse adressemail "
    "adresseemail courriel correo correoelectronico emailadres indirizzoemail posta enderecoemail "
    "epost epostadresse eposta adresemail youremail yourmail contactemail username",
    Column.FIRST_NAME: "firstname givenname forename vorname prenom nombre nome imie fornavn "
    "fornamn voornaam etunimi",
    Column.LAST_NAME: "lastname surname familyname nachname familienname nomdefamille apellido "
    "apellidos cognome sobrenome apelido nazwisko etternavn efternamn achternaam sukunimi",
    Column.ORGANISATION: "organisation organisacion organissazione organisacao organisacja "
    "company companyname employer affiliation institution university firma "
    "unternehmen arbeitgeber entreprise employeur empresa azienda bedrijf foretag werkgever "
    "companyorganisation",
    Column.TITLE: "title jobtitle position role job occupation profession jobtitleposition titel "
    "berufsbezeichnung beruf funktion rolle poste fonction metier cargo puesto titolo ruolo "
    "posizione funcao stanowisko functie tittel titre",
    Column.NAME: "name fullname yourname namesurname nameandsurname vollername ganzername nom "
    "nomcomplet nomprenom nometprenom nombrecompleto nombreyapellido nombreyapellidos "
    "nomecognome nomecompleto imieinazwisko naam namn navn nimi signatory",
}
BY_HEAD = {
    head.replace("z", "s"): column for column, heads in HEADS.items() for head in heads.split()
}
DATES = re.compile(
    r"(date|day|time|timestamp|datum|zeit|zeitstempel|horodateur|fecha|marcatemporal|data|signedon|"
    r"datesigned|submittedat|createdat)"
)
A_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T].*)?")
OFFICES = frozenset(
    "abuse admin administrator contact hello help hostmaster info mailer-daemon no-reply noreply "
    "office postmaster press root sales security support team webmaster".split()
)

# What mail programs make links and telephone numbers of. A name in an invitation must lead nowhere:
# who brings the list chooses it, and who gets the mail never heard of them.
DOTTED = re.compile(r"\w\.([^\W\d_]{2,})")
ENDINGS = frozenset(
    "app biz click co com dev info io link ly me net online org shop site xyz".split()
)
TELEPHONE = re.compile(r"(\d[\s()/.+-]*){7}")

Mapping = dict[str, int]


@dataclass(frozen=True)
class Person:
    """Somebody who is to be invited, as the line would say it."""

    address: Address
    name: str
    title: str = ""
    organisation: str = ""


@dataclass(frozen=True)
class Read:
    """What a row says: a person, or why there is none, and what was left out."""

    row: int
    person: Person | None = None
    faults: list[Fault] = field(default_factory=list)


# Columns ------------------------------------------------------------------------------------


def guess(table: Table) -> list[Column]:
    """What each column holds, by its head and else by what stands in it; each thing once."""
    found = [_by_head(head) for head in table.heads]
    if Column.EMAIL not in found:
        found = _with_addresses(table, found)
    if Column.LAST_NAME not in found and Column.NAME not in found:
        # “Nombre” and “nome” are first names only where a last name stands beside them.
        found = [Column.NAME if one == Column.FIRST_NAME else one for one in found]
    if Column.NAME in found:
        found = [
            Column.OUT if one in (Column.FIRST_NAME, Column.LAST_NAME) else one for one in found
        ]
    return [one if one not in found[:place] else Column.OUT for place, one in enumerate(found)]


def _by_head(head: str) -> Column:
    """By the whole head, or by a word in it: “What is your name?”"""
    if DATES.fullmatch(_plain(head)):
        return Column.OUT
    words = {BY_HEAD.get(_spelt(word)) for word in re.findall(r"\w+", head)}
    within = (one for one in HEADS if one in words)
    return BY_HEAD.get(_spelt(head)) or next(within, Column.OUT)


def _spelt(head: str) -> str:
    """English, Spanish and others write some of these words with either letter."""
    return _plain(head).replace("z", "s")


def _plain(head: str) -> str:
    decomposed = unicodedata.normalize("NFKD", head).casefold()
    return "".join(character for character in decomposed if character.isalnum())


def _with_addresses(table: Table, found: list[Column]) -> list[Column]:
    for place in range(len(found)):
        cells = values_of(table.rows, place)
        if cells and sum("@" in cell for cell in cells) * 2 > len(cells):
            return [*found[:place], Column.EMAIL, *found[place + 1 :]]
    return found


def values_of(rows: Iterable[Row], place: int) -> list[str]:
    return [cells[place] for _number, cells in rows if place < len(cells) and cells[place]]


def looks_like_dates(head: str, cells: list[str]) -> bool:
    """Whether it is a column of dates, which nobody needs: a signature has the day on which it
    is confirmed."""
    dates = sum(bool(A_DATE.fullmatch(cell)) for cell in cells)
    return bool(DATES.fullmatch(_plain(head))) or (bool(cells) and dates == len(cells))


def samples(rows: Iterable[Row], place: int) -> list[str]:
    """A few values to know a column by. Addresses are hidden: nobody needs to read them here."""
    return [_without_address(cell) for cell in values_of(rows, place)[:SAMPLES]]


def _without_address(cell: str) -> str:
    if "@" not in cell:
        return cell
    try:
        return addresses.read(cell).hidden
    except addresses.NotAnAddress:
        return "•••@•••"


# Rows ---------------------------------------------------------------------------------------


def read_row(row: Row, mapping: Mapping) -> Read:
    """The person in a row. Nothing here looks whether anybody has signed."""
    number, cells = row
    said = {what: cells[place] if place < len(cells) else "" for what, place in mapping.items()}
    address = _address_in(said.get(Column.EMAIL, ""))
    if isinstance(address, Fault):
        return Read(number, None, [address])
    parts = [said.get(part, "") for part in (Column.NAME, Column.FIRST_NAME, Column.LAST_NAME)]
    name, name_fault = _name_in(" ".join(part for part in parts if part))
    if name_fault:
        return Read(number, None, [name_fault])
    title, bad_title = _word_in(said.get(Column.TITLE, ""), Fault.TITLE)
    organisation, bad_organisation = _word_in(said.get(Column.ORGANISATION, ""), Fault.ORGANISATION)
    return Read(number, Person(address, name, title, organisation), bad_title + bad_organisation)


def _address_in(cell: str) -> Address | Fault:
    """A work mailbox gets a code and nothing else, so it is not written to."""
    if not cell:
        return Fault.NO_ADDRESS
    try:
        address = addresses.read(cell)
    except addresses.NotAnAddress:
        return Fault.BAD_ADDRESS
    if address.local.split("+")[0] in OFFICES:
        return Fault.ROLE_ADDRESS
    return address if address.is_private else Fault.WORK_MAILBOX


def _name_in(cell: str) -> tuple[str, Fault | None]:
    if not cell:
        return "", Fault.NO_NAME
    if len(cell) > LONGEST:
        return "", Fault.LONG_NAME
    name = _plain_or_nothing(cell)
    is_name = any(map(str.isalpha, name)) and not _leads_somewhere(name)
    return (name, None) if is_name else ("", Fault.BAD_NAME)


def _word_in(cell: str, fault: Fault) -> tuple[str, list[Fault]]:
    if not cell:
        return "", []
    word = _plain_or_nothing(cell)
    if _leads_somewhere(word) and not _is_listed(word, fault):
        word = ""
    return word, [] if word else [fault]


def _plain_or_nothing(cell: str) -> str:
    try:
        text = read_plain_text(cell)
    except ValidationError:
        return ""
    # Putting letters and accents together can make them more.
    return text if len(text) <= LONGEST else ""


def _leads_somewhere(text: str) -> bool:
    """Whether somebody could click or call it: "example.com" and "t.co", not "J.Smith"."""
    dotted = DOTTED.findall(text)
    is_domain = any(end.islower() or end.casefold() in ENDINGS for end in dotted)
    return "@" in text or is_domain or bool(TELEPHONE.search(text))


def _is_listed(word: str, fault: Fault) -> bool:
    """Some organisations are called like their domain. The directory tells those from traps."""
    return fault == Fault.ORGANISATION and Organisation.objects.named(word) is not None


# Organisations ------------------------------------------------------------------------------


@dataclass
class Names:
    """The organisations that rows name: each is looked up once."""

    known: dict[str, Organisation | None] = field(default_factory=dict)
    close: dict[str, Organisation | None] = field(default_factory=dict)
    directory: Directory | None = None

    def listed(self, name: str) -> Organisation | None:
        """The organisation that goes by this name, in any of its spellings."""
        return _looked_up(self.known, name, Organisation.objects.named)

    def suggestion(self, name: str) -> Organisation | None:
        """The one that may be meant by a name on no list. Whoever is invited will be asked."""
        return None if self.listed(name) else _looked_up(self.close, name, self._closest)

    def as_listed(self, person: Person) -> Person:
        """The person, at the organisation by its listed name if it has one."""
        listed = self.listed(person.organisation)
        return replace(person, organisation=listed.name) if listed else person

    def _closest(self, name: str) -> Organisation | None:
        self.directory = self.directory or Directory.read()
        for pk in self.directory.close_to(name):
            return Organisation.objects.listed().filter(pk=pk).first()
        return None


def _looked_up(
    found: dict[str, Organisation | None],
    name: str,
    look_up: Callable[[str], Organisation | None],
) -> Organisation | None:
    key = alias_key(name)
    if not key:
        return None
    if key not in found:
        found[key] = look_up(name)
    return found[key]
