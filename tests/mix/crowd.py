"""Who comes to a letter: a stream of genuine people with everybody else among them.

All names are invented, drawn from lists by a seeded dice, so that every run meets the same crowd.
What somebody *is* stands in `kind` and is known to the judge only: application and moderators
see what is typed.
"""

import random
import string
from collections.abc import Iterator
from dataclasses import dataclass, replace

FIRST = """
Ada Adele Agnes Ahmed Aiko Alejandro Amara Amit Ana Anders Andrea Anil Anneke Antoine Aoife Arjun
Astrid Ayesha Beatriz Bela Benedikt Bilal Brigid Bruno Callum Camille Carlos Carmen Cecilia Chidi
Chloe Ciara Claudia Cormac Dalia Dariusz Deepa Diego Dmitri Dorothea Ebba Edith Efua Eilidh Elena
Emeka Emine Enzo Esra Esther Eun-ji Fatima Felix Femke Fiona Francesca Gabriel Georgios Giulia
Greta Hamza Hanna Haruto Helene Hiroshi Ibrahim Ida Ilse Imani Ines Ingrid Irena Isabel Ivana
Jakub Jamal Jana Javier Jelena Jin Joana Johanna Jonas Joseph Judit Kamala Karim Katarina Keiko
Kofi Kwame Lamia Lars Laszlo Leila Lena Liam Lin Linnea Lorenzo Lucia Ludmila Magnus Mai Malik
Manuel Marek Mariam Marta Mateus Matilda Mei Mehmet Milan Mina Moira Nadia Naomi Natalia Neha
Niamh Nikhil Nils Noor Nora Olena Oluwaseun Omar Oskar Pablo Padma Paolo Paulina Pavel Pilar Priya
Rafael Rania Ravi Rebecca Renata Rhys Rosa Ruth Sadia Samir Sana Sanjay Selma Sergei Shreya Sigrid
Silvia Simone Sinead Sofia Stefan Sunita Tamar Tariq Tatiana Teresa Thabo Thea Tomasz Ulrika Uma
Valentina Vera Victor Vikram Wanjiru Wei Wilhelm Yael Yara Yasmin Yuki Yusuf Zainab Zofia
""".split()

LAST = """
Abara Abdi Achterberg Adeyemi Agarwal Ahlgren Akintola Albrecht Almeida Andersen Antonov Aparicio
Arslan Ashworth Bakker Banerjee Barbosa Baumann Becerra Bergström Bhatt Bjornstad Blackwood Boateng
Bonnet Borkowski Brandão Brennan Brzezinski Bukowska Caldwell Cardoso Castellanos Chakraborty Chaudhry
Chevalier Cisneros Cohen Costigan Czarnecki Dahlqvist Das Delacroix Demir Deshpande Diallo Dimitrov
Doležal Donnelly Drăgan Dubois Echeverria Edelstein Eriksen Espinoza Falk Farouk Fernandes Fitzgerald
Fodor Fontaine Fujimoto Gallagher Garcia Georgiou Ghosh Giordano Gonçalves Gruber Gunawardena Haddad
Halvorsen Hamid Hashimoto Havel Heikkinen Hendriks Herrera Hoang Holmqvist Horváth Hosseini Huang
Iglesias Inoue Ivanova Iyer Jankowski Jimenez Johansson Joshi Kaminski Kang Kapoor Karlsson Kaya
Keller Khalil Kim Kiplagat Kobayashi Koivisto Kovačević Kowalczyk Kruger Kumar Lachance Larsen Lefebvre
Lehtonen Lindqvist Lombardi Lopez MacAllister Mahlangu Malhotra Marchetti Markovic Mbeki McCarthy
Mehta Mendoza Mishra Moreau Mukherjee Müller Mwangi Nakamura Narayanan Navarro Ndiaye Nguyen Nilsen
Novak Nwosu O'Connell O'Neill Obi Okafor Okonkwo Olsen Ortega Osei Otterbourne Özdemir Papadopoulos
Park Patel Pereira Petersen Petrenko Pham Pinto Popescu Quiroga Rahman Ramirez Rao Reddy Ribeiro
Rodriguez Rossi Rousseau Saito Salazar Santos Sato Schneider Sharma Silva Singh Sokolov Søndergaard
Suzuki Svensson Szabó Takahashi Tanaka Tesfaye Thapa Torres Tran Tremblay Vasquez Verma Virtanen
Vogel Wagner Wanjala Watanabe Weiss Wickramasinghe Wójcik Wong Yamamoto Yilmaz Zapata Zhang Zieliński
""".split()

