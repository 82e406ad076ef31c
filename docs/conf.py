"""How `make docs` builds the site.

The source folder is the root of the repository, so that a relative link from one page to another, to a notebook or to
CONTRIBUTING.md is the same here as where one reads the Markdown.
"""

import hashlib
import os
import sys
from pathlib import Path

from stasis_sim import __version__

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "site"))


def cache() -> Path:
    """Return where executed notebooks are kept: a folder for the state of all that their pictures depend on."""
    state = hashlib.sha256()
    for folder, ending in (("stasis_sim", "*"), ("scenarios", "*"), ("tests/recordings", "*.json")):
        for path in sorted((ROOT / folder).rglob(ending)):
            if path.is_file() and path.suffix != ".pyc":
                state.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "stasis-sim" / f"notebooks-{state.hexdigest()[:16]}"


project = "stasis-sim"
version = release = __version__
root_doc = "docs/index"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "pictures", "shelves", "sources"]
include_patterns = [
    "docs/*.md",
    "notebooks/*.ipynb",
    "notebooks/README.md",
    "scenarios/README.md",
    "results/README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
]
exclude_patterns = [".*", "build", "results/*/**"]

# Text stays as it is written, but for the dashes of Sphinx itself.
smartquotes_action = "D"
myst_heading_anchors = 4
# In scenario.md the headings of distributions are as small as those of other values of a key.
suppress_warnings = ["myst.header"]

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "separated"
napoleon_numpy_docstring = False

nb_execution_mode = "cache"
nb_execution_cache_path = str(cache())
nb_execution_timeout = 300
nb_execution_raise_on_error = True
# No notebook has widgets; their scripts would come from the network.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}

html_theme = "furo"
html_title = "stasis-sim"
pygments_dark_style = "monokai"
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_extra_path = ["site/front"]
html_copy_source = False
html_show_copyright = False
html_theme_options = {"footer_icons": []}
