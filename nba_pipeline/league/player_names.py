"""The one place where the names of sources without ids become the league's player_id.

A name is matched to the players whose names are known before the date (`known_players`), never
guessed: what fits nobody, or several alike, is told with the names that are nearest to it.
"""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir
from ibis import _

from nba_pipeline.league.rejected import rejected

VERSION = 2
"""Counts the meanings of what is computed here: tables made with it are stale under a new one."""

ALIASES = {
    "alfredjoelhorfordreynoso": "alhorford",
    "alperensengunc": "alperensengun",
    "bjboston": "brandonboston",
    "bjbostonjr": "brandonboston",
    "caldwellpopekentavious": "kentaviouscaldwellpope",
    "cameronjohnsong": "cameronjohnson",
    "cameronthomas": "camthomas",
    "camjohnson": "cameronjohnson",
    "christianjamesmccollum": "cjmccollum",
    "danielgreen": "dannygreen",
    "djaugustine": "djaugustin",
    "edricefemiadebayo": "bamadebayo",
    "eneskanter": "enesfreedom",
    "gantetokounmpo": "giannisantetokounmpo",
    "grantjerami": "jeramigrant",
    "guillermohernangomez": "willyhernangomez",
    "herbjones": "herbertjones",
    "huerterkevin": "kevinhuerter",
    "iggybrazdeikis": "ignasbrazdeikis",
    "ishmailwainright": "ishwainright",
    "jalenjohnsonff": "jalenjohnson",
    "jeenathanwilliams": "natewilliams",
    "jisaac": "jonathanisaac",
    "joshuagiddey": "joshgiddey",
    "juanhernangomez": "juanchohernangomez",
    "kcaldwellpope": "kentaviouscaldwellpope",
    "kenyonmartin": "kjmartin",
    "kenyonmartinjr": "kjmartin",
    "louiswilliams": "louwilliams",
    "moeharkless": "mauriceharkless",
    "moewagner": "moritzwagner",
    "mohamedbamba": "mobamba",
    "murraydejounte": "dejountemurray",
    "nahshonhyland": "boneshyland",
    "nicolasclaxton": "nicclaxton",
    "obadiahtoppin": "obitoppin",
    "rjnembhardjr": "rubennembhardjr",
    "robertwilliamsc": "robertwilliamsiii",
    "sgilgeousalexander": "shaigilgeousalexander",
    "sviatoslavmykhailiuk": "svimykhailiuk",
    "vasamicic": "vasilijemicic",
    "vincentwilliamsjr": "vincewilliamsjr",
    "wembanyamavictor": "victorwembanyama",
    "wesmatthews": "wesleymatthews",
    "wesmatthewsjr": "wesleymatthews",
}
"""Normalised names of other sources to the league's: other first names, a bookmaker's name that is
turned around or cut to an initial, a slug that ends with the position."""

SUFFIX = r"(jr|sr|iii|ii|iv|v)$"
"""What a source may leave out of a name, or add to it."""

_EXACT, _ALIAS, _SUFFIX = 0, 1, 2


def matched_names(
    names: ir.Table, known_players: ir.Table, evidence: ir.Table, on: Sequence[str]
) -> ir.Table:
    """The player whom each name means: `on`, player_id, name_match; none where that is not certain.

    Whose team is evidence comes before who may be anywhere, as a father of the same name does who is
    on a list of all times. Among those, exactly the known name comes first, then the one that an
    alias stands for, then one that differs by a suffix, which needs the evidence.

    Args:
        names: rows with `on`, season, game_date and player_lookup, the normalised name; one row per
            spelling where the source gives several for one player.
        known_players: the names that are known, and from which date.
        evidence: rows with `on` and team_abbr: the teams for one of which the player should play; his
            are those that he was seen with this season or the last.
        on: the columns that name what is matched: none of them NULL.
    """
    names = _asked(names, on)
    candidates = _candidates(names, known_players, on)
    candidates = candidates.left_join(
        _evident(candidates, names, known_players, evidence, on), [*on, "player_id"]
    )
    candidates = candidates.select(
        *on, "player_id", "form", is_evident=_.is_evident.fill_null(False)
    ).filter(_.is_evident | (_.form < _SUFFIX))
    name = ibis.window(group_by=list(on))
    best = candidates.filter(_.is_evident == _.is_evident.any().over(name))
    best = best.filter(_.form == _.form.min().over(name))
    return best.filter(_.player_id.count().over(name) == 1).select(
        *on,
        "player_id",
        name_match=_.form.cases((_EXACT, "exact"), (_ALIAS, "alias"), else_="suffix"),
    )


