"""Links of pages that stand in a folder instead of on a site.

The archive is rendered from the templates of the site itself. There this `url` takes the place of
Django's: what the folder holds is linked to relatively, everything else at the site it comes from.
"""

import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django import template
from django.conf import settings
from django.template import Context
from django.template.base import Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as django_url
from django.utils.safestring import SafeString

from letters.markdown import as_html

register = template.Library()


@dataclass(frozen=True)
class Place:
    """Where a page stands: the name of its file, and which addresses of the site have files."""

    file: str
    files: Mapping[str, str]

    def to(self, file: str) -> str:
        return posixpath.relpath(file, posixpath.dirname(self.file) or ".")

    def link(self, address: str) -> str:
        file = self.files.get(address)
        return self.to(file) if file else settings.SITE_URL + address


# Included templates see nothing of the context around them.
_here: ContextVar[Place] = ContextVar("place")


@contextmanager
def standing_at(place: Place) -> Iterator[None]:
    """Render what is inside as a page of that place."""
    token = _here.set(place)
    try:
        yield
    finally:
        _here.reset(token)


class Link(URLNode):
    def render(self, context: Context) -> str:
        name, self.asvar = self.asvar, None
        try:
            url = _here.get().link(super().render(context))
        finally:
            self.asvar = name
        if name is None:
            return url
        context[name] = url
        return ""


@register.tag
def url(parser: Parser, token: Token) -> Link:
    node = django_url(parser, token)
    return Link(node.view_name, node.args, node.kwargs, node.asvar)


@register.simple_tag
def file(name: str) -> str:
    """A relative link to a file of the folder."""
    return _here.get().to(name)


@register.filter
def markdown(text: str) -> SafeString:
    return as_html(text)
