"""What a visit leaves behind and what it costs."""

import pytest

from tests.browser.watching import open_page

pytestmark = pytest.mark.browser

PUBLIC_PAGES = [
    "/",
    "/how-it-works/",
    "/privacy/",
    "/what-an-employer-can-see/",
    "/letters/iceout-tech/",
    "/letters/iceout-tech/verification/",
    "/letters/iceout-tech/versions/",
    "/letters/iceout-tech/versions/1/",
    "/letters/iceout-tech/roll/",
    "/letters/iceout-tech/roll/?q=quill&after=m",
    "/letters/salesforce-ice/",
    "/nothing/",
]

# The first view of the letter, everything it needs included (design, “Pages must be quick”).
BUDGET_BYTES = 100_000


@pytest.mark.parametrize("scripts", [False, True])
def test_public_pages_set_no_cookie(browser, site, scripts):
    with open_page(browser, site.url, java_script_enabled=scripts) as page:
        for path in PUBLIC_PAGES:
            response = page.goto(path)
            assert "set-cookie" not in response.all_headers(), path
            assert "Cookie" not in response.all_headers().get("vary", ""), path

        assert page.context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_first_view_of_the_letter_is_small_and_waits_for_no_script(browser, site):
    with open_page(browser, site.url, java_script_enabled=True) as page:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        sizes, kinds = {}, {}
        network.on("Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["type"]}))
        network.on(
            "Network.loadingFinished",
            lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]}),
        )
        page.goto("/letters/iceout-tech/", wait_until="networkidle")

        assert page.locator(".roll .signature").count() == 30
        assert page.locator("script").count() == 0
    total = sum(sizes.values())
    print(f"First view of the letter: {total:.0f} bytes in {len(sizes)} answers")
    assert set(sizes) == set(kinds)
    assert {"Document", "Stylesheet", "Font"} <= set(kinds.values())
    assert "Script" not in kinds.values()
    assert total <= BUDGET_BYTES


CRAWLED_PAGES = 80


def test_crawl_meets_nothing_foreign_and_no_cookie_before_a_form(browser, site):
    """Follow every link there is; `open_page` fails on foreign requests and on complaints."""
    with open_page(browser, site.url) as page:
        waiting, seen = ["/"], {"/"}
        while waiting and len(seen) - len(waiting) < CRAWLED_PAGES:
            path = waiting.pop(0)
            if path.endswith(".json"):
                assert "set-cookie" not in page.request.get(path).headers, path
                continue
            response = page.goto(path)
            headers = response.all_headers()
            assert response.status == 200, path
            if page.locator("form[method=post]").count() == 0:
                assert "set-cookie" not in headers, path
            else:
                assert "no-store" in headers["cache-control"], path
                page.context.clear_cookies()
            for path in links_of(page, site.url) - seen:
                seen.add(path)
                waiting.append(path)
        assert page.context.cookies() == []
    assert {"/privacy/", "/letters/iceout-tech/roll/", "/signature/find/"} <= seen
    assert len(seen) > 40


def links_of(page, origin):
    """Where the page's links lead, without fragments; other sites are not asked."""
    addresses = page.evaluate("[...document.links].map(link => link.href.split('#')[0])")
    own = {address.removeprefix(origin) for address in addresses if address.startswith(origin)}
    return {path for path in own if not path.startswith("/static/")}
