"""CSV files of tests: lines under one header."""

from collections.abc import Mapping, Sequence

from nba_pipeline.kernel.formats import CsvLines


def csv_of(lines: Sequence[Mapping[str, object]]) -> CsvLines:
    """The lines as they are read of a file, under the columns of the first."""
    header = list(lines[0]) if lines else []
    texts = [
        ["" if line.get(name) is None else str(line[name]) for name in header] for line in lines
    ]
    return CsvLines(header, texts)
