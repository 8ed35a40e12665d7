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
