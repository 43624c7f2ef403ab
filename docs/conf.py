"""How Sphinx builds the documentation: `make docs`.

The source folder is the root of the repository, so that links between pages, examples and benchmarks are the same here
and where the repository is read as it is.
"""

import warnings

from modulus_relobralo.version import __version__

warnings.filterwarnings("ignore")  # of the host and its packages, when the API pages import them

project = "modulus-relobralo"
author = "The modulus-relobralo authors"
copyright = author
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax", "sphinx_copybutton"]
root_doc = "docs/index"
include_patterns = [
    "CHANGELOG.md",
    "benchmarks/README.md",
    "benchmarks/peers/README.md",
    "docs/**.md",
    "examples/*/README.md",
    "examples/*/*.ipynb",
    "tools/README.md",
]
exclude_patterns = [".*", "docs/_build", "outputs", "multirun", "build", "dist", "tests"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
# anchors of headings, as the hosts of repositories make them
myst_heading_anchors = 3
# every page is listed once by name, and once more by the pattern of its folder
suppress_warnings = ["toc.duplicate_entry"]
# the committed outputs are those of the long trainings
nb_execution_mode = "off"

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
# of the environment's hosts it is the one that is not there: its room in `hosts` is read without it
autodoc_mock_imports = ["physicsnemo"]
napoleon_google_docstring = False
napoleon_use_rtype = False

html_theme = "furo"
# furo's own underlines what is imported, as if it were links
pygments_dark_style = "monokai"
html_title = f"modulus-relobralo {__version__}"
html_static_path = ["_static"]
html_css_files = ["wide.css"]
# a page at the root that leads to docs/index.html
html_extra_path = ["_extra"]
copybutton_exclude = ".linenos, .gp, .go"
