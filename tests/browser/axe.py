"""Checks of a whole page against WCAG 2.2 AA, with axe-core."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.watching import goes_sideways

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]

WIDTHS = [390, 1280]
NARROWEST = 320

RUN = """
async (tags) => {
  // Colours that are still on their way from one scheme to the other would be misread.
  await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  const report = await axe.run(document, {
    runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
  });
  const found = report.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")} (${node.any.concat(node.all)
      .map((check) => check.message).join("; ")})`)
  );
  return { found, passed: report.passes.length };
}
"""


@cache
def source() -> str:
    return (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now. The context must bypass the content policy."""
    if not page.evaluate("'axe' in window"):  # It stays until the page is left.
        page.evaluate(source())
    report = page.evaluate(RUN, RULES)
    assert report["passed"] > 10, "axe has looked at nothing"
    return report["found"]


def faults(page: Page, name: str) -> list[str]:
    """Violations in every width and both colour schemes, and whether it fits a narrow screen."""
    found = []
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{name}, {width} px, {scheme}: {fault}" for fault in violations(page)]
    page.set_viewport_size({"width": NARROWEST, "height": 640})
    if goes_sideways(page):
        found.append(f"{name}, {NARROWEST} px: goes sideways")
    return found