# Genuine names that clumsy filters take for something else.
ODD_BUT_GENUINE = (
    "Christopher Null",
    "Jo Test",
    "Anon Sirirattana",
    "Dick Vandyke-Hoorn",
    "Mickey O'Malley",
    "X Æ Lindgren",
    "Li",
    "María José de la Cruz y Fernández de Córdoba",
    "王秀英",
    "김민준",
    "Владимир Кузнецов",
    "محمد الفاتح",
    "Ng Ng",
    "Fanny Cockburn",
)

JOKES = (
    "Mickey Mouse",
    "mickey  MOUSE",
    "Donald Duck",
    "Elmo",
    "Santa Claus",
    "Your Mum",
    "Hugh Jass",
    "Test Test",
    "asdf asdf",
    "Darth Vader",
    "Nobody Atall",
    "ICE ICE Baby",
    "The Real Slim Shady",
    "I. P. Freely",
    "Deez Nuts",
    "Batman",
    "Homer Simpson",
    "Everybody You Know",
    "Boaty McBoatface",
    "Keyser Söze",
)

TITLES = """
|Software engineer|Staff engineer|Designer|Product manager|Research scientist|Site reliability engineer
|Data scientist|Engineering manager|Technical writer|Account executive|Support engineer|Recruiter
|Director of engineering|QA engineer|Security engineer|Solutions architect|UX researcher|Developer
""".replace("\n", "").split("|")

# Letters that look like Latin ones.
LOOK_ALIKES = str.maketrans("aeopcxyiAEOPCTHKMBX", "аеорсхуіАЕОРСТНКМВХ")

PUBLIC_PROVIDERS = ("gmail.com", "proton.me", "outlook.com", "gmx.net", "icloud.com")
THROW_AWAY = ("mailinator.com", "guerrillamail.com", "yopmail.com")
FLOODED = "flood-of-mail.example"

HOUR = 60
DAY = 24 * HOUR


@dataclass(frozen=True)
class Visitor:
    """Somebody who fills in the form, `at` minutes after the letter appeared.

    `network` is where the request comes from; `fill_seconds` how long the form was open;
    `has_script` whether their browser runs the page's script; `falls_for_trap` whether fields are
    filled that nobody sees; `reads_mail` whether they can type the code.
    """

    kind: str
    at: float
    name: str
    email: str
    network: str
    organisation: str = ""
    title: str = ""
    appearance: str = "named"
    fill_seconds: int = 60
    has_script: bool = True
    falls_for_trap: bool = False
    reads_mail: bool = True

    @property
    def is_genuine(self) -> bool:
        return self.kind == "genuine"


@dataclass(frozen=True)
class Sizes:
    """How many of each kind come."""

    genuine: int
    bots: int
    jokers: int
    impersonators: int
    doubles: int
    flood: int

    @classmethod
    def scaled(cls, genuine: int) -> "Sizes":
        """A mix as public letters see it: for ten genuine people about five others."""
        return cls(
            genuine=genuine,
            bots=genuine // 5,
            jokers=genuine // 30,
            impersonators=genuine // 60,
            doubles=genuine // 30,
            flood=genuine // 5,
        )


