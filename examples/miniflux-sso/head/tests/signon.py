"""For the tests beside it: a sign-on as a person with a browser does it, each step asserted, TLS verified.

Only Python's standard library. `SSL_CERT_FILE` names the authorities; Python's TLS reads it by itself.
"""

import base64
import http.cookiejar
import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request
from html.parser import HTMLParser

APP = os.environ.get("CC_CI_BASE_URL", "")
ISSUER = os.environ.get("CC_CI_OIDC_ISSUER", "")
CLIENT = os.environ.get("CC_CI_OIDC_CLIENT_ID", "")
USER = os.environ.get("CC_CI_OIDC_USER", "")
# Miniflux names an account that it makes at a sign-on after the address, where the provider tells one.
NAME = os.environ.get("CC_CI_OIDC_EMAIL", "")
CALLBACK = f"{APP}/oauth2/oidc/callback"
STATE = pathlib.Path(os.environ.get("CC_CI_STATE_DIR", "/tmp"))


class Wrong(Exception):
    """What was seen instead of what had to be."""


def check(truth, otherwise):
    if not truth:
        raise Wrong(otherwise)


def secret(name):
    return (pathlib.Path(os.environ["CC_CI_SECRETS_DIR"]) / name).read_text().rstrip("\n")


def origin(url):
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def bare(url):
    """The address without its query, which may hold a code."""
    return url.split("?")[0]


class Forms(HTMLParser):
    """The forms of a page: method, address, fields that go along by themselves, fields to fill in, buttons; and the page's links."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.links = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if tag == "form":
            self.forms.append({"action": at.get("action") or "", "sent": {}, "open": {}, "buttons": []})
        elif tag == "a" and at.get("href"):
            self.links.append(at["href"])
        elif tag in ("input", "button") and self.forms and at.get("name"):
            form, kind = self.forms[-1], at.get("type", "text")
            if tag == "button" or kind == "submit":
                form["buttons"].append((at["name"], at.get("value") or ""))
            elif kind == "hidden":
                form["sent"][at["name"]] = at.get("value") or ""
            else:
                form["open"][at["name"]] = at.get("value") or ""


class Page:
    """One answer, redirects not followed."""

    def __init__(self, url, answer):
        self.url, self.status = url, answer.status
        self.to = urllib.parse.urljoin(url, answer.headers["Location"]) if answer.headers["Location"] else None
        self.text = answer.read(2_000_000).decode(errors="replace")
        self.html = Forms(self.text)

    def form_with(self, field):
        return next((form for form in self.html.forms if field in form["open"]), None)

    def __str__(self):
        return f"{self.status} at {bare(self.url)}" + (f", on to {bare(self.to)}" if self.to else "")


class AsIs(urllib.request.HTTPErrorProcessor):
    """Every answer is an answer: the test looks at it."""

    def http_response(self, request, response):
        return response

    https_response = http_response


class Browser:
    """Cookies and referrers of one person."""

    def __init__(self):
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar, AsIs)
        self.at = None

    def visit(self, url, fields=None):
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        request = urllib.request.Request(url, data)
        if self.at:
            request.add_header("Referer", self.at)
        try:
            with self.opener.open(request, timeout=10) as answer:
                page = Page(url, answer)
        except urllib.error.URLError as error:
            raise Wrong(f"{bare(url)} cannot be reached: {error.reason}") from error
        self.at = bare(url)
        return page

    def submit(self, page, form, **fields):
        return self.visit(urllib.parse.urljoin(page.url, form["action"] or page.url), {**form["sent"], **fields})

    def at_provider(self, page):
        """Follows redirects for as long as they stay with the provider."""
        for _ in range(8):
            if not page.to or origin(page.to) != ISSUER:
                return page
            page = self.visit(page.to)
        raise Wrong(f"the provider redirects without end: {page}")


def signed_in_as(browser):
    """The user name on the app's settings page; None when the app asks to log in."""
    page = browser.visit(f"{APP}/settings")
    if page.to:
        return None
    form = page.form_with("username")
    check(page.status == 200 and form, f"neither settings nor a redirect: {page}")
    # The login form has a field of that name too.
    return form["open"]["username"] if "/logout" in page.html.links or 'action="/logout"' in page.text else None


