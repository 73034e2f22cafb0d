"""Making things for people to read: the report page, its charts, flow map and story."""

from wholeflow.publish.bars import hours_figure, waits_figure
from wholeflow.publish.drawings import draw_map, draw_over_time, draw_section
from wholeflow.publish.figure import Figure, Rows
from wholeflow.publish.flow_map import flow_map
from wholeflow.publish.journey_lanes import draw_journeys
from wholeflow.publish.over_time_charts import xmr_figure
from wholeflow.publish.report import Report, reported, write
from wholeflow.publish.story import Story, stories

__all__ = [
    "Figure",
    "Report",
    "Rows",
    "Story",
    "draw_journeys",
    "draw_map",
    "draw_over_time",
    "draw_section",
    "flow_map",
    "hours_figure",
    "reported",
    "stories",
    "waits_figure",
    "write",
    "xmr_figure",
]