class Crowd:
    """The same visitors for the same seed, in the order in which they come."""

    def __init__(
        self,
        sizes: Sizes,
        *,
        employers: dict[str, str],
        well_known: list[str],
        recipients: list[str],
        days: int = 2,
        seed: int = 20260127,
    ) -> None:
        self.dice = random.Random(seed)
        self.employers = employers  # name → mail domain
        self.well_known, self.recipients = well_known, recipients
        self.end = days * DAY
        people = list(self._genuine(sizes.genuine))
        self.visitors = sorted(
            [
                *people,
                *self._bots(sizes.bots),
                *self._jokers(sizes.jokers),
                *self._impersonators(sizes.impersonators),
                *self._doubles(sizes.doubles, people),
                *self._flood(sizes.flood),
            ],
            key=lambda visitor: visitor.at,
        )

    def _name(self) -> str:
        return f"{self.dice.choice(FIRST)} {self.dice.choice(LAST)}"

    def _network(self) -> str:
        numbers = (self.dice.randint(0, 255) for _each in range(3))
        return f"10.{'.'.join(str(number) for number in numbers)}"

    def _local(self, name: str) -> str:
        plain = "".join(c for c in name.lower() if c.isascii() and c.isalnum())
        return f"{plain[:30] or 'someone'}{self.dice.randint(1, 9999)}"

    def _when(self) -> float:
        """Many in the first hours, fewer at night, some until the end."""
        if self.dice.random() < 0.5:
            return min(self.dice.expovariate(1 / (5 * HOUR)), self.end)
        return self.dice.uniform(0, self.end)

    def _genuine(self, number: int) -> Iterator[Visitor]:
        names = list(ODD_BUT_GENUINE)
        for _each in range(number):
            name = names.pop() if names else self._name()
            organisation, domain = self.dice.choice([*self.employers.items()])
            is_at_work = self.dice.random() < 0.45
            is_anonymous = is_at_work and self.dice.random() < 0.35
            host = domain if is_at_work else self.dice.choice(PUBLIC_PROVIDERS)
            says_where = is_at_work or self.dice.random() < 0.8
            yield Visitor(
                kind="genuine",
                at=self._when(),
                name="" if is_anonymous else name,
                email=f"{self._local(name)}@{host}",
                # One office in ten is behind one address.
                network="10.7.7.7" if is_at_work and self.dice.random() < 0.1 else self._network(),
                organisation=organisation if says_where else "",
                title="" if is_anonymous else self.dice.choice(TITLES),
                appearance="anonymous" if is_anonymous else "named",
                fill_seconds=self.dice.randint(4, 600),
                has_script=self.dice.random() > 0.02,
            )

    def _bots(self, number: int) -> Iterator[Visitor]:
        """Scripts: from few networks, quicker than anybody types, most without mail."""
        networks = [self._network() for _each in range(4)]
        begins = self.dice.uniform(0, self.end / 2)
        for _each in range(number):
            is_gibberish = self.dice.random() < 0.5
            name = self._gibberish() if is_gibberish else self._name()
            is_slow = self.dice.random() < 0.3
            yield Visitor(
                kind="bot",
                at=begins + self.dice.uniform(0, 3 * HOUR),
                name=name,
                email=f"{self._local(name)}@{self.dice.choice(THROW_AWAY)}",
                network=self.dice.choice(networks),
                title=self.dice.choice(TITLES),
                fill_seconds=5 if is_slow else 0,
                has_script=False,
                falls_for_trap=not is_slow and self.dice.random() < 0.6,
                reads_mail=self.dice.random() < 0.5,
            )

    def _gibberish(self) -> str:
        letters = (
            "".join(self.dice.choices(string.ascii_lowercase, k=self.dice.randint(5, 9)))
            for _each in range(2)
        )
        return " ".join(letters).title()

    def _jokers(self, number: int) -> Iterator[Visitor]:
        for index in range(number):
            name = JOKES[index % len(JOKES)]
            yield Visitor(
                kind="joker",
                at=self._when(),
                name=name,
                email=f"{self._local(name)}@{self.dice.choice(PUBLIC_PROVIDERS)}",
                network=self._network(),
                organisation=self.dice.choice([*self.employers, ""]),
                title=self.dice.choice(TITLES),
                fill_seconds=self.dice.randint(5, 90),
            )

    def _impersonators(self, number: int) -> Iterator[Visitor]:
        """Plain, in look-alike letters, the other way round, and in the title."""
        victims = [*self.well_known, *self.recipients]
        for index in range(number):
            victim = victims[index % len(victims)]
            first, _space, last = victim.rpartition(" ")
            disguises = (victim, victim.translate(LOOK_ALIKES), f"{last}, {first}", victim.upper())
            name, title = disguises[index % 4], "Chief executive"
            if index % 5 == 4:
                name, title = self._name(), f"on behalf of {victim}"
            yield Visitor(
                kind="impersonator",
                at=self._when(),
                name=name,
                email=f"{self._local(name)}@{self.dice.choice(PUBLIC_PROVIDERS)}",
                network=self._network(),
                organisation=self.dice.choice([*self.employers]),
                title=title,
                fill_seconds=self.dice.randint(5, 90),
            )

    def _doubles(self, number: int, people: list[Visitor]) -> Iterator[Visitor]:
        """Genuine people once more: under the same mailbox, or under a second one."""
        named = [person for person in people if person.name.count(" ") == 1]
        for index in range(number):
            person = self.dice.choice(named)
            again = replace(person, kind="double", at=min(person.at + 30, self.end))
            local, _at, host = person.email.partition("@")
            first, last = person.name.split(" ")
            second = f"{self._local(person.name)}@{self.dice.choice(PUBLIC_PROVIDERS)}"
            yield (
                replace(again, email=f"{local}+letter@{host}"),
                replace(again, email=person.email.upper()),
                replace(again, email=second),
                replace(again, email=second, name=f"{last.upper()} {first}"),
                replace(again, email=second, name=f"{first[0]}. {last}"),
                replace(again, email=second, name=person.name.translate(LOOK_ALIKES)),
            )[index % 6]

    def _flood(self, number: int) -> Iterator[Visitor]:
        """One domain whose owner makes mailboxes at will, reads them all, and takes care."""
        begins = self.dice.uniform(self.end / 4, self.end / 2)
        networks = [self._network() for _each in range(20)]
        for _each in range(number):
            name = self._name()
            yield Visitor(
                kind="flood",
                at=begins + self.dice.uniform(0, 2 * HOUR),
                name=name,
                email=f"{self._local(name)}@{FLOODED}",
                network=self.dice.choice(networks),
                title=self.dice.choice(TITLES),
                fill_seconds=self.dice.randint(3, 20),
            )