def to_the_password(browser):
    """From the app's front page to the provider's question for a password."""
    front = browser.visit(f"{APP}/")
    check(front.status == 200, f"no front page: {front}")
    link = next((link for link in front.html.links if link.endswith("/oauth2/oidc/redirect")), None)
    check(link, "the front page offers no sign-on")
    document = browser.visit(f"{ISSUER}/.well-known/openid-configuration")
    check(document.status == 200, f"the provider has no discovery document: {document}")
    discovery = json.loads(document.text)
    check(discovery["issuer"] == ISSUER, f"the provider calls itself {discovery['issuer']}, not {ISSUER}")

    sent = browser.visit(urllib.parse.urljoin(front.url, link))
    check(sent.to, f"the app sends nobody to the provider: {sent}")
    check(
        bare(sent.to) == discovery["authorization_endpoint"],
        f"the app sends the browser to {bare(sent.to)}, not to the provider's {discovery['authorization_endpoint']}",
    )
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(sent.to).query))
    for name, value in {"client_id": CLIENT, "redirect_uri": CALLBACK, "response_type": "code"}.items():
        check(asked.get(name) == value, f"the app asks with {name}={asked.get(name)}, not {value}")
    check(asked.get("state"), "the app sends no state: its callback could be forged")

    login = browser.at_provider(browser.visit(sent.to))
    form = login.form_with("login")
    check(form, f"the provider shows no login form: {login}")
    check(form["sent"].get("csrf_token"), "the provider's login form can be forged: no token in it")
    password = browser.at_provider(browser.submit(login, form, login=USER))
    check(password.form_with("password"), f"the provider does not ask for the password: {password}")
    return password, asked["state"]


def refused(word):
    """A wrong password must lead nowhere: not to consent, not to the app."""
    browser = Browser()
    page, _ = to_the_password(browser)
    answer = browser.at_provider(browser.submit(page, page.form_with("password"), password=word))
    check(not answer.to, f"a wrong password gets on: {answer}")
    check(answer.form_with("password"), f"after a wrong password no password is asked for: {answer}")
    check(signed_in_as(browser) is None, "a wrong password signs in to the app")


def sign_in():
    """Signs in, asserts every step, and returns the browser of the one who is in. Consent is asked for the first time and only then."""
    browser = Browser()
    check(signed_in_as(browser) is None, "the app shows its settings to whoever comes")
    page, state = to_the_password(browser)
    page = browser.at_provider(browser.submit(page, page.form_with("password"), password=secret("oidc_password")))

    consented = STATE / "consented"
    if not page.to:
        accept = next((form for form in page.html.forms if ("answer", "accept") in form["buttons"]), None)
        check(accept, f"after the right password neither consent nor the way back: {page}")
        check(not consented.exists(), "the provider asks for a consent that it was given")
        page = browser.at_provider(browser.submit(page, accept, answer="accept"))
        consented.touch()
    else:
        check(consented.exists(), "the provider did not ask for consent")

    check(page.to and bare(page.to) == CALLBACK, f"the provider does not send the browser back to the app: {page}")
    back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(page.to).query))
    check(back.get("code"), f"the provider sends an error in place of a code: {back.get('error', 'none named')}")
    check(back.get("state") == state, "the provider sends back another state than the app's")

    page = browser.visit(page.to)
    check(page.to and origin(page.to) == APP and page.to != f"{APP}/", f"the app does not take the code: {page}")
    page = browser.visit(page.to)
    check(page.status == 200, f"no page behind the sign-on: {page}")
    who = signed_in_as(browser)
    check(who == NAME, f"the app takes the browser for {who}, not for {NAME}")
    return browser


def account():
    """The app's own record of the user, by its API as administrator."""
    word = base64.b64encode(f"admin:{secret('admin_pass')}".encode()).decode()
    request = urllib.request.Request(f"{APP}/v1/users/{urllib.parse.quote(NAME)}", headers={"Authorization": f"Basic {word}"})
    with urllib.request.build_opener(AsIs).open(request, timeout=10) as answer:
        check(answer.status == 200, f"the app has no account for {NAME}: status {answer.status}")
        record = json.load(answer)
    check(record.get("openid_connect_id"), f"the account of {NAME} has nothing to do with the provider")
    return {"id": record["id"], "openid_connect_id": record["openid_connect_id"]}


def noted():
    """The account that install.py noted."""
    file = STATE / "account"
    check(file.exists(), "install.py noted no account to compare with")
    return json.loads(file.read_text())


def run(test):
    """Runs a test; its answer, or what was wrong, is the last line."""
    if not ISSUER:
        print("no provider: cc-ci gave no CC_CI_OIDC_ISSUER")
        sys.exit(77)
    try:
        print(test())
    except Wrong as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(1)
