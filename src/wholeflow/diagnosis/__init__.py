"""What happened, explained: the map, the ways that journeys went, and what was meant."""

from wholeflow.diagnosis.conformance import Conformance, conform
from wholeflow.diagnosis.kept import Filters
from wholeflow.diagnosis.log_file import LogFile, log_file
from wholeflow.diagnosis.pathway import Pathway, Step, read_pathway
from wholeflow.diagnosis.process_map import ProcessMap, process_map
from wholeflow.diagnosis.variants import Variants, variants

__all__ = [
    "Conformance",
    "Filters",
    "LogFile",
    "Pathway",
    "ProcessMap",
    "Step",
    "Variants",
    "conform",
    "log_file",
    "process_map",
    "read_pathway",
    "variants",
]
