"""Ground floor: errors, time and registry. Nothing here knows about health care."""
