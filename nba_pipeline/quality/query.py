"""Read-only SQL over the tables, in a database that can reach nothing else."""

import duckdb
import pandas as pd

from nba_pipeline.warehouse.delta import DeltaWarehouse

_ONE_SELECT = "one SELECT statement is expected"


class QueryRefused(ValueError):
    """A query that is wrong, or asks for more than reading the tables."""


def run_query(warehouse: DeltaWarehouse, query: str) -> pd.DataFrame:
    """The query's rows.

    Only the tables that the query names are loaded; then the database is shut off from files, the
    network and its own settings.

    Raises:
        QueryRefused: no single SELECT, a syntax error, or a reach for anything but the tables.
    """
    connection = duckdb.connect()
    try:
        statements = connection.extract_statements(query)
        if [s.type for s in statements] != [duckdb.StatementType.SELECT]:
            raise QueryRefused(_ONE_SELECT)
        named = {name.lower() for name in connection.get_table_names(query)}
        for name in warehouse.names():
            if name in named:
                connection.register("_rows", warehouse.table(name).to_pyarrow())
                connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _rows')
                connection.unregister("_rows")
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection.execute(query).df()
    except duckdb.Error as error:
        raise QueryRefused(str(error)) from error
    finally:
        connection.close()
