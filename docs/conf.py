"""The manual: Sphinx with MyST and Furo. Nothing here needs a network."""

import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

_project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))[
    "project"
]

project = _project["name"]
version = release = _project["version"]
author = _project["authors"][0]["name"]
project_copyright = author
language = "en_GB"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"{project} {release}"
html_show_sphinx = False


def setup(app):
    from reference_pages import write_pages

    app.connect("builder-inited", lambda _: write_pages())