def of_their_teams(
    matched: ir.Table,
    names: ir.Table,
    known_players: ir.Table,
    evidence: ir.Table,
    on: Sequence[str],
) -> ir.Table:
    """Of what `matched_names` says those who are known to be with one of the name's teams."""
    known = _evident(matched, names, known_players, evidence, on)
    return matched.semi_join(known, [*on, "player_id"])


def matched_surnames(
    names: ir.Table,
    known_players: ir.Table,
    evidence: ir.Table,
    others: ir.Table,
    on: Sequence[str],
) -> ir.Table:
    """The player whom each surname means, as `matched_names` tells it.

    It is the surname of exactly one player whose latest known team is evidence: as it is written,
    or else but for a suffix. A name's first word is its holder's first name.

    Args:
        names: as of `matched_names`, with a surname as player_lookup.
        known_players: the names that are known, and from which date.
        evidence: `on` and team_abbr, the team that the player is with.
        others: `on` and player_id: the players who are certainly not meant.
        on: the columns that name what is matched: none of them NULL.
    """
    known = _known_of_teams(_asked(names, on), known_players, evidence, on)
    # Letters that are folded keep their number, all but a few whose names are then not matched.
    first = _.player_name.re_replace(r"\s.*$", "").re_replace(r"[^\p{L}\p{N}]", "").length()
    surname = _.known_lookup.substr(first)
    cut = [_without_suffix(text) for text in (_.surname, _.player_lookup)]
    fits = known.mutate(surname=surname).filter(cut[0] == cut[1])
    fits = fits.mutate(form=ibis.ifelse(_.surname == _.player_lookup, _EXACT, _SUFFIX))
    fits = fits.group_by([*on, "season", "game_date", "player_id"]).agg(
        form=_.form.min(), seen_from=_.known_from.max()
    )
    later = fits.join(
        known_players.select("season", "player_id", since="known_from"), ["season", "player_id"]
    ).filter((_.since > _.seen_from) & (_.since <= _.game_date))
    fits = fits.anti_join(later, [*on, "player_id"]).anti_join(others, [*on, "player_id"])
    name = ibis.window(group_by=list(on))
    best = fits.filter(_.form == _.form.min().over(name))
    return best.filter(_.player_id.count().over(name) == 1).select(
        *on, "player_id", name_match=ibis.literal("surname")
    )


def with_known_names(found: ir.Table, known_players: ir.Table, on: Sequence[str]) -> ir.Table:
    """The rows with the player_lookup that the league last had for the player by the row's date.

    Args:
        found: rows with `on`, season, game_date and player_id, and player_lookup as a source has it.
        known_players: the names that are known, and from which date.
        on: the columns that name a row.
    """
    names = found.select(*on, "season", "game_date", "player_id").join(
        known_players.select("season", "player_id", "player_lookup", "known_from"),
        ["season", "player_id"],
    )
    newest = ibis.window(group_by=list(on), order_by=[_.known_from.desc(), _.player_lookup])
    names = names.filter(_.known_from <= _.game_date).mutate(age=ibis.row_number().over(newest))
    names = names.filter(_.age == 0).select(*on, "player_lookup")
    return found.drop("player_lookup").join(names, list(on))


def nearest_names(
    names: ir.Table, known_players: ir.Table, evidence: ir.Table, on: Sequence[str]
) -> ir.Table:
    """Per `on`, as text, the three known names of its teams that are nearest by edit distance.

    Without any name known of the teams there is no row. Arguments are those of `matched_names`.
    """
    known = _known_of_teams(_asked(names, on), known_players, evidence, on)
    near = known.mutate(distance=_.player_lookup.levenshtein(_.known_lookup))
    near = near.group_by([*on, "player_id", "player_name"]).agg(
        distance=_.distance.min(), team_abbr=_.team_abbr.max()
    )
    order = ibis.window(group_by=list(on), order_by=[_.distance, _.player_name, _.player_id])
    near = near.mutate(place=ibis.row_number().over(order)).filter(_.place < 3)
    told = _.player_name + " (" + _.team_abbr + ", " + _.player_id.cast("string") + ")"
    return (
        near.mutate(told=told)
        .group_by(*on)
        .agg(nearest=_.told.group_concat(", ", order_by=_.place))
    )


