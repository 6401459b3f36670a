"""Settings of Sphinx, which builds the site: `nox -s docs`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from bfl_client.version import __version__  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

from docs import markdown, pages  # noqa: E402

project = "bfl-client"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_design"]
exclude_patterns = ["**.jinja", "endpoints/inputs"]
nitpicky = True
# Types in signatures that are not public names of ours are shown as they are; other documentation is on other hosts.
nitpick_ignore_regex = [("py:class", r"(?!bfl_(client|batch|emulator)\.[A-Z]\w*$).*")]

html_theme = "furo"
html_title = f"bfl-client {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False  # each page is there as Markdown
html_show_copyright = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

default_role = "code"
add_module_names = False
autodoc_member_order = "bysource"
autodoc_type_aliases = {"EndpointName": "EndpointName", "Source": "Source"}
python_maximum_signature_line_length = 80
napoleon_use_ivar = True
napoleon_use_rtype = False


def _as_sphinx_reads_it(app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]) -> None:
    """Mark code, which docstrings indent or fence as Markdown does, and keep a colon from marking a property's type."""
    fenced, written, text = False, list[str](), ""
    for line in lines:
        if line == "```":
            fenced, line = not fenced, ""
        elif fenced:
            line = f"    {line}"
        begins = line.startswith("    ") and written[-1:] == [""] and not text.startswith(" ")
        written += ["::", "", line] if begins and not text.endswith("::") else [line]
        text = line or text
    lines[:] = ["\\ "] * (what in ("attribute", "data", "property")) + written


def _with_short_types(
    app: Sphinx, what: str, name: str, found: object, options: object, signature: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Name the types of `autodoc_type_aliases` as they are named in the source."""
    return signature and re.sub(r"TypeAliasForwardRef\('(\w+)'\)", r"\1", signature), returned


def _is_plain(app: Sphinx, what: str, name: str, found: object, skip: bool, options: object) -> bool | None:
    """Leave out the fields of named tuples, which the docstring of the class explains."""
    return True if (getattr(found, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app: Sphinx) -> None:
    """Make the pages that are not written by hand before Sphinx reads the folder."""
    app.connect("autodoc-process-docstring", _as_sphinx_reads_it, priority=499)
    app.connect("autodoc-process-signature", _with_short_types)
    app.connect("autodoc-skip-member", _is_plain)
    app.connect("builder-inited", lambda _: pages.write(HERE))
    app.connect("html-page-context", markdown.link)
    app.connect("build-finished", markdown.write)
