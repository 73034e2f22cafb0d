"""Numbers about what happened: each measure is declared as data and worked out by its family."""

from wholeflow.measures.definition import Definition, definitions, read_definition
from wholeflow.measures.measuring import measure
from wholeflow.measures.result import Result

__all__ = ["Definition", "Result", "definitions", "measure", "read_definition"]
