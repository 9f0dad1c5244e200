"""Which files of the repository Sphinx makes pages of, and how."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # pages.py and results.py lie beside this file

import results

from tutorial_helpers.project import publish

project = html_title = "Audio as data"
author = "the audio-as-data-tutorial developers"
extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb", "pages"]
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "benchmarks/RESULTS.md",
    "data/README.md",
    "notebooks/[0-9]*.ipynb",
    "notebooks/solutions/[0-9]*.ipynb",
    "site/*.md",
]
# Sphinx looks into every other folder; and the navigation is put behind the README (pages.py)
exclude_patterns = [".*", "runs", "site/navigation.md"]

add_module_names = False  # the headings say them
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True  # SHOW, not where it lies on the machine that makes the site
autodoc_typehints = "none"  # types stand in the docstrings' sections, with shapes and units
default_role = "code"  # what a docstring has between single backticks
napoleon_google_docstring = False

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # nothing from another host: a committed notebook holds each widget's figure as it starts
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 4
myst_update_mathjax = False
myst_substitutions = results.substitutions()
html_math_renderer = "mathml"

templates_path = []
html_theme = "sphinx_book_theme"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_logo = html_favicon = "static/wave.svg"
html_use_index = html_domain_indices = False
html_copy_source = True  # the theme's download button hands these out
html_context = {"default_mode": "auto"}  # light or dark as the reader's machine is, until the switch is used
html_theme_options = {
    "logo": {"text": project, "alt_text": "Bars of a sound level"},
    "navbar_persistent": [],  # the sidebar has a search field already
    "show_toc_level": 2,
    "use_fullscreen_button": False,
    "search_bar_text": "Search",
    "extra_footer": "Text and figures: CC BY 4.0. Code: MIT. The show: CC0 1.0.",
}
if publish.repository():
    html_theme_options |= {
        "repository_url": publish.repository(),
        "repository_branch": "main",
        "use_repository_button": True,
        "launch_buttons": {
            "binderhub_url": "https://mybinder.org",
            "colab_url": "https://colab.research.google.com",
            "notebook_interface": "jupyterlab",
        },
    }
