"""What Sphinx and MyST-NB do not do by themselves with the files of the repository."""

from __future__ import annotations

import json
import re

from docutils import nodes
from latex2mathml.converter import convert
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx


def adapt_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the navigation behind the README, and make a notebook a page."""
    if docname == app.config.root_doc:
        source[0] += (app.confdir / "navigation.md").read_text(encoding="utf-8")
    elif docname.startswith("notebooks/"):
        source[0] = notebook_for_page(source[0], is_solution="/solutions/" in docname)


def notebook_for_page(text: str, *, is_solution: bool) -> str:
    """A notebook (JSON) without the cell that only Colab needs, and, for a solution, named so and not searched.

    A search should find the lesson's own page.
    """
    notebook = json.loads(text)
    notebook["cells"] = [cell for cell in notebook["cells"] if "colab" not in cell["metadata"].get("tags", [])]
    if is_solution:
        opening = notebook["cells"][0]
        heading = "".join(opening["source"])
        opening["source"] = re.sub(r"^# (.+)$", r"# \1 (solutions)", heading, count=1, flags=re.MULTILINE)
        notebook["metadata"]["no-search"] = True
    return json.dumps(notebook)


def link_docstring(app: Sphinx, what: str, name: str, thing, options, lines: list[str]) -> None:
    """Make links of what a docstring names: DOIs, and lessons in its sentence "Lesson: 03_features."."""
    text = re.sub(r"(?<![/\w])10\.\d{4,9}/[^\s,;]*\w", r"`\g<0> <https://doi.org/\g<0>>`__", "\n".join(lines))
    text = re.sub(r"\s*\bLesson: [^.]+\.", lesson_links, text)
    lines[:] = text.split("\n")


def lesson_links(sentence: re.Match) -> str:
    """The sentence that names a helper's lessons as a paragraph of its own, with links."""
    return "\n\n" + re.sub(r"\d\d[a-z]?_\w+", r":doc:`\g<0> </notebooks/\g<0>>`", " ".join(sentence[0].split()))


def inline_formula(translator, node: nodes.math) -> None:
    """Write a formula in a line of text; browsers draw MathML without any script."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_formula(translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    formula = convert(node.astext(), display="block")
    translator.body += [translator.starttag(node, "div", CLASS="formula"), formula, "</div>"]
    raise nodes.SkipNode


def image_with_alt(draw):
    """MyST-NB's way of making an image of an output, and then the alt text that `plotting.show` has put beside it."""

    def render(self, data: MimeData) -> list[nodes.Element]:
        images = draw(self, data)
        alt = data.output_metadata.get(data.mime_type, {}).get("alt")
        if not alt:
            self.logger.warning("a figure without alt text: show it with plotting.show", line=data.line)
        for image in images:
            image["alt"] = alt or ""
        return images

    return render


def setup(app: Sphinx) -> dict:
    app.connect("source-read", adapt_source)
    app.connect("autodoc-process-docstring", link_docstring)
    app.add_html_math_renderer("mathml", (inline_formula, None), (block_formula, None))
    # MyST-NB takes alt texts from a cell's metadata alone; one cell may hold several figures, so outputs carry theirs
    NbElementRenderer.render_image = image_with_alt(NbElementRenderer.render_image)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
