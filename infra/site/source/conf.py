"""Sphinx's settings for the site."""

project = html_title = "fastapi-todo-convoy"
extensions = ["myst_parser"]
html_theme = "furo"
html_extra_path = ["_extra"]
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses to files
html_static_path = ["_static"]
html_css_files = ["site.css"]
smartquotes = False  # `--watch` is no dash
myst_heading_anchors = 4
# A sample with "…" is no valid JSON. The tables of a benchmark have their headings from the code.
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