def unmatched_rows(rows: ir.Table, nearest: ir.Table, on: Sequence[str], field: str) -> ir.Table:
    """Rows whose name means no player for certain, in the columns of rejected input.

    Args:
        rows: those that were not matched, with player_name as the source spells it.
        nearest: what `nearest_names` says of them.
        on: its columns.
        field: the source's name of the field that holds the name.
    """
    known = nearest.select(*(nearest[name].name(f"near_{name}") for name in on), "nearest")
    told = rows.left_join(known, [rows[name] == known[f"near_{name}"] for name in on])
    candidates = ibis.coalesce("; nearest are " + _.nearest, "; nobody of its teams is known yet")
    tells = _.player_name + " is no player for certain" + candidates
    return rejected(told, field=field, value=_.player_name, rule="unmatched_player", tells=tells)


def _asked(names: ir.Table, on: Sequence[str]) -> ir.Table:
    """What is asked, once each: the names in the columns that they are matched by."""
    return names.select(*dict.fromkeys([*on, "season", "game_date", "player_lookup"])).distinct()


def _candidates(names: ir.Table, known_players: ir.Table, on: Sequence[str]) -> ir.Table:
    """Every player whom a name may mean, with the best form in which it fits him."""
    meant = names.player_lookup.cases(*ALIASES.items(), else_=ibis.null().cast("string"))
    forms = {
        _EXACT: names.player_lookup,
        _ALIAS: meant,
        _SUFFIX: _without_suffix(ibis.coalesce(meant, names.player_lookup)),
    }
    spelled = ibis.union(
        *(
            names.select(
                *on,
                asked_season=_.season,
                asked_on=_.game_date,
                spelling=spelling,
                form=ibis.literal(form),
            )
            for form, spelling in forms.items()
        )
    )
    # Two equal joins instead of one on either spelling, which no engine hashes.
    own = ["season", "player_id", "known_from"]
    known = known_players.select(*own, known="player_lookup", is_cut=False).union(
        known_players.select(*own, known=_without_suffix(_.player_lookup), is_cut=True)
    )
    fits = spelled.mutate(is_asked_cut=_.form == _SUFFIX).join(
        known,
        [("asked_season", "season"), ("spelling", "known"), ("is_asked_cut", "is_cut")],
    )
    fits = fits.filter(_.known_from <= _.asked_on)
    return fits.group_by([*on, "player_id"]).agg(form=_.form.min())


def _evident(
    candidates: ir.Table,
    names: ir.Table,
    known_players: ir.Table,
    evidence: ir.Table,
    on: Sequence[str],
) -> ir.Table:
    """The candidates who are known, before the name's date, to be with one of its teams."""
    # Of the candidates alone: all players of all teams of a date are many times more.
    named = dict.fromkeys([*on, "season", "game_date"])
    asked = candidates.select(*on, "player_id").join(names.select(*named).distinct(), on)
    known = asked.join(
        known_players.select("season", "player_id", "team_abbr", "known_from"),
        ["season", "player_id"],
    ).filter(_.known_from <= _.game_date)
    evident = known.join(evidence.select(*on, "team_abbr").distinct(), [*on, "team_abbr"])
    return evident.select(*on, "player_id", is_evident=True).distinct()


def _known_of_teams(
    names: ir.Table, known_players: ir.Table, evidence: ir.Table, on: Sequence[str]
) -> ir.Table:
    """The names that are known, before each name's date, of the players of its teams."""
    known = known_players.rename(known_lookup="player_lookup")
    of = evidence.select(*on, "team_abbr").distinct()
    teams = names.join(of, list(on)).select(*names.columns, "team_abbr")
    return teams.join(known, ["season", "team_abbr"]).filter(_.known_from <= _.game_date)


def _without_suffix(lookup: ir.StringValue) -> ir.StringValue:
    return lookup.re_replace(SUFFIX, "")
