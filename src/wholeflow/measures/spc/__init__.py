"""Statistical process control: which changes in a measure are more than chance.

>>> from wholeflow.measures.spc import xmr
>>> chart = xmr([30, 32, 29, 31, 30, 33, 31, 29, 32, 30, 31, 30, 45])
>>> chart.points[-1].signal, chart.points[-1].side
('outside limits', 'high')
"""

from wholeflow.measures.spc.xmr import PRESET, Point, Preset, XmR, presets, rules_in_words, xmr

__all__ = ["PRESET", "Point", "Preset", "XmR", "presets", "rules_in_words", "xmr"]
