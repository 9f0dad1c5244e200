"""A visit to a page: what a browser and axe find wrong with it."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
IMAGES = "[...document.images].map(image => [image.alt, image.src.slice(0, 200), image.naturalWidth])"
# a lesson's code has thousands of coloured words in some twenty colours, and axe takes a minute to look at all of them:
# one word of each colour stays, once in code and once in outputs, and the others become plain text where they stand
EACH_COLOUR_ONCE = """() => {
    const seen = new Set();
    for (const word of document.querySelectorAll('pre span')) {
        const colour = word.className + (word.closest('.cell_output') !== null);
        if (seen.has(colour)) word.replaceWith(...word.childNodes); else seen.add(colour);
    }
    document.querySelectorAll('pre').forEach(block => block.normalize());
}"""


def hurdles(page):
    """What axe finds that keeps people out, a line each."""
    page.evaluate(EACH_COLOUR_ONCE)
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


def visit(browser, url, **settings):
    """Open one page and note what went wrong, by kind."""
    said, missing, elsewhere = [], [], []
    with browser.new_context(**settings) as context:
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: missing.append(request.url))
        page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
        page.on("request", lambda request: elsewhere.append(request.url) if is_elsewhere(request.url) else None)
        page.goto(url, wait_until="networkidle")
        # as they are now: axe makes requests of its own
        wrong = {"errors": [*said], "missing": [*missing], "elsewhere": [*elsewhere]}
        wrong["images"] = [found for found in page.evaluate(IMAGES) if not says_something(*found)]
        wrong["wide"] = page.evaluate(TOO_WIDE)
        page.set_viewport_size(PHONE if settings["viewport"] == DESKTOP else DESKTOP)
        wrong["wide after turning"] = page.evaluate(TOO_WIDE)
        page.set_viewport_size(settings["viewport"])
        wrong["hurdles"] = hurdles(page)
    return wrong


def is_elsewhere(url):
    return urlsplit(url).scheme not in ("data", "blob", "file") and urlsplit(url).hostname != "127.0.0.1"


def says_something(alt, source, width):
    """Whether an image is there and its alt text is one, and not the name of a file."""
    return width > 0 and len(alt) > 8 and not re.search(r"\.(png|svg|jpe?g)$", alt) and alt not in source
