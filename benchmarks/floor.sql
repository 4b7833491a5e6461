-- The tables of the graph in plain SQL, as one would write them once for complete data: no gaps, no
-- checks, no stamps. Reads the tables games, team_log and player_log.

CREATE TABLE sides AS
SELECT game_id, game_date, season, season_type, home AS team, away AS opponent, true AS is_home FROM games
UNION ALL
SELECT game_id, game_date, season, season_type, away, home, false FROM games;

CREATE TABLE team_offense_game_summary AS
SELECT t.*, o.team AS opponent, t.pts - o.pts AS margin, greatest(0, round((t.min - 240) / 25)) AS overtimes,
  (t.fga + 0.44 * t.fta + t.tov - t.oreb + o.fga + 0.44 * o.fta + o.tov - o.oreb) / 2 AS possessions,
  possessions * 48 / (48 + 5 * overtimes) AS pace, 100 * t.pts / possessions AS offensive_rating
FROM team_log t JOIN team_log o ON o.game_id = t.game_id AND o.team <> t.team;

CREATE TABLE player_game_summary AS
SELECT p.*, s.season, s.opponent, 2 * (p.fga + 0.44 * p.fta) AS shots,
  CASE WHEN p.min >= 1 THEN 100 * (p.fga + 0.44 * p.fta + p.tov) * ((240 + 25 * t.overtimes) / 5)
    / (p.min * (t.fga + 0.44 * t.fta + t.tov)) END AS usage_rate,
  coalesce(p.game_date - lag(p.game_date) OVER (PARTITION BY p.player_id, s.season ORDER BY p.game_date) = 1, false)::INT AS b2b
FROM player_log p
JOIN sides s ON s.game_id = p.game_id AND s.team = p.team
JOIN team_offense_game_summary t ON t.game_id = p.game_id AND t.team = p.team
WHERE p.min > 0;

CREATE TABLE numbered AS
SELECT *, row_number() OVER (PARTITION BY team, season ORDER BY game_date) AS n,
  game_date - lag(game_date) OVER (PARTITION BY team, season ORDER BY game_date) AS days_rest
FROM sides;

CREATE TABLE universe AS
WITH latest AS (
  SELECT p.player_id, p.team, p.season, p.game_date AS since, n.n,
    lead(p.game_date) OVER (PARTITION BY p.player_id ORDER BY p.game_date) AS until
  FROM player_game_summary p JOIN numbered n ON n.game_id = p.game_id AND n.team = p.team)
SELECT s.*, l.player_id, o.days_rest AS opponent_days_rest
FROM numbered s
JOIN numbered o ON o.game_id = s.game_id AND o.team = s.opponent
JOIN latest l ON l.team = s.team AND l.since < s.game_date AND (l.until IS NULL OR s.game_date <= l.until)
WHERE (l.season = s.season AND s.n - 1 - l.n < 10)
  OR (l.season = (s.season[:4]::INT - 1) || '-' || right(s.season[:4], 2) AND s.n <= 10);

CREATE TABLE player_states AS
SELECT player_id, season, game_date,
  avg(pts) OVER five AS points_avg_last_5, avg(pts) OVER ten AS points_avg_last_10,
  avg(pts) OVER whole AS points_avg_season, stddev_samp(pts) OVER ten AS points_std_last_10,
  avg(min) OVER five AS minutes_avg_last_5, avg(min) OVER ten AS minutes_avg_last_10,
  avg(min) OVER whole AS minutes_avg_season, avg(usage_rate) OVER ten AS usage_rate_last_10,
  avg(usage_rate) OVER whole AS usage_rate_season,
  sum(pts) OVER ten / nullif(sum(shots) OVER ten, 0) AS ts_pct_last_10,
  sum(ftm) OVER ten / nullif(sum(pts) OVER ten, 0) AS pct_free_throw,
  count(*) OVER whole AS games_played_season
