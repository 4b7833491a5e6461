"""Every limit that decides something, with its reason.

Checks show the values they used; a change here is a change of VERSION. No other module may hold a
limit of its own.
"""

from dataclasses import dataclass

VERSION = 16


@dataclass(frozen=True)
class Threshold:
    """A limit and why it is what it is."""

    value: float
    reason: str


WINDOW_PRESENT_SHARE = Threshold(
    0.9,
    "A statistic over ten games says something when at most one is unknown; with two unknown it is "
    "another statistic.",
)
LEAGUE_COVERAGE = Threshold(
    0.95,
    "A league average hardly moves when one game in twenty is unknown, and no gap is told of it.",
)
FAMILY_COMPLETENESS = Threshold(
    0.9, "The same share as for the windowed values: a ready row is one whose windows have values."
)
MINIMUM_GAMES = Threshold(
    5, "Below five games of the season a player's averages are noise: the season's bootstrap."
)
EARLY_SEASON_DAYS = Threshold(
    45, "The first quarter of a regular season of about 175 days: rotations are still being found."
)
LATE_SEASON_DAYS = Threshold(
    120, "Past the All-Star break: seeds are decided, and some teams rest their best players."
)
BOOTSTRAP_DAYS = Threshold(
    14, "In a season's first two weeks most players have fewer than the minimum of games."
)
PHASE_4_COVERAGE = Threshold(
    0.95,
    "Share of game dates past the season's bootstrap on which the rows are ready. It is 100% on "
    "complete data; the limit was once 88%, which was one table's shortfall made into a rule.",
)
USAGE_RATE_COVERAGE = Threshold(
    0.95,
    "Share of players with a minute or more that have usage_rate. It is 100% on complete data; a "
    "season once ran at 47.7% unnoticed because this limit had been lowered to 45%.",
)
USAGE_TEAM_MEAN_TOLERANCE = Threshold(
    0.35,
    "Minutes-weighted usage of a team-game is 20 by identity; whole-minute sources move it this far.",
)
TRAINING_MINIMUM_GAMES = Threshold(
    400, "About 8,400 player-games: below, a model is not better than a ten-game average."
)
TRAINING_FEATURE_COVERAGE = Threshold(
    0.95, "Share of training rows past the bootstrap that are production ready."
)
TRAINING_MONTH_SHARE = Threshold(
    0.25,
    "Of a month with less than a quarter of the rows of its season's longest, one lost box score is "
    "more than one row in twenty.",
)
TRAINING_CLEAN_ROWS = Threshold(
    50_000,
    "Rows without a gap in a window of three seasons, which has 50,000 in its last season's first "
    "month and 73,000 in its last; not asked where fewer were played.",
)
TRAINING_FUNNEL = Threshold(
    0.9,
    "Share of a season's player-games that are training rows: 97.8% over a season, 88% in its first "
    "week, when rookies are not yet known. A join once lost 23% of them without a word.",
)
TRAINING_CONSTANT_SHARE = Threshold(
    0.5,
    "No measure of ten games and more is one value in half of a season's rows unless that stands in "
    "for what is not known; models were once trained on 55% constants.",
)
TRAINING_COPIED_TARGET = Threshold(
    0.9,
    "A player's past goes with his points at a correlation of 0.7 to 0.75; far above, a feature has "
    "seen the game itself.",
)
TRAINING_TARGET_FOLLOWS = Threshold(
    0.3, "The same 0.7 to 0.75: near nothing, the points are those of other rows."
)
TRAINING_FORMULA_ERROR_SHARE = Threshold(
    0.98,
    "A formula over averages has 1.01 to 1.08 of the error of the middle between the season's mean and "
    "the carried one over any of six seasons, and 0.98 to 1.12 in a month of 300 rows. Similar games "
    "that counted the game itself gave 0.95 to 0.985, a factor that had seen it 0.68 to 0.83.",
)
TRAINING_FORMULA_ROWS = Threshold(
    1_000,
    "Player-games of a season, some seven nights: of fewer, chance may come to more than that.",
)
TRAINING_LEAST_ERROR_SHARE = Threshold(
    0.9,
    "A model's error over the best baseline's on the same later rows is 0.94 to 1.02, in any month of "
    "six seasons. Rows that saw their own game once gave 0.89: below is leakage until shown otherwise.",
)
TRAINING_WORSE_STANDARD_ERRORS = Threshold(
    3,
    "Standard errors of the mean difference to the serving model on rows that neither has seen. Two "
    "models that are as good differ by chance: by so much in one look of 740, and a season has seven. "
    "The errors are summed per date first, since those of one night go together.",
)
TRAINING_WORSE_POINTS = Threshold(
    0.01,
    "Points of MAE by which no model is worse. Two that have grown on nearly the same rows differ in "
    "their number of trees alone, by a thousandth or two on every night alike, which is no chance.",
)
TRAINING_DRIFT = Threshold(
    0.1,
    "Below a tenth a population counts as unmoved by convention. Windows of three seasons that are a "
    "month apart have 0.04 between them at most; a season in other units has 0.5.",
)
TRAINING_DRIFT_KNOWN_ROWS = Threshold(
    20_000,
    "The shortest season has 21,700 player-games: a feature that the serving model has known for less "
    "moves as the season does.",
)
TRAINING_DRIFT_OUTSIDE = Threshold(
    0.01,
    "The share of the serving model's rows on either side beyond which half of the newer rows lie "
    "only in other units, or with a default: the league's pace does not.",
)
WEIGHTS_ROWS = Threshold(
    2000,
    "Graded player-games from which systems may be mixed, or pulled to the line: of fewer the pull's "
    "intercept is uncertain by 0.15 points and more, a third of what it comes to.",
)
EDGE_RECORD_ROWS = Threshold(
    300,
    "Graded edges of a kind from which their record may recommend. Sixty kinds are looked at month by "
    "month: among short records one is above any price by luck.",
)
EDGE_HIGHEST_PRICE = Threshold(
    1.91,
    "Decimal price that both sides of an even line pay (-110). A side that pays more is another bet than "
    "the record's, which is of even lines: the market holds it for the less likely one, and knows why.",
)
UNSETTLED_DAYS = Threshold(
    3,
    "A game that is neither final nor postponed this many days after its date has been forgotten by "
    "the source: it is a gap, and no longer holds up what comes after.",
)
PLAYERS_PER_ROSTER = Threshold(
    10,
    "Players with a minute or more in a team's game, 10.2 on average over six seasons: what a lost "
    "roster counts for in a share of players.",
)

