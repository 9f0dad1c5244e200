"""What the tests of the ways to open the tutorial share: a real browser, and free ports on this machine."""

import os
import shutil
import socket

import pytest
from playwright.sync_api import sync_playwright

# without the last four, Chromium looks for its maker's hosts at every start
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM_OPTIONS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window. In CI it has to be there; elsewhere its tests are skipped without it."""
    path = shutil.which("chromium")
    if path is None:
        message = "Chromium is not installed. On Debian or Ubuntu: sudo apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def free_port():
    """A function that gives the number of a port of this machine that nobody uses."""

    def find():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    return find
