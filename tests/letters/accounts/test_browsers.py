import pytest

from letters.accounts.browsers import browser_of

MOZILLA = "Mozilla/5.0 "


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("(X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0", "Firefox, Linux"),
        ("(Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge, Windows"),
        ("(Linux; Android 15; SM-S921B) Chrome/140.0 Mobile Safari/537.36", "Chrome, Android"),
        ("(iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19 Safari/604", "Safari, iPhone"),
        ("(Macintosh; Intel Mac OS X 10_15_7) Version/19 Safari/605.1", "Safari, Mac"),
        ("<script>alert(1)</script>", "A browser"),
        ("", "A browser"),
    ],
)
def test_browser_of_says_family_and_system_and_nothing_else(header, said):
    assert browser_of(MOZILLA + header) == said
