"""bqemulator as a program of its own environment, which has nothing of the project in it.

Its parser copies a query once for each level of nesting, to find lists that are joined without
UNNEST: four seconds for a query of 300 kB, which it parses many times. No query here has any.
"""

import sys

from bqemulator.cli import main
from sqlglot import parser

parser.Parser._implicit_unnests_to_explicit = lambda _parser, query: query
sys.exit(main())
