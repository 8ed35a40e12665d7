"""The watch that every browser test relies on sees what it is there for."""

import pytest

from tests.browser.watching import watch_context

pytestmark = pytest.mark.browser


def test_watch_notes_foreign_requests_and_violations(browser, site):
    context = browser.new_context(
        base_url=site.url, ignore_https_errors=True, java_script_enabled=False
    )
    watch = watch_context(context, site.url)
    page = context.new_page()
    page.route(
        "**/planted/",
        lambda route: route.fulfill(
            content_type="text/html",
            headers={"Content-Security-Policy": "default-src 'none'; img-src *"},
            body='<p style="color: red">Planted<img src="https://127.0.0.1:9/planted.png">',
        ),
    )
    page.goto("/planted/")

    assert watch.foreign_requests == ["https://127.0.0.1:9/planted.png"]
    assert any("inline style violates" in complaint for complaint in watch.complaints)
    context.close()
