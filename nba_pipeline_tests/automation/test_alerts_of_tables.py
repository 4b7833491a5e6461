"""What is told of tables: what is late, fails, dries up or lost some of its keys."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from nba_pipeline import clock
from nba_pipeline.automation import alerts_of_tables
from nba_pipeline.automation.alert import P0, P1, Alert
from nba_pipeline.automation.alerts_of_tables import (
    _checks,
    _dried_up,
    _drops,
    _failing,
    _late,
    _overdue,
)
from nba_pipeline.automation.pending import WITHOUT_CORRECTIONS
from nba_pipeline.automation.work import Found
from nba_pipeline.tables import TABLES
from nba_pipeline_tests.automation.first_day import FIRST_DAY, PREDICTIONS, TODAY


def _stored(name: str, stamps: dict[date, SimpleNamespace]) -> SimpleNamespace:
    """A survey of one table, and no gaps."""
    warehouse = SimpleNamespace(names=list)
    tables = {name: TABLES[name]}
    return SimpleNamespace(tables=tables, stamps=lambda _name: stamps, warehouse=warehouse)


def test_a_week_with_fewer_of_its_keys_than_before_is_a_drop() -> None:
    """100 of 100 in four weeks and 97 of 100 in the last week; 99 of 100 is within a fiftieth."""
    table = TABLES["nbac_team_boxscore"]

    def dropped(last_week: int) -> list[Alert]:
        def stamp(n: int) -> SimpleNamespace:
            lost = 100 - last_week if n == 34 else 0
            missing = tuple(f"key {k}" for k in range(lost))
            return SimpleNamespace(present=100 - lost, expected=100, missing=missing)

        first = date(2024, 1, 1)
        stamps = {first + timedelta(days=n): stamp(n) for n in (*range(28), 34)}
        survey = _stored(table.name, stamps)
        assert list(_drops(survey, date(2024, 2, 20))) == [], "it was told in its time"
        return list(_drops(survey, date(2024, 2, 5)))

    (alert,) = dropped(97)
    assert "97.0% of its expected keys, usually 100.0%; missing key 0, key 1, key 2" in alert.what
    assert dropped(99) == []


def test_keys_whose_gaps_are_accepted_are_no_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    """15 of 100 are lost for good and somebody has said so; of 10 others nobody has."""
    name, first = "nbac_team_boxscore", date(2024, 1, 1)
    lost = {f"game{n} / LAL": f"{name}:2024-02-04:game{n}:LAL" for n in range(25)}

    def stamp(n: int) -> SimpleNamespace:
        missing = tuple(lost) if n == 34 else ()
        return SimpleNamespace(present=100 - len(missing), expected=100, missing=missing)

    survey = _stored(name, {first + timedelta(days=n): stamp(n) for n in (*range(28), 34)})
    for accepted, told in ((25, []), (15, ["90.0%"])):
        gaps = {gap: n < accepted for n, gap in enumerate(lost.values())}
        monkeypatch.setattr(alerts_of_tables, "known_gaps", lambda _warehouse, gaps=gaps: gaps)
        found = [alert.what for alert in _drops(survey, date(2024, 2, 5))]
        assert [share in what for what, share in zip(found, told, strict=True)] == [True] * len(
            told
        )


def test_a_source_that_falls_silent_is_told() -> None:
    """Nothing in six dates with games and 28 rows in the weeks before; one row is no silence."""
    name, today = "odds_api_player_points_props", date(2024, 2, 5)
    days = [today - timedelta(days=n) for n in range(34)]

    def survey(in_last_week: int) -> SimpleNamespace:
        lines = {d: SimpleNamespace(row_count=1 if n > 5 else 0) for n, d in enumerate(days)}
        lines[days[3]] = SimpleNamespace(row_count=in_last_week)
        games = dict.fromkeys(days, SimpleNamespace(row_count=7))
        stamps = {name: lines, "nbac_schedule": games}
        tables = {one: TABLES[one] for one in stamps}
        return SimpleNamespace(tables=tables, stamps=lambda one: stamps[one])

    (alert,) = _dried_up(survey(0), today)
    assert f"{name} 2024-01-31 to 2024-02-05: no row on 6 dates with games, 28 in" in alert.what
    assert list(_dried_up(survey(1), today)) == []
    assert list(_dried_up(survey(0), today + timedelta(days=30))) == []


@pytest.mark.parametrize(
    ("today", "speaks_every", "told"),
    [
        (date(2024, 6, 13), 1, ["2024-06-06 to 2024-06-12: no row on 3 dates"]),
        (date(2024, 6, 18), 1, ["2024-06-09 to 2024-06-17: no row on 4 dates"]),
        (date(2024, 6, 10), 1, []),
        (date(2024, 6, 18), 2, []),
    ],
)
def test_a_source_that_falls_silent_in_the_finals_is_told(
    today: date, speaks_every: int, told: list[str]
) -> None:
    """Three of their dates are enough of what spoke on every date, and not of every other one."""
    name = "odds_api_player_points_props"
    played = [date(2024, 5, n) for n in range(8, 31)] + [date(2024, 6, n) for n in (6, 9, 12, 14)]
    played.append(date(2024, 6, 17))
    games = dict.fromkeys(played, SimpleNamespace(row_count=1))
    lines = {
        day: SimpleNamespace(row_count=int(day.month == 5 and day.day % speaks_every == 0))
        for day in played
    }
    stamps = {name: lines, "nbac_schedule": games}
    survey = SimpleNamespace(tables={n: TABLES[n] for n in stamps}, stamps=lambda n: stamps[n])
    found = [alert.what for alert in _dried_up(survey, today)]
    assert len(found) == len(told)
    assert all(text in what for text, what in zip(told, found, strict=True))


def test_a_month_that_its_gate_refused_is_told_in_the_week_in_which_it_did() -> None:
    """Its partition is the first of the month, whenever it was trained."""
    month, trained = date(2023, 12, 1), datetime(2023, 12, 9, 4, 30, tzinfo=UTC)
    stamp = SimpleNamespace(failed={"kept_months": ("2023-12",)}, written_at=trained)
    survey = _stored("points_model", {month: stamp})
    for days, told in ((0, 1), (6, 1), (8, 0)):
        found = list(_checks(survey, trained + timedelta(days=days)))
        assert [alert.kind for alert in found] == ["gate failed"] * told


def test_a_failure_of_today_is_the_worst_where_tonights_predictions_need_it() -> None:
    """However far upstream; of yesterday, and of a table that they are not made from, it is not."""
    worst = {"nbac_schedule", "player_daily_cache", PREDICTIONS}
    others = {"prediction_accuracy", "predictions_made"}
    for day, told in ((TODAY, worst), (FIRST_DAY, set())):
        survey = SimpleNamespace(
            tables=TABLES,
            failed=lambda name, day=day: {day: "a schema"} if name in worst | others else {},
            warehouse=SimpleNamespace(failures=SimpleNamespace(marks=list)),
        )
        found = {a.what.split()[0]: a.severity for a in _failing(survey, TODAY)}
        assert found == dict.fromkeys(worst | others, P1) | dict.fromkeys(told, P0)


def test_a_check_that_fails_on_is_one_alert_as_its_week_moves() -> None:
    """Of three dates the first leaves the week at midnight; a fourth that fails is news."""
    days = [date(2024, 1, day) for day in (3, 4, 5)]
    written = datetime(2023, 10, 1, tzinfo=UTC)
    stamp = SimpleNamespace(failed={"expected_keys": ("a",)}, written_at=written)
    stamps = dict.fromkeys(days, stamp)

    def keys(day: int) -> list[str]:
        now = datetime(2024, 1, day, 12, tzinfo=clock.EASTERN)
        return [alert.key for alert in _checks(_stored("nbac_player_boxscore", stamps), now)]

    (key,) = keys(10)
    assert keys(11) == keys(12) == [key]
    stamps[date(2024, 1, 6)] = stamp
    assert keys(12) != [key]


def _due(
    late: dict[str, dict[date, str]], today: date, bypass: str | None = None
) -> SimpleNamespace:
    """A survey on which all tables are stored from the season's first day on, but for what is late."""
    stamp = SimpleNamespace(bypass=bypass)
    days = [date(2023, 10, 24) + timedelta(days=n) for n in range((today - FIRST_DAY).days + 1)]
    missing = {n: {d for d, why in of.items() if why == "missing"} for n, of in late.items()}
    return SimpleNamespace(
        tables=TABLES,
        stamps=lambda n: {d: stamp for d in days if d not in missing.get(n, ())},
        outdated=lambda n: {d: why for d, why in late.get(n, {}).items() if why != "missing"},
    )


