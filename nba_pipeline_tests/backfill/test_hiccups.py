"""What a run notes of itself once its rows stand is noted, though the database does not answer at once."""

from datetime import date

import pytest
import sqlalchemy as sa

from nba_pipeline.backfill.progress import Progress
from nba_pipeline.coordination.database import connect
from nba_pipeline.coordination.failures import Failures

TABLE, DAY = "player_daily_cache", date(2024, 1, 15)


@pytest.fixture
def engine(coordination) -> sa.Engine:
    """A coordination database with a run that has announced itself, and a failure of before."""
    found = connect(coordination)
    Progress(found).queue("backfill", "run", {TABLE: 1})
    Failures(found).mark(TABLE, {DAY: "before"}, "earlier")
    return found


@pytest.fixture
def hiccups(engine) -> list[str]:
    """Every first commit from here on is lost, with what it would have stored."""
    lost: list[str] = []

    def lose(_connection: sa.Connection) -> None:
        if not lost:
            lost.append("commit")
            raise sa.exc.OperationalError("COMMIT", None, Exception("the server is gone"))

    sa.event.listen(engine, "commit", lose)
    return lost


def test_a_finished_table_is_finished(engine, hiccups) -> None:
    """Its step is done, after the one commit that was lost."""
    Progress(engine).finish("run", TABLE, 1.5, "1 written")
    (step,) = Progress(engine).steps("backfill")
    assert hiccups == ["commit"]
    assert (step.state, step.seconds, step.detail) == ("done", 1.5, "1 written")


def test_a_mark_takes_the_place_of_the_one_before_it_once(engine, hiccups) -> None:
    """The date has one mark, the new one's."""
    Failures(engine).mark(TABLE, {DAY: "now"}, "run")
    assert hiccups == ["commit"]
    assert Failures(engine).of(TABLE) == {DAY: "now (run run)"}


def test_a_date_that_has_succeeded_is_marked_no_more(engine, hiccups) -> None:
    """Its mark of before is gone."""
    Failures(engine).clear(TABLE, [DAY])
    assert hiccups == ["commit"]
    assert Failures(engine).of(TABLE) == {}
