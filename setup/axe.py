"""Opens run pages in a browser as people do (desktop, phone, dark, printed, everything unfolded), checks each with axe-core, and keeps a picture.

Runs inside the browser's image; started by setup/pages.sh. The folder /pages holds the pages, axe.min.js beside them.
"""
import pathlib

from browsing import check, end, problem, width
from playwright.sync_api import sync_playwright

FOLDER = pathlib.Path("/pages")
VIEWS = {
    "desktop": dict(viewport={"width": 1280, "height": 900}, color_scheme="light"),
    "dark": dict(viewport={"width": 1280, "height": 900}, color_scheme="dark"),
    "phone": dict(viewport={"width": 375, "height": 800}, color_scheme="light", device_scale_factor=2, is_mobile=True),
    "phone-dark": dict(viewport={"width": 320, "height": 640}, color_scheme="dark", is_mobile=True),
}
axe = (FOLDER / "axe.min.js").read_text()
pages = sorted(FOLDER.glob("*.html"))


with sync_playwright() as playwright:
    browser = playwright.chromium.launch()
    for path in pages:
        for view, options in VIEWS.items():
            # The page's own policy forbids foreign scripts, and axe is one.
            context = browser.new_context(bypass_csp=True, **options)
            page = context.new_page()
            page.on("console", lambda message, path=path: problem(f"{path.name}: console: {message.text}") if message.type == "error" else None)
            page.on("request", lambda request, path=path: None if request.url.startswith(("file:", "data:")) else problem(f"{path.name} asks for {request.url}"))
            page.goto(path.as_uri())
            what = f"{path.stem}, {view}"
            width(page, what)
            page.screenshot(path=FOLDER / f"{path.stem}-{view}.png", full_page=True)
            page.evaluate(axe)
            check(page, what)
            page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true })")
            check(page, f"{what}, unfolded")
            search = page.locator(".search input")
            if search.count():
                search.fill("get")
                check(page, f"{what}, searched")
            context.close()
        # Without scripts and under its own policy, as it is stored.
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(path.as_uri())
        if page.locator(".search").count() and page.locator(".search").is_visible():
            problem(f"{path.name}: the search is shown where it cannot work")
        if not page.locator("h1").is_visible() or not page.locator(".verdict").is_visible():
            problem(f"{path.name}: nothing to read without scripts")
        context.close()
        # With scripts and its own policy: the search is allowed to run, and nothing is refused.
        context = browser.new_context()
        page = context.new_page()
        page.on("console", lambda message, path=path: problem(f"{path.name}: under its policy: {message.text}") if message.type == "error" else None)
        page.goto(path.as_uri())
        if page.locator(".search").count():
            if not page.locator(".search").is_visible():
                problem(f"{path.name}: the search does not start under the page's policy")
            page.locator(".search input").fill("get")
            if not page.locator(".search output").inner_text().strip():
                problem(f"{path.name}: the search says nothing")
        page.emulate_media(media="print")
        page.screenshot(path=FOLDER / f"{path.stem}-print.png", full_page=True)
        context.close()
    browser.close()

end(pages)