FEWEST_PLAYERS = Threshold(5, "Five are on the floor at any time, so fewer is a lost row.")
MOST_PLAYERS = Threshold(15, "A roster for a game has thirteen active players, fifteen at most.")
FEWEST_TEAM_POINTS = Threshold(
    50, "The fewest since the shot clock are 49; below, half is missing."
)
MOST_TEAM_POINTS = Threshold(220, "The most ever are 186; above, two games are in one row.")
MOST_PLAYER_MINUTES = Threshold(
    80, "Four overtimes played whole are 68 minutes, the most ever played 69."
)
MOST_TEAM_MINUTES = Threshold(
    400, "Six overtimes, the most ever played, are 390 player-minutes of a team."
)
MOST_POINTS = Threshold(
    60.0,
    "Players pass sixty points once or twice a season: a system that says so has lost its inputs.",
)
UNIVERSE_GAMES = Threshold(
    10,
    "Who has not appeared in his team's last ten games hardly plays in the next one: of those who "
    "play, 97.8% are among 15.8 players per team.",
)
EARLIEST_TIPOFF = Threshold(
    16,
    "Hour of the date, UTC: no game begins before Eastern noon, which is then in summer time. Where "
    "the schedule tells no tip-off, only what was reported before is certainly from before it.",
)
SAMPLED_ONE_IN = Threshold(
    50, "Rows of which one is computed again by a second route, which for all would cost too much."
)
RECOMPUTED_TOLERANCE = Threshold(
    1e-6, "Two routes add the same numbers in another order; a wrong window is off by far more."
)
PLAYER_MINUTES_AGREE = Threshold(
    1, "The game log says whole minutes, so that two sources of one line are less than one apart."
)
TEAM_MINUTES_AGREE = Threshold(
    10,
    "A team's minutes in the game log are 238 to 242 of 240 played, and 264 to 266 of 265; half of an "
    "overtime's 25 would be another number of overtimes.",
)
PAINT_FEET = Threshold(
    8, "The restricted area and what is finished around it: floaters and hooks up to eight feet."
)
THREES_AGREE = Threshold(
    1,
    "A foot on the line is seen later: the official three becomes a two in the box score and stays a "
    "three in the play by play, or the other way round.",
)
GAME_PLAYERS_MATCHED = Threshold(
    0.95,
    "Share of the players named in a game's play by play whom the box score knows. With one of "
    "twenty lost another file was read; a change of format once lost all of them unnoticed.",
)
AUDITABLE_DAYS = Threshold(
    30,
    "Days for which maintenance keeps the versions that predictions were made from, so that they can "
    "be made again as they were; a season of them would keep every file ever written.",
)
COVERAGE_DROP = Threshold(
    0.02,
    "Expected keys are all there on whole data, and one night's game of fifty in a week is a "
    "fiftieth of them: a drop of that size is a game that is lost, or a source that fails.",
)
COVERAGE_WEEKS = Threshold(
    4, "Weeks that a week is compared with where the month a year ago is not stored."
)
SNAPSHOT_SHARE = Threshold(
    0.5,
    "Share of the players with a team in the list in force that a list of another date must have. "
    "Between two seasons a quarter of them is in no team; a list of half was cut, or is the answer to "
    "another question.",
)
STALLED_SECONDS = Threshold(
    120, "A table that takes two minutes more than twice what it took before does not come on."
)

SHARES = {"usage_rate_coverage": USAGE_RATE_COVERAGE, "phase4_coverage": PHASE_4_COVERAGE}
"""Shares of what must be known, summed over the season to date."""
STOPPING_SHARES = ("usage_rate_coverage",)
"""Those that stop what is downstream while they are below their threshold."""
