"""Opens one page in Chromium and prints what it saw as one line of JSON: a picture, and every text of the page.

Runs inside the browser's container. The task comes on standard input: {"url", "host", "authority", "seconds"}. Whether the page may be
shown is decided outside, from the texts; no secret of the run ever comes here.
Nothing but Python's own library: Chromium is spoken to over a pipe, in the DevTools protocol.
"""
import base64
import json
import os
import select
import struct
import subprocess
import sys
import time
import urllib.parse
import zlib

WIDTH, HEIGHT = 1280, 800
QUIET = 0.5  # seconds without a request under way
SETTLE = 8.0  # the most to wait for quiet and a still picture; a page that moves for ever is taken as it is
LOOK_AGAIN = 0.25
BLANK_TRIES = 3
TEXT_MOST = 4_000_000


class Late(Exception):
    """The time is up."""


class Refused(Exception):
    """The page must not be pictured."""


class Missed(Exception):
    """There is no page to picture now; it may come."""


class Blank(Exception):
    """The page shows nothing, however often one looks."""


class Browser:
    """Chromium at the other end of a pipe."""

    def __init__(self, task, deadline):
        self.deadline, self.number, self.answers, self.session = deadline, 0, {}, None
        self.under_way, self.changed, self.status, self.loaded = set(), time.monotonic(), None, False
        authority = "/tmp/authority.pem"
        with open(authority, "w") as file:
            file.write(task["authority"])
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self.read, self.write, self.rest = ours_in, ours_out, b""

        def hand_over():
            # Copies first: 3 and 4 are taken by the pipes themselves.
            for place, end in enumerate([os.dup(theirs_in), os.dup(theirs_out)], 3):
                os.dup2(end, place)

        # Only the app's own domain has an address: whatever else the page asks for is not there.
        arguments = [
            "/usr/local/bin/cc-ci-chromium", "--headless", "--remote-debugging-pipe", f"--window-size={WIDTH},{HEIGHT}",
            f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {task['host']}", "--hide-scrollbars", "--mute-audio", "--no-first-run",
            "--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--disable-default-apps", "--no-pings", "--force-color-profile=srgb", "--lang=en-US", "--disable-webrtc",
            "--webrtc-ip-handling-policy=disable_non_proxied_udp", "--js-flags=--max-old-space-size=256", "about:blank",
        ]
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=hand_over, env=dict(os.environ, CC_CI_AUTHORITY=authority, HOME="/tmp"))
        os.close(theirs_in)
        os.close(theirs_out)
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")
        self.ask("Network.enable")
        self.ask("Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=1, mobile=False)
        self.ask("Browser.setDownloadBehavior", on_page=False, behavior="deny")

    def say(self, method, on_page=True, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session and on_page:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        return self.number

    def ask(self, method, on_page=True, **parameters):
        number = self.say(method, on_page, **parameters)
        while number not in self.answers:
            self.listen(self.deadline)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise Missed(f"the browser refused {method}: {answer['error'].get('message', '')}")
        return answer["result"]

    def listen(self, until):
        """Takes what comes, once, or returns at the time given."""
        until = min(until, self.deadline)
        ready, _, _ = select.select([self.read], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            if time.monotonic() >= self.deadline:
                raise Late()
            return
        chunk = os.read(self.read, 1 << 20)
        if not chunk:
            raise Missed("the browser ended")
        *messages, self.rest = (self.rest + chunk).split(b"\0")
        for message in messages:
            self.take(json.loads(message))

    def take(self, message):
        if "id" in message:
            self.answers[message["id"]] = message
            return
        method, about = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            # A stream that stays open keeps no page from being ready.
            if about.get("type") not in ("EventSource", "WebSocket", "Ping"):
                self.under_way.add(about["requestId"])
            self.changed = time.monotonic()
        elif method in ("Network.loadingFinished", "Network.loadingFailed"):
            self.under_way.discard(about["requestId"])
            self.changed = time.monotonic()
        elif method == "Network.responseReceived" and about.get("type") == "Document" and about.get("frameId") == self.frame:
            self.status = about["response"]["status"]
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Page.javascriptDialogOpening":
            self.say("Page.handleJavaScriptDialog", accept=False)

    frame = None

    def open(self, url, host):
        self.frame = self.ask("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self.under_way, self.status, self.loaded = set(), None, False
        error = self.ask("Page.navigate", url=url).get("errorText")
        if error:
            self.at_home(host)
            raise Missed(f"the page did not open: {error}")
        limit = time.monotonic() + SETTLE
        while not self.loaded and time.monotonic() < limit:
            self.listen(limit)

    def picture(self, scale=None):
        clip = {} if scale is None else {"clip": {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": scale}}
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png", **clip)["data"])

    def settle(self):
        """Waits until nothing is loaded any more and two looks are the same; returns the last look, small."""
        limit = time.monotonic() + SETTLE
        last = None
        while True:
            self.listen(time.monotonic() + LOOK_AGAIN)
            quiet = not self.under_way and time.monotonic() - self.changed >= QUIET
            look = self.picture(0.25) if quiet or time.monotonic() >= limit else None
            if look is not None and (look == last or time.monotonic() >= limit):
                return look
            last = look

    def at_home(self, host):
        """Refuses a page that lies elsewhere, wherever it was led."""
        frame = self.ask("Page.getFrameTree")["frameTree"]["frame"]
        url = urllib.parse.urlsplit(frame.get("unreachableUrl") or frame["url"])
        if url.scheme not in ("http", "https") or url.hostname != host:
            where = url.hostname or url.scheme
            raise Refused(f"the page leads to {where}, which is not the app's domain")

    def texts(self):
        """Every text of every document on the page, shown or not, and how many password fields are filled."""
        snapshot = self.ask("DOMSnapshot.captureSnapshot", computedStyles=[])
        strings, filled, joined = snapshot["strings"], 0, []
        name = lambda index: strings[index] if index >= 0 else ""
        for document in snapshot["documents"]:
            nodes = document["nodes"]
            attributes = nodes.get("attributes", [])
            values = nodes.get("inputValue", {"index": [], "value": []})
            for node, value in zip(values["index"], values["value"]):
                pairs = [name(index) for index in (attributes[node] if node < len(attributes) else [])]
                kinds = dict(zip((key.lower() for key in pairs[::2]), pairs[1::2]))
                filled += kinds.get("type", "").lower() == "password" and name(value) != ""
            kinds, said = nodes.get("nodeType", []), nodes.get("nodeValue", [])
            joined.append("".join(name(value) for kind, value in zip(kinds, said) if kind == 3))
        # A value may be spread over elements, or set in groups.
        together = "".join(joined)
        texts = strings + [together, "".join(together.split())]
        if sum(map(len, texts)) > TEXT_MOST:
            raise Refused("the page holds too much text to be looked through")
        return texts, filled


def blank(png):
    """Whether every pixel has the same colour."""
    at, data, kind, width, height = 8, b"", 0, 0, 0
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at:at + 8])
        if name == b"IHDR":
            width, height, _, kind = struct.unpack(">IIBB", png[at + 8:at + 18])
        elif name == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += length + 12
    deep = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    data, line = zlib.decompress(data), width * deep
    above, first = bytearray(line), None
    for row in range(height):
        start = row * (line + 1)
        filtered, now = data[start], bytearray(data[start + 1:start + 1 + line])
        for at in range(line):
            left = now[at - deep] if at >= deep else 0
            up, corner = above[at], above[at - deep] if at >= deep else 0
            if filtered == 1:
                now[at] = (now[at] + left) & 255
            elif filtered == 2:
                now[at] = (now[at] + up) & 255
            elif filtered == 3:
                now[at] = (now[at] + (left + up) // 2) & 255
            elif filtered == 4:
                guess = left + up - corner
                near = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))
                now[at] = (now[at] + near[2]) & 255
        first = first or bytes(now[:deep])
        if now != first * width:
            return False
        above = now
    return True


def shoot(browser, task):
    browser.open(task["url"], task["host"])
    for left in reversed(range(BLANK_TRIES)):
        look = browser.settle()
        browser.at_home(task["host"])
        if browser.status is None or browser.status >= 400:
            raise Missed(f"the page answers {browser.status}" if browser.status else "the page gave no answer")
        if not blank(look):
            break
        if left:
            browser.listen(time.monotonic() + 1.0)
    else:
        raise Blank("the page stayed blank: every pixel has the same colour")
    # Looked through before and after, since a page may change between two looks.
    texts, filled = browser.texts()
    picture = browser.picture()
    browser.at_home(task["host"])
    more, again = browser.texts()
    return {"result": "seen", "png": base64.b64encode(picture).decode(), "texts": texts + more, "filled": filled + again}


def main():
    task = json.load(sys.stdin)
    deadline = time.monotonic() + task["seconds"]
    why, browser = "the time was up before it opened", None
    try:
        browser = Browser(task, deadline)
        while True:
            try:
                return shoot(browser, task)
            except Missed as missed:
                # The app may be on its way down or up; its page comes back, or the time runs out.
                why = str(missed)
                if browser.process.poll() is not None:
                    break
                pause = time.monotonic() + 0.5
                while time.monotonic() < pause:
                    browser.listen(pause)
    except Late:
        pass
    except (Missed, Blank) as missed:
        why = str(missed)
    except Refused as refused:
        return {"result": "refused", "why": str(refused)}
    finally:
        if browser:
            browser.process.kill()
    return {"result": "missed", "why": why}


print(json.dumps(main()))
