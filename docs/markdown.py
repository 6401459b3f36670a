"""Each page as Markdown beside its HTML; `llms.txt`, which lists them (llmstxt.org); `llms-full.txt`, which is all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.writers.text import TextTranslator

LLMS, FULL = "llms.txt", "llms-full.txt"
_FROM_DOCSTRINGS = "```{eval-rst}"
_INCLUDE = re.compile(r"^```\{include\} (\S+)\n```$", re.MULTILINE)
_TAB = re.compile(r"^:::\{tab-item\} (.*)\n(?=:sync)", re.MULTILINE)
_HEADING = re.compile(r"^(.+)\n\*{3,}$", re.MULTILINE)
_ONLY_SPHINX = re.compile(r"^(```\{toctree\}\n[\s\S]*?^```|:{3,}.*|:sync.*|!\[.*(?:\n\n\*[^*].*\*)?)\n+", re.MULTILINE)


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write them once the HTML is there."""
    if exception is not None or app.builder.name != "html":
        return
    pages = {name: _markdown(app, name) for name in _in_order(app, app.config.root_doc)}
    for name, text in pages.items():
        (Path(app.outdir) / f"{name}.md").write_text(text, encoding="utf-8")
    (Path(app.outdir) / FULL).write_text("\n".join(pages.values()), encoding="utf-8")
    (Path(app.outdir) / LLMS).write_text(_list(app, list(pages)), encoding="utf-8")


def link(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Let the head of a page say where its Markdown is."""
    if doctree is not None:
        address = f"{context['content_root']}{name}.md"
        context["metatags"] += f'<link rel="alternate" type="text/markdown" href="{address}">'


def _in_order(app: Sphinx, name: str) -> Iterator[str]:
    """A page and those below it, as the navigation lists them."""
    yield name
    for each in app.env.toctree_includes.get(name, ()):
        yield from _in_order(app, each)


def _list(app: Sphinx, names: list[str]) -> str:
    """The list of pages: those at the top, then those of each folder."""
    titles = {name: app.env.titles[name].astext() for name in names}
    root = app.config.root_doc
    lines = [f"# {titles[root]}", "", f"> {_first_sentence(app)}", ""]
    folders = list(dict.fromkeys(map(_folder, names)))
    for folder, inside in itertools.groupby(sorted(names, key=lambda name: folders.index(_folder(name))), _folder):
        lines += [f"## {titles.get(f'{folder}/index', 'Overview')}", ""]
        lines += [*(f"- [{titles[name]}]({name}.md)" for name in inside), ""]
    return "\n".join(lines)


def _folder(name: str) -> str:
    return name.partition("/")[0] if "/" in name else ""


def _first_sentence(app: Sphinx) -> str:
    """The first paragraph of the first page, in one line."""
    paragraph = next(app.env.get_doctree(app.config.root_doc).findall(nodes.paragraph))
    return " ".join(paragraph.astext().split())


def _markdown(app: Sphinx, name: str) -> str:
    """A page as plain Markdown: its source without what only Sphinx understands; what docstrings say, as text."""
    source = Path(app.env.doc2path(name))
    text = source.read_text(encoding="utf-8")
    if _FROM_DOCSTRINGS in text:
        return _as_text(app, name)
    text = _INCLUDE.sub(lambda found: (source.parent / found[1]).read_text(encoding="utf-8"), text)
    return _ONLY_SPHINX.sub("", _TAB.sub(r"**\1**\n\n", text))


def _as_text(app: Sphinx, name: str) -> str:
    builder = TextBuilder(app, app.env)
    builder.init()
    doctree = app.env.get_and_resolve_doctree(name, builder)
    translator = TextTranslator(doctree, builder)
    doctree.walkabout(translator)
    return _HEADING.sub(r"# \1", translator.body)
