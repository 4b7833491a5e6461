"""Players' names, and the same as each source spells them."""

import unicodedata

_FIRST = (
    *("Adem", "Aleksandar", "Amir", "Andre", "Anton", "Bálint", "Bojan", "Caleb", "Cédric", "Cole"),
    *("D'Marcus", "Damir", "Darius", "De'Shawn", "Devon", "Dževad", "Eli", "Emmanuel", "Facundo"),
    *("Gabriel", "Gorán", "Isaiah", "Ivo", "Jalen", "Jarell", "Jérôme", "Jonas", "Jordan", "Josip"),
    *("Kasim", "Keon", "Kristaps", "Lamont", "Luca", "Malik", "Marko", "Mateo", "Miloš", "Nando"),
    *("Nikola", "Omar", "Oskar", "Pascal", "Quentin", "Rashad", "Rémy", "Sandro", "Silas", "Tariq"),
    *("Théo", "Tomáš", "Trevon", "Usman", "Vasil", "Willy", "Xavier", "Yusuf", "Zach", "Zion"),
)
_LAST = (
    *("Abrams", "Alvarado", "Antić", "Baptiste", "Barlow", "Bašić", "Beaumont", "Bellamy", "Bjørn"),
    *("Brandt", "Bukvić", "Caldwell-Reed", "Carrington", "Cissé", "Copeland", "Crowley", "Dragić"),
    *(
        "Diarra",
        "Dobrić",
        "Eastman",
        "Ellison",
        "Fall",
        "Fernández",
        "Fontaine",
        "Galloway",
        "Gaye",
    ),
    *(
        "Gilmore-Price",
        "Grbić",
        "Hadžić",
        "Halloway",
        "Harmon",
        "Hayward",
        "Ibáñez",
        "Ingles",
        "Ito",
    ),
    *(
        "Jankovič",
        "Jessup",
        "Kabengele",
        "Kanter",
        "Kessler",
        "Kovač",
        "Krüger",
        "Lacroix",
        "Lauri",
    ),
    *("Lindqvist", "Lockhart", "Mbaye", "McAdams", "Merrill", "Milić", "Moreau", "Muñoz", "Nance"),
    *("Ndiaye", "Novák", "O'Dell", "Okafor", "Oyelaran", "Pešić", "Pierce", "Popović", "Quarles"),
    *("Radić", "Randle-King", "Reinhart", "Rojas", "Rutherford", "Šarić", "Schröder", "Sexton"),
    *("Sow", "Stanković", "Strickland", "Tavares", "Thornwell", "Topić", "Underwood", "Valentić"),
    *("Vukčević", "Wallace", "Westbrook-Lee", "Whitfield", "Winslow", "Yildiz", "Zubčić"),
)
_STRIDE = 1009
_SUFFIXES = {9: "Jr.", 20: "III", 31: "II"}
_SUFFIX_EVERY = 33
MOST_NAMES = len(_FIRST) * len(_LAST)
"""How many players there may be before two are namesakes."""


def plain_name(team: int, place: int) -> str:
    """The name of a place on a team: "Player A00"."""
    return f"Player {chr(65 + team)}{place:02d}"


def spoken_name(number: int) -> str:
    """The name of the league's player of that number; some have accents, hyphens or a suffix."""
    first, last = divmod(number * _STRIDE % MOST_NAMES, len(_LAST))
    suffix = _SUFFIXES.get(number % _SUFFIX_EVERY)
    return " ".join(part for part in (_FIRST[first], _LAST[last], suffix) if part)


def folded(name: str) -> str:
    """Without accents, as bookmakers and injury reports write: "Dennis Schroder"."""
    alike = str.maketrans({"ø": "o", "ß": "ss", "đ": "d", "ł": "l"})
    parts = unicodedata.normalize("NFKD", name.translate(alike))
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


def without_suffix(name: str) -> str:
    """The name alone: "Gary Trent" of "Gary Trent Jr."."""
    words = name.split()
    return " ".join(words[:-1] if words[-1] in _SUFFIXES.values() else words)


def slug(name: str) -> str:
    """As BettingPros names players: "garytrent-jr", "shaigilgeous-alexander", "jimmybutler"."""
    own = "".join(c for c in folded(without_suffix(name)).lower() if c.isalnum() or c == "-")
    return own + ("-jr" if name.endswith(" Jr.") else "")


def last_first(name: str) -> str:
    """As the injury report has players: "Duke Jr., David"."""
    first, _, rest = folded(name).partition(" ")
    return f"{rest}, {first}"


def at_bookmaker(name: str, bookmaker: str) -> str:
    """As a bookmaker writes it: none writes accents, some leave the suffix or its point away."""
    plain = folded(name)
    if bookmaker == "betonlineag":
        return without_suffix(plain)
    return plain.removesuffix(".") if bookmaker == "fanduel" else plain
