"""What Sphinx and MyST-NB do not do by themselves: formulas as MathML, and the alt texts of notebooks' figures."""

from __future__ import annotations

from docutils import nodes
from latex2mathml.converter import convert
from myst_nb.core.render import MimeData, NbElementRenderer
from sphinx.application import Sphinx


def inline_formula(translator, node: nodes.math) -> None:
    """Write a formula in a line of text; browsers draw MathML without any script."""
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block_formula(translator, node: nodes.math_block) -> None:
    """Write a formula on lines of its own."""
    translator.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>')
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
    app.add_html_math_renderer("mathml", (inline_formula, None), (block_formula, None))
    # MyST-NB takes alt texts from a cell's metadata alone; one cell may hold several figures, so outputs carry theirs
    NbElementRenderer.render_image = image_with_alt(NbElementRenderer.render_image)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