FROM player_game_summary
WINDOW whole AS (PARTITION BY player_id, season ORDER BY game_date),
  five AS (PARTITION BY player_id, season ORDER BY game_date ROWS 4 PRECEDING),
  ten AS (PARTITION BY player_id, season ORDER BY game_date ROWS 9 PRECEDING);

CREATE TABLE team_states AS
SELECT team, season, game_date, avg(pace) OVER team_ten AS team_pace_last_10,
  avg(offensive_rating) OVER team_ten AS team_off_rating_last_10,
  avg((margin > 0)::INT) OVER team_season AS team_win_pct_season,
  100 * sum(pts - margin) OVER fifteen / sum(possessions) OVER fifteen AS opponent_def_rating,
  avg(pace) OVER fifteen AS opponent_pace
FROM (FROM team_offense_game_summary JOIN sides USING (game_id, team, game_date))
WINDOW team_season AS (PARTITION BY team, season ORDER BY game_date),
  team_ten AS (PARTITION BY team, season ORDER BY game_date ROWS 9 PRECEDING),
  fifteen AS (PARTITION BY team, season ORDER BY game_date ROWS 14 PRECEDING);

CREATE TABLE recent AS
SELECT u.player_id, u.game_date, count(*) FILTER (p.game_date >= u.game_date - 7) AS games_in_last_7_days,
  count(*) AS games_in_last_14_days, sum(p.min) FILTER (p.game_date >= u.game_date - 7) AS minutes_in_last_7_days,
  sum(p.b2b) AS back_to_backs_last_14_days
FROM universe u JOIN player_game_summary p ON p.player_id = u.player_id AND p.season = u.season
  AND p.game_date BETWEEN u.game_date - 14 AND u.game_date - 1
GROUP BY ALL;

CREATE TABLE previous AS
SELECT player_id, (season[:4]::INT + 1) || '-' || lpad(((season[:4]::INT + 2) % 100)::VARCHAR, 2, '0') AS season,
  avg(pts) AS points_avg_previous_season, avg(min) AS minutes_avg_previous_season
FROM player_game_summary GROUP BY ALL;

CREATE TABLE ml_feature_store_v2 AS
SELECT u.game_id, u.game_date, u.player_id, u.team, u.opponent, u.season,
  s.* EXCLUDE (player_id, season, game_date, games_played_season),
  coalesce(s.games_played_season, 0) AS games_played_season,
  points_avg_last_5 - points_avg_last_10 AS recent_trend,
  minutes_avg_last_10 / nullif(minutes_avg_season, 0) - 1 AS minutes_change,
  p.* EXCLUDE (player_id, season),
  coalesce(r.games_in_last_7_days, 0) AS games_in_last_7_days,
  coalesce(r.games_in_last_14_days, 0) AS games_in_last_14_days,
  coalesce(r.minutes_in_last_7_days, 0) AS minutes_in_last_7_days,
  coalesce(r.back_to_backs_last_14_days, 0) AS back_to_backs_last_14_days,
  u.game_date - s.game_date AS days_rest, u.days_rest AS team_days_rest,
  u.days_rest - u.opponent_days_rest AS rest_advantage, u.game_date - s.game_date = 1 AS is_back_to_back,
  u.is_home, u.season_type = '4' AS is_playoff_game,
  t.team_pace_last_10, t.team_off_rating_last_10, t.team_win_pct_season,
  o.opponent_def_rating, o.opponent_pace
FROM universe u
ASOF LEFT JOIN player_states s ON s.player_id = u.player_id AND s.season = u.season AND u.game_date > s.game_date
ASOF LEFT JOIN team_states t ON t.team = u.team AND t.season = u.season AND u.game_date > t.game_date
ASOF LEFT JOIN team_states o ON o.team = u.opponent AND o.season = u.season AND u.game_date > o.game_date
LEFT JOIN recent r ON r.player_id = u.player_id AND r.game_date = u.game_date
LEFT JOIN previous p ON p.player_id = u.player_id AND p.season = u.season;
