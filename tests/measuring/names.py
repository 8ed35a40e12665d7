"""Plausible names of people at technology companies: common ones, and rare ones made of syllables.

The more common a name, the earlier it stands in its list, and the more often it is drawn (by the
inverse of its place, to the power of 0.7). The lists stand for what a census finds of the hundred
or two most common names: a third of all family names, three in five given names. All others come
from syllables, some of them often alike, as real ones are.
"""

import itertools
import random

GIVEN = (
    "David Michael John James Robert Daniel Wei Sarah Jennifer Andrew Matthew Jessica Christopher "
    "Alex Kevin Emily Brian Anna Maria Ravi Elizabeth Jason Priya Laura Eric Ryan Amit Rachel Mark "
    "Thomas Nicole Jonathan Amy Stephanie Anil Rahul Jose Juan Carlos Luis Ana Sofia Mohammed Ali "
    "Fatima Omar Ahmed Yuki Hiroshi Kenji Aiko Min-jun Ji-woo Seo-yeon Jin Lei Fang Xin Yan Ming "
    "Hui Jing Xiao Lin Mei Anh Linh Minh Thi Nguyen Sunita Deepak Sanjay Vijay Kavita Neha Pooja "
    "Arjun Karthik Lakshmi Divya Sneha Vikram Rohan Anjali Meera Suresh Ramesh Ganesh Olga Natalia "
    "Ivan Dmitri Sergei Elena Tatiana Katarzyna Piotr Agnieszka Marek Jan Peter Paul Hans Klaus "
    "Ursula Heike Jürgen Björn Lars Ingrid Astrid Sven Pierre Jean Marie Claire François Chloé "
    "Giulia Marco Luca Francesca Paolo Ines João Tiago Beatriz Pedro Rui Chidi Ngozi Ifeoma Kwame "
    "Amara Tunde Zanele Thabo Aisha Yusuf Hassan Leila Reza Dariush Shirin Noa Yael Eitan Avi "
    "Rebecca Samuel Benjamin Hannah Joshua Megan Lauren Ashley Amanda Brandon Justin Tyler Kyle "
    "Samantha Melissa Heather Kelly Erin Sean Patrick Colin Fiona Siobhán Niamh Oisín Gareth Rhys "
    "Simon Nigel Charlotte Oliver Harry Sophie Lucy Grace Zoe Nathan Ethan Jacob Isabella Olivia"
).split()
FAMILY = (
    "Smith Johnson Wang Li Zhang Chen Williams Brown Jones Garcia Miller Davis Rodriguez Martinez "
    "Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Nguyen Kim "
    "Patel Singh Kumar Sharma Shah Gupta Liu Yang Huang Wu Zhou Xu Sun Park Choi Tran Le Pham "
    "Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King "
    "Wright Scott Torres Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter "
    "Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris "
    "Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard "
    "Ramos Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes "
    "Price Alvarez Castillo Sanders Myers Long Ross Foster Jimenez Reddy Rao Iyer Nair Menon Joshi "
    "Mehta Desai Agarwal Jain Kapoor Malhotra Banerjee Chatterjee Mukherjee Das Bose Sen Khan Ahmed "
    "Hussain Ali Malik Sato Suzuki Tanaka Watanabe Ito Yamamoto Nakamura Kobayashi Müller Schmidt "
    "Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Bauer Richter Klein Wolf "
    "Schröder Neumann Schwarz Zimmermann Dubois Durand Leroy Moreau Laurent Rossi Russo Ferrari "
    "Esposito Bianchi Romano Silva Santos Oliveira Souza Pereira Costa Ferreira Almeida Kowalski "
    "Nowak Wiśniewski Wójcik Kamiński Ivanov Petrov Smirnov Kuznetsov Popov Andersen Hansen Nielsen "
    "Johansson Karlsson Nilsson Larsen Berg O'Brien O'Connor Byrne Ryan McCarthy Walsh MacDonald "
    "Fraser Okafor Okonkwo Adeyemi Balogun Mensah Boateng Dlamini Nkosi Cohen Levy Friedman Katz "
    "Goldberg Shapiro Rosen Haddad Khoury Hosseini Ahmadi Yılmaz Kaya Demir Papadopoulos Georgiou"
).split()
BEGINNINGS = (
    "Al An Ar Bal Bar Bel Ber Bor Bra Bren Cal Car Chan Dal Dan Dar Del Dor Du El Fal Fer Gal Gar "
    "Gor Hal Har Hed Hol Jal Kar Kel Kor Kra Lan Lar Mal Mar Mel Mor Nar Nor Ol Os Pal Par Pel Por "
    "Ran Ros Sal San Sar Sel Sta Tal Tar Tor Ul Val Van Ver Vol Wal War Wil Yar Zal"
).split()
MIDDLES = "a e i o u an en in on ar er or al el il ach eck ing ov ev ad id am em ".split(" ")
ENDINGS = (
    "ba berg by cker den der do dt feld ford ger ham hart ka ki kov la ler ley lin lo man mann mar "
    "na ner ni nov ra ras ri ro rup sen ser ski son stad stein ta ti ton va vic vich ward well ya za"
).split()
GIVEN_ENDINGS = (
    "a an ana ander en eth ia ian ika in ina is ita le lia mir na no o ra rin ta us".split()
)
INITIALS = "ABCDEFGHJKLMNPRSTVW"
COMMON_GIVEN = 0.6
COMMON_FAMILY = 0.33


def plausible(number: int, *, seed: int = 7) -> list[str]:
    """As many names, in the order in which they come; some people have one name twice."""
    draw = random.Random(seed)
    return [_one(draw) for _each in range(number)]


def forged(name: str, draw: random.Random) -> str:
    """The name with one slip, as somebody writes it who wants to be taken for its bearer."""
    place = draw.randrange(1, len(name))
    letter = draw.choice("aeinorst")
    return draw.choice(
        [
            name[:place] + letter + name[place:],
            name[:place] + name[place + 1 :],
            name[:place] + letter + name[place + 1 :],
        ]
    )


def _one(draw: random.Random) -> str:
    given, family = _given(draw), _family(draw)
    chance = draw.random()
    if chance < 0.08:
        return f"{given} {draw.choice(INITIALS)}. {family}"
    if chance < 0.13:
        return f"{given} {family}-{_family(draw)}"
    if chance < 0.18:
        return f"{given} {_given(draw)} {family}"
    return f"{given} {family}"


def _given(draw: random.Random) -> str:
    if draw.random() < COMMON_GIVEN:
        return _drawn(draw, GIVEN)
    return draw.choice(BEGINNINGS) + draw.choice(GIVEN_ENDINGS)


def _family(draw: random.Random) -> str:
    if draw.random() < COMMON_FAMILY:
        return _drawn(draw, FAMILY)
    return draw.choice(BEGINNINGS) + draw.choice(MIDDLES) + draw.choice(ENDINGS)


def _drawn(draw: random.Random, names: list[str]) -> str:
    return draw.choices(names, cum_weights=_WEIGHTS[len(names)])[0]


_WEIGHTS = {
    len(names): list(itertools.accumulate((place + 1) ** -0.7 for place in range(len(names))))
    for names in (GIVEN, FAMILY)
}
