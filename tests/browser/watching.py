"""A visitor's browser, watched: what it asks for, complains about and keeps."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

# Long enough for a slow machine; nothing waits for its end.
PATIENCE_MS = 60_000

expect.set_options(timeout=PATIENCE_MS)


@dataclass
class Watch:
    """What went wrong in one browser context. Nothing of it ever should."""

    origin: str
    foreign_requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    is_offline: bool = False
    pages: set[str] = field(default_factory=set)

    def note_request(self, request: Request) -> None:
        if request.is_navigation_request():
            self.pages.add(request.url)
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self.origin and parts.scheme != "data":
            self.foreign_requests.append(request.url)

    def note_console(self, message: ConsoleMessage) -> None:
        """Whatever the console says, violations of the content policy included.

        Chromium writes there, too, that a page answered with an error page, which is meant.
        """
        is_own_status = (
            message.text.startswith("Failed to load resource")
            and message.location["url"] in self.pages
        )
        is_meant = is_own_status or self.is_offline
        if message.type in ("error", "warning") and not is_meant:
            self.complaints.append(f"{message.text} ({message.location['url']})")

    def note_page_error(self, error: object) -> None:
        self.complaints.append(getattr(error, "stack", None) or str(error))


@contextmanager
def open_page(browser: Browser, origin: str, **options: object):
    """A page of a new visitor, without JavaScript unless asked for; watched until it closes."""
    context = browser.new_context(
        **{
            "base_url": origin,
            "ignore_https_errors": True,
            "java_script_enabled": False,
            "viewport": {"width": 390, "height": 844},
            **options,
        }
    )
    context.set_default_timeout(PATIENCE_MS)
    watch = watch_context(context, origin)
    try:
        page = context.new_page()
        page.watch = watch  # type: ignore[attr-defined]
        yield page
    finally:
        context.close()
    assert (watch.foreign_requests, watch.complaints) == ([], [])


def watch_context(context: BrowserContext, origin: str) -> Watch:
    watch = Watch(origin)
    context.on("request", watch.note_request)
    context.on("console", watch.note_console)
    context.on("weberror", lambda error: watch.note_page_error(error.error))
    return watch


def goes_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return page.evaluate(
        "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    )
