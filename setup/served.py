"""Opens every page of a server in a browser as people do, checks each with axe-core, and keeps a picture.

Runs inside the browser's image, on the network of the machine that serves; started by setup/pages.sh.
usage: served.py ADDRESS FOLDER PATH...; the folder holds axe.min.js, and gets the pictures.
"""
import pathlib
import sys

from browsing import check, end, problem, width
from playwright.sync_api import sync_playwright

ADDRESS, FOLDER, PATHS = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
VIEWS = {
    "1280-light": dict(viewport={"width": 1280, "height": 900}, color_scheme="light"),
    "1280-dark": dict(viewport={"width": 1280, "height": 900}, color_scheme="dark"),
    "390-light": dict(viewport={"width": 390, "height": 844}, color_scheme="light", device_scale_factor=2, is_mobile=True),
    "390-dark": dict(viewport={"width": 390, "height": 844}, color_scheme="dark", device_scale_factor=2, is_mobile=True),
}
axe = (FOLDER / "axe.min.js").read_text()


def words(page):
    """What can be read, without what changes from one second to the next, and without the search, which is a script's."""
    lines = [line.strip() for line in page.locator("main").inner_text().splitlines()]
    moves = lambda line: any(letter.isdigit() for letter in line) or line.lower().startswith(("running", "search all logs"))
    return [line for line in lines if line and not moves(line)]


with sync_playwright() as playwright:
    browser = playwright.chromium.launch()
    for path in PATHS:
        name = path.strip("/").replace("/", "-") or "overview"
        read = None
        for view, settings in VIEWS.items():
            context = browser.new_context(**settings)
            page = context.new_page()
            # What a policy refuses, what is not there and what breaks in a script are all told here.
            page.on("console", lambda message, at=f"{path} {view}": problem(f"{at}: {message.text}") if message.type == "error" else None)
            page.on("pageerror", lambda error, at=f"{path} {view}": problem(f"{at}: {error}"))
            page.on("request", lambda request, at=f"{path} {view}": None if request.url.startswith((ADDRESS, "data:")) else problem(f"{at}: asks {request.url}"))
            answer = page.goto(ADDRESS + path, wait_until="domcontentloaded")
            if answer.status != 200:
                problem(f"{path}: status {answer.status}")
            page.wait_for_timeout(300)
            width(page, f"{path} {view}")
            page.evaluate(axe)
            check(page, f"{path} {view}")
            page.screenshot(path=FOLDER / f"served-{name}-{view}.png", full_page=True)
            # What moves on a page is not in both.
            read = words(page) if read is None else [line for line in read if line in words(page)]
            context.close()
        context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(ADDRESS + path, wait_until="domcontentloaded")
        missing = [line for line in read if line not in words(page)]
        if missing:
            problem(f"{path}: cannot be read without scripts: {missing[:5]}")
        if not page.locator("h1").first.is_visible():
            problem(f"{path}: no heading without scripts")
        context.close()
    browser.close()

end(PATHS)
