"""From an organiser's Markdown to HTML that is safe to show."""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

ALLOWED_TAGS = {"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h2", "h3", "hr", "br"}
DEMANDS_MARK = "<!-- demands -->"

_parser = MarkdownIt("commonmark", {"html": False})


def as_html(text: str) -> SafeString:
    """Render Markdown without raw HTML, images and scripts; links send no referrer."""
    return mark_safe(  # noqa: S308 - cleaned by nh3
        nh3.clean(
            _parser.render(text),
            tags=ALLOWED_TAGS,
            attributes={"a": {"href"}},
            url_schemes={"https", "http", "mailto"},
            link_rel="noopener noreferrer",
        )
    )


def around_demands(text: str) -> tuple[SafeString, SafeString]:
    """The HTML before and after the place where the demands stand (the end, if not marked)."""
    opening, _, closing = text.partition(DEMANDS_MARK)
    return as_html(opening), as_html(closing)
