"""What both checks of pages share: problems are told at once and counted, and axe-core is asked about a page."""
import sys

passed = failed = 0


def problem(text):
    global failed
    failed += 1
    print(text)


def check(page, what):
    """Asks axe-core, which the page has to hold already."""
    global passed
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    for violation in found["violations"]:
        nodes = "\n    ".join(node["html"][:160] + " " + node["failureSummary"].replace("\n", " ")[:200] for node in violation["nodes"][:3])
        problem(f"{what}: {violation['id']} ({violation['impact']}): {violation['help']}\n    {nodes}")
    passed += 1


def width(page, what):
    """A page that is wider than its window has to be pushed to and fro."""
    wide = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        problem(f"{what}: {wide} pixels wider than the window")


def end(pages):
    """Says how it came out; without a page nothing was checked."""
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not pages else 0)
