"""Find the templates of documents, with marks that neither LaTeX nor Markdown uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2


@cache
def template(folder: str, name: str) -> jinja2.Template:
    """Return a template: `<< x >>` is a value, `<% for ... %>` a block, `<# ... #>` a comment."""
    import jinja2

    from symgrad.rendering.module import template_folder

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(template_folder() / folder),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
        auto_reload=False,
    )
    return environment.get_template(name)
