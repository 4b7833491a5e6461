"""Read-only SQL over BigQuery's tables: a SELECT in which each name stands for a table's version."""

from collections.abc import Callable, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from nba_pipeline.warehouse.protocol import QueryRefused

_ONE_SELECT = "one SELECT statement is expected"


def over_tables(query: str, names: Sequence[str], place: Callable[[str], str]) -> str:
    """The query with the rows of its tables in the place of their names.

    Args:
        query: one SELECT in BigQuery's SQL.
        names: the tables that it may name.
        place: the query of a table's rows.

    Raises:
        QueryRefused: no single SELECT, a syntax error, or another place than a table's name alone.
    """
    try:
        statements = sqlglot.parse(query, read="bigquery")
    except SqlglotError as error:
        raise QueryRefused(str(error)) from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise QueryRefused(_ONE_SELECT)
    tree = statements[0]
    common = {entry.alias.lower() for entry in tree.find_all(exp.CTE)}
    by_lower_name = {name.lower(): name for name in names}
    for table in list(tree.find_all(exp.Table)):
        said = table.sql("bigquery")
        is_bare = isinstance(table.this, exp.Identifier) and not table.db
        name = table.name.lower()
        if is_bare and name in common:
            continue
        if not is_bare or name not in by_lower_name:
            raise QueryRefused(f"no table {said}; there are {', '.join(names)}")
        rows = sqlglot.parse_one(place(by_lower_name[name]), read="bigquery")
        table.replace(exp.Subquery(this=rows, alias=exp.TableAlias(this=table.alias_or_name)))
    return tree.sql("bigquery")
