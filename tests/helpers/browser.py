"""A real browser, Chromium without a window; where there is none, what asks for it is skipped with the reason."""

import contextlib
import json
import shutil

import pytest

TELEPHONE, DESK = 375, 1280


@contextlib.contextmanager
def open_browser(width, dark=False):
    """Give a browser whose pages are `width` pixels wide."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium, of the extra [test]")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Chromium and its driver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        browser.set_page_load_timeout(300)
        # A window is never as narrow as a telephone: its size is given to the pages.
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        yield browser
    finally:
        browser.quit()


def errors(browser):
    """Return what the console has of errors since the last call."""
    return [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]


def fetched(browser):
    """Return the addresses that were asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def overflow(browser):
    """Return by how many pixels a page is wider than what shows it."""
    return browser.execute_script("const all = document.documentElement; return all.scrollWidth - all.clientWidth")


def pictures(browser):
    """Return the natural widths of a page's pictures; of one that could not be shown it is 0."""
    return browser.execute_script("return [...document.images].map(image => image.naturalWidth)")