def test_what_is_overdue_is_told_by_the_first_table_that_is_late() -> None:
    """Also of the days before yesterday, and of tables of every phase."""
    today = FIRST_DAY + timedelta(days=9)
    yesterday, before = today - timedelta(days=1), today - timedelta(days=3)
    cache = "player_daily_cache"
    late = {cache: {before: "missing", yesterday: "inputs changed"}}
    late["ml_feature_store_v2"] = {yesterday: "missing"}
    noon = datetime(today.year, today.month, today.day, 12, tzinfo=clock.EASTERN)
    found = _late(_due(late, today), noon)
    assert found == {
        cache: {before: "is not there", yesterday: "inputs changed"},
        "ml_feature_store_v2": {yesterday: "is not there"},
    }
    early = _late(_due(late, today), noon - timedelta(minutes=1))
    assert early == {cache: {before: "is not there"}}


def test_predictions_that_are_there_are_overdue_only_where_nothing_can_be_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change that the next look carries is no alarm; one that is barred is, with what bars it.

    But for what was made without a correction on purpose.
    """
    today = FIRST_DAY + timedelta(days=9)
    five = datetime(today.year, today.month, today.day, 17, tzinfo=clock.EASTERN)
    without = "; ".join(map(str, WITHOUT_CORRECTIONS))
    blocked = {"usage is blocked": 1}
    monkeypatch.setattr(alerts_of_tables, "before_games", lambda *_: None)
    for works, barred, bypass, told in (
        *(((1,), {}, None, 0), ((), {}, None, 0)),
        *(((), blocked, None, 1), ((), blocked, without, 0)),
    ):
        survey = _due({PREDICTIONS: {today: "inputs changed"}}, today, bypass)
        found = Found(works, barred)
        monkeypatch.setattr(alerts_of_tables, "work_of", lambda *_, found=found: found)
        alarms = list(_overdue(survey, five, {}))
        assert [a.severity for a in alarms] == [P0] * told
        assert all("usage is blocked" in a.what for a in alarms)
