import io
import logging

import pytest
from django.urls import path
from gunicorn.config import Config

from config import logs, urls
from config.server_log import ScrubbingLogger

ADDRESS = "w.otterbourne@google.example"
TOKEN = "x9_-" * 10 + "abc"


@pytest.fixture
def log():
    """A logger with the formatter of the settings; `lines()` is what it has written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.ScrubbingFormatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.Logger("tests")
    logger.addHandler(handler)
    logger.lines = stream.getvalue
    return logger


# Scrubbing --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"Mail to {ADDRESS} failed", "Mail to [address] failed"),
        (f"<{ADDRESS}>, '{ADDRESS}'", "<[address]>, '[address]'"),
        (f'{{"to": "{ADDRESS}"}}', '{"to": "[address]"}'),
        (f"mailto:{ADDRESS}?subject=x", "mailto:[address]"),
        ("a+tag@xn--bcher-kva.example", "[address]"),
        ("wäre@bücher.example", "[address]"),
        ("name%40google.example", "[address]"),
        ("?email=w.otterbourne%40google.example&code=1", "[address]"),
        (f"GET /confirm/{TOKEN}/ 500", "GET /confirm/[token]/ 500"),
        (f"/signature/{TOKEN}/receipt/", "/signature/[token]/receipt/"),
        (f"token={TOKEN}&x", "token=[token]&x"),
        (f"{TOKEN} {TOKEN}", "[token] [token]"),
        (
            "GET /login/openid/?state=abc&code=4/0Ab_x-9&scope=openid 500",
            "GET /login/openid/?state=[token]&code=[token]&scope=openid 500",
        ),
        ("Bad eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here", "Bad [token] here"),
        ("Invalid request from ip=203.0.113.77: x", "Invalid request from ip=[network] x"),
        ("Invalid request from ip=2001:db8::9: x", "Invalid request from ip=[network] x"),
        ("Error 111 connecting to 127.0.0.1:6379", "Error 111 connecting to 127.0.0.1:6379"),
        ("Celery 5.7.0 at 12:30:59 read 3:4", "Celery 5.7.0 at 12:30:59 read 3:4"),
        ("Verification 7d0c2f4e-1234-4abc-8def-0123456789ab", None),
        ("Undersigned is running.", None),
        ("a" * 42 + " " + "b" * 44 + " " + "c" * 63 + " " + "d" * 65, None),
        ("Key (digest)=(" + "0a" * 32 + ") exists", "Key (digest)=([digest]) exists"),
    ],
)
def test_scrub_removes_addresses_and_capabilities_only(text, scrubbed):
    assert logs.scrub(text) == (text if scrubbed is None else scrubbed)


def test_formatter_scrubs_the_message_and_its_arguments(log):
    log.warning("Mail to %s through %s failed", ADDRESS, f"/confirm/{TOKEN}/")

    assert log.lines() == ("WARNING tests: Mail to [address] through /confirm/[token]/ failed\n")


def test_formatter_scrubs_tracebacks_with_their_causes(log):
    try:
        try:
            raise ValueError(f"cannot send to {ADDRESS}")
        except ValueError as error:
            raise RuntimeError(f"while confirming {TOKEN}") from error
    except RuntimeError:
        log.exception("It failed")

    lines = log.lines()
    assert "ValueError: cannot send to [address]" in lines
    assert "RuntimeError: while confirming [token]" in lines
    assert ADDRESS not in lines
    assert TOKEN not in lines


def test_formatter_scrubs_a_traceback_that_another_handler_has_formatted(log):
    try:
        raise ValueError(f"cannot send to {ADDRESS}")
    except ValueError as error:
        record = log.makeRecord("tests", logging.ERROR, "f", 1, "x", (), (ValueError, error, None))
    logging.Formatter().format(record)
    assert ADDRESS in record.exc_text

    log.handle(record)

    assert ADDRESS not in log.lines()


def test_formatter_scrubs_the_stack(log):
    log.warning("here", stack_info=True)
    assert "Stack (most recent call last)" in log.lines()

    record = log.makeRecord("tests", logging.ERROR, "f", 1, "x", (), None, sinfo=f"at {ADDRESS}")
    log.handle(record)

    assert ADDRESS not in log.lines()


# The whole tree -----------------------------------------------------------------------------


def test_every_handler_scrubs(settings):
    """Django's own handlers would write, or mail, lines that nobody has scrubbed."""
    handlers = [
        (name, handler)
        for name in logging.root.manager.loggerDict
        if name.split(".")[0] in ("django", "celery", "kombu", "config", "letters", "signatories")
        for handler in logging.getLogger(name).handlers
        if not isinstance(handler, logging.NullHandler)
    ]

    assert handlers == []
    assert settings.LOGGING["root"]["handlers"] == ["console"]
    assert {row["formatter"] for row in settings.LOGGING["handlers"].values()} == {"plain"}
    assert settings.LOGGING["formatters"]["plain"]["()"] == "config.logs.ScrubbingFormatter"


def test_web_server_names_no_visitor_and_no_capability(capsys):
    """Gunicorn's own words for a request that it cannot read, and for one that failed."""
    web_log = ScrubbingLogger(Config())

    web_log.warning("Invalid request from ip=203.0.113.77: Invalid HTTP request line")
    try:
        raise ValueError(f"cannot send to {ADDRESS}")
    except ValueError:
        web_log.exception("Error handling request %s %s", "GET", f"/confirm/{TOKEN}/?e={ADDRESS}")

    written = capsys.readouterr().err
    assert "Invalid request from ip=[network] Invalid HTTP request line" in written
    assert "Error handling request GET /confirm/[token]/[address]" in written
    assert "ValueError: cannot send to [address]" in written
    for secret in ("203.0.113.77", ADDRESS, TOKEN):
        assert secret not in written
    for handler in web_log.error_log.handlers[:]:
        web_log.error_log.removeHandler(handler)


@pytest.mark.parametrize("place", ["Dockerfile", "config/run/processes.py", "docs/operations.md"])
def test_web_server_is_started_with_that_logger(settings, place):
    text = (settings.ROOT / place).read_text()

    assert "config.server_log.ScrubbingLogger" in text
    assert "--access-logfile" not in text


def fail(request, token):
    raise ValueError(f"cannot send to {ADDRESS}")


urlpatterns = [path("confirm/<token>/", fail), *urls.urlpatterns]
handler500 = urls.handler500


@pytest.mark.urls("tests.config.test_logs")
def test_a_page_that_fails_leaves_a_scrubbed_traceback(client, log):
    client.raise_request_exception = False
    django_log = logging.getLogger("django.request")
    django_log.addHandler(log.handlers[0])
    try:
        response = client.get(f"/confirm/{TOKEN}/")
    finally:
        django_log.removeHandler(log.handlers[0])

    assert response.status_code == 500
    assert "ERROR django.request: Internal Server Error: /confirm/[token]/" in log.lines()
    assert "ValueError: cannot send to [address]" in log.lines()
    assert TOKEN not in log.lines()
    assert ADDRESS not in log.lines()
