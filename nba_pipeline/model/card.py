"""A month's model on a page: what serves, what it was made of, how it did on rows it had not seen."""

import json
from collections.abc import Mapping
from typing import Any

from nba_pipeline.model import plots
from nba_pipeline.thresholds import TRAINING_CLEAN_ROWS

_BAR = 40
_SHOWN = 15
_WISHED_ROWS = 70_000
_PROMISED = (
    "Its predecessor was to reach an MAE below 4.27, and 3.8 to 4.1 after a repair of usage_rate. "
    "Neither can be honest: 4.27 was graded on averages that held the game itself, and the same "
    "rules on clean averages come to 4.80; usage_rate moves an error by a few hundredths. A figure "
    "much better than the ones above is a leak until proven otherwise."
)


def card(model: Mapping[str, Any]) -> str:
    """The page as Markdown.

    Args:
        model: a row of points_model.
    """
    parts = [f"## Points model of {model['month']:%Y-%m}: {model['status']}", _serves(model)]
    parts += [f"- refused: {text}" for text in json.loads(model["refused_because"] or "[]")]
    parts += ["", _made_of(model)]
    if model["judge_rows"]:
        parts += ["", "### On rows that it had not seen", _judged(model), "", _PROMISED]
    if model["importance"]:
        parts += ["", "### What moves its predictions", *_bars(json.loads(model["importance"]))]
    if model["partial_effects"]:
        parts += ["", *_effects(json.loads(model["partial_effects"]))]
    return "\n".join(parts)


def _serves(model: Mapping[str, Any]) -> str:
    if model["booster"] is None:
        return "No trained model serves the month."
    if model["status"] == "kept":
        return (
            f"`{model['model_version']}` serves, the model of {model['model_month']:%Y-%m}. Below is "
            "told of the month itself, whose own model was refused."
        )
    return (
        f"`{model['model_version']}` serves: a linear regression and {model['rounds']} trees for the "
        "median of a player's points, of those of the universe who play; not for whether he plays. "
        "Points beyond 60, and games whose news came after the evening before, it cannot know."
    )


def _made_of(model: Mapping[str, Any]) -> str:
    rows, games = model["training_rows"], model["training_games"]
    made_of = (
        f"Trained on {rows:,} player-games of {games:,} games, {model['trained_from']} to "
        f"{model['trained_to']}; {model['rows_with_gaps']:,} of them are touched by a gap, and "
        f"{model['clean_rows']:,} are clean: {_against(model['clean_rows'])}. "
        f"Fingerprint of the rows: `{model['data_fingerprint']}`."
    )
    lines = [made_of]
    known = json.loads(model["feature_coverage"] or "{}")
    if thin := {name: share for name, share in known.items() if share < 1}:
        least = sorted(thin.items(), key=lambda item: item[1])[:_SHOWN]
        texts = ", ".join(f"{name} {share:.1%}" for name, share in least)
        lines.append(f"Of {len(known)} features these are known least often: {texts}.")
    lines += _lacking(json.loads(model["lacking"] or "{}"))
    if model["slices"]:
        lines += ["", "| slice | from | to | rows |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {part['first']} | {part['last']} | {part['rows']:,} |"
            for name, part in json.loads(model["slices"]).items()
        ]
    return "\n".join(lines)


def _against(clean: int) -> str:
    """How many clean rows are there against those wanted, and those that the predecessor wished for."""
    least, wished = TRAINING_CLEAN_ROWS.value, _WISHED_ROWS
    return (
        f"{clean / least:.0%} of the {least:,.0f} that are wanted of a whole window, and "
        f"{clean / wished:.0%} of the {wished:,} that its predecessor was to have"
    )


def _lacking(seasons: Mapping[str, Mapping[str, Mapping[str, float]]]) -> list[str]:
    """A line per season and cause for features that lack a value; those that lack alike together."""
    alike: dict[tuple[str, str, float], list[str]] = {}
    for season, features in seasons.items():
        for name, causes in features.items():
            for cause, share in causes.items():
                alike.setdefault((season, cause, share), []).append(name)
    if not alike:
        return []
    most = sorted(alike.items(), key=lambda item: (-item[0][2], item[0]))[:_SHOWN]
    lines = ["", "| season | unknown | cause | features |", "|---|---|---|---|"]
    return lines + [
        f"| {season} | {share:.1%} | {cause} | {', '.join(names)} |"
        for (season, cause, share), names in most
    ]


def _effects(effects: Mapping[str, plots.Points]) -> list[str]:
    """The mean prediction over the values of the features that matter most."""
    return [
        "### What it predicts where a feature alone is moved",
        "Mean points of the judge slice, all rows with the value below; the others as they are.",
        "",
        plots.lines(effects),
    ]


def _judged(model: Mapping[str, Any]) -> str:
    beside = {
        "MAE where the averages are known": "judge_mae_history",
        "the last-10 mean there": "judge_mae_last_10",
        "the season mean there": "judge_mae_season",
        "the weighted mean of 30 games there": "judge_mae_carried",
    }
    # Of a season's first night no average is known.
    told = {what: model[name] for what, name in beside.items() if model[name] is not None}
    return "\n".join(
        [
            "| | points |",
            "|---|---|",
            f"| MAE, {model['judge_rows']:,} rows | {model['judge_mae']:.3f} |",
            f"| RMSE | {model['judge_rmse']:.3f} |",
            f"| bias | {model['judge_bias']:+.3f} |",
            *(f"| {what} | {points:.3f} |" for what, points in told.items()),
            "",
            f"{model['judge_band']:.1%} were inside p10 to p90, which is to hold 80%.",
        ]
    )


def _bars(shares: Mapping[str, float]) -> list[str]:
    """A bar per feature, the longest for the one that moves the predictions most."""
    shown = list(shares.items())[:_SHOWN]
    longest = max((share for _name, share in shown), default=0) or 1
    bars = [
        f"{name:<34} {share:6.1%} {'█' * round(_BAR * share / longest)}" for name, share in shown
    ]
    return ["```", *bars, "```"]
