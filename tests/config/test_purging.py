"""Forgetting pages early: what an HTTP cache in front of the application is told."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from celery.exceptions import Retry

from config import crypto, purging
from signatories import tasks
from signatories.actions import own
from signatories.models import Signature, State
from tests.factories import make_letter, make_signature

TOKEN = "t" * 43


class Cache:
    """A server that writes down what it is asked, and answers as it is told."""

    def __init__(self):
        self.asked, self.status = [], 200
        cache = self

        class Handler(BaseHTTPRequestHandler):
            def do_PURGE(self):
                cache.asked.append((self.command, self.path))
                self.send_response(cache.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                """A test writes no log."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def cache():
    cache = Cache()
    yield cache
    cache.stop()


@pytest.fixture
def at_once(monkeypatch):
    """Tasks run as soon as they are queued, as a worker at leisure would run them."""
    monkeypatch.setattr(
        "config.celery._send", lambda task, arguments, countdown: task.apply(arguments)
    )


def test_purge_asks_the_cache_to_drop_the_path(settings, cache):
    settings.CACHE_PURGE_URL = f"{cache.url}/"

    purging.purge("/letters/open/")

    assert cache.asked == [("PURGE", "/letters/open/")]


def test_purge_where_no_cache_is_named_asks_nobody(settings, monkeypatch):
    def fail(*arguments, **fields):
        raise AssertionError("A request went out.")

    settings.CACHE_PURGE_URL = ""
    monkeypatch.setattr("urllib.request.urlopen", fail)

    purging.purge("/letters/open/")


@pytest.mark.parametrize("status", [405, 500])
def test_purge_that_the_cache_refuses_raises(settings, cache, status):
    settings.CACHE_PURGE_URL, cache.status = cache.url, status

    with pytest.raises(OSError, match=str(status)) as refusal:
        purging.purge("/letters/open/")
    refusal.value.close()


def test_purge_of_a_cache_that_is_down_raises(settings, cache):
    settings.CACHE_PURGE_URL = cache.url
    cache.stop()
    cache.stop = lambda: None

    with pytest.raises(OSError):
        purging.purge("/letters/open/")


@pytest.mark.django_db
def test_withdrawing_has_the_cache_forget_the_letter(
    settings, cache, at_once, django_capture_on_commit_callbacks
):
    settings.CACHE_PURGE_URL = cache.url
    make_signature(
        make_letter(slug="open"),
        state=State.PUBLISHED,
        manage_digest=crypto.digest("manage", TOKEN),
    )

    with django_capture_on_commit_callbacks(execute=True):
        own.withdraw(token=TOKEN)
        assert cache.asked == []

    assert cache.asked == [("PURGE", "/letters/open/")]


@pytest.mark.django_db
def test_task_is_retried_while_the_cache_is_down(settings, cache, monkeypatch):
    letter = make_letter(slug="open")
    settings.CACHE_PURGE_URL, cache.status = cache.url, 503
    delays = []

    def retry(exc, countdown, **options):
        delays.append(countdown)
        exc.close()
        return Retry(exc=exc)

    monkeypatch.setattr(tasks.purge_pages, "retry", retry)
    with pytest.raises(Retry):
        tasks.purge_pages(letter.pk)

    cache.status = 200
    tasks.purge_pages(letter.pk)
    assert len(delays) == 1
    assert cache.asked == [("PURGE", "/letters/open/")] * 2
    assert tasks.purge_pages.max_retries == 5


@pytest.mark.django_db
def test_task_for_a_letter_that_is_gone_asks_nobody(settings, cache):
    settings.CACHE_PURGE_URL = cache.url

    tasks.purge_pages(0)

    assert cache.asked == []


@pytest.mark.django_db
def test_signatories_do_not_notice_a_cache_that_is_down(
    client, settings, cache, at_once, django_capture_on_commit_callbacks
):
    settings.CACHE_PURGE_URL = cache.url
    cache.stop()
    cache.stop = lambda: None
    make_signature(
        make_letter(slug="open"),
        state=State.PUBLISHED,
        manage_digest=crypto.digest("manage", TOKEN),
    )

    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(f"/signature/{TOKEN}/withdraw/")

    assert done.status_code == 200
    assert not Signature.objects.exists()
    assert client.get("/letters/open/roll/").context["lines"] == []
