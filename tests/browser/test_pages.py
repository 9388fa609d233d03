"""The pages in a real browser: the reports of a run, and the local web page.

Needs the release binary (CHIPCAST_BINARY), Debian's chromium and chromium-driver, and the packages of
requirements*.txt; `make browser` brings them. Loads nothing from the network.
"""

import base64
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

BINARY = pathlib.Path(os.environ["CHIPCAST_BINARY"]).resolve()
AXE = next(
    path
    for folder in sys.path
    for path in pathlib.Path(folder).glob("axe_playwright_python/axe.min.js")
)
REPORTS = ["msft", "googl", "amzn", "meta", "orcl", "nvda", "industry"]
PATHS = [
    "/",
    "/company/msft",
    "/company/nvda",
    "/series/msft.capex_cash",
    "/pressure",
    "/announcements",
    "/ledger",
    "/scaling?company=msft",
    "/runs",
]
NARROW, WIDE = 390, 1200
# Rules of axe that stand for WCAG 2.1 A and AA, and its best practices.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


class Chipcast:
    """A folder with a run's reports and a server over the same archive."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="chipcast-browser-")
        root = pathlib.Path(self.folder.name)
        self.reports = root / "reports"
        data = ["--data", str(root / "data")]
        subprocess.run(
            [BINARY, *data, "run", "--out", str(self.reports)],
            check=True, cwd=root, capture_output=True,
        )
        self.server = subprocess.Popen(
            [BINARY, *data, "serve", "--bind", "127.0.0.1:0"],
            cwd=root, stdout=subprocess.PIPE, text=True,
        )
        self.address = None
        for line in self.server.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.address = found.group()
                break
        if self.address is None:
            raise RuntimeError("`chipcast serve` printed no address")

    def close(self):
        self.server.terminate()
        status = self.server.wait(timeout=20)
        self.server.stdout.close()
        self.folder.cleanup()
        return status


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService("/usr/bin/chromedriver")
    return webdriver.Chrome(options=options, service=service)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.chipcast = Chipcast()
        cls.driver = browser()
        files = [(cls.chipcast.reports / f"{name}.html").as_uri() for name in REPORTS]
        cls.static = files
        cls.served = [cls.chipcast.address + path for path in PATHS]

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        status = cls.chipcast.close()
        assert status == 0, f"the server stopped with {status}"

    def setUp(self):
        self.look(WIDE)

    def look(self, width, scheme="light", media=""):
        """How the page is looked at: width in pixels, colour scheme, screen or print."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]},
        )

    def every(self, pages, check):
        for page in pages:
            with self.subTest(page=page.rsplit("/", 1)[-1] or "/"):
                self.driver.get(page)
                check(page)

    def complaints(self):
        log = self.driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def test_pages_render_without_complaint(self):
        def check(page):
            self.assertEqual(self.complaints(), [])
            self.assertEqual(len(self.driver.find_elements(By.TAG_NAME, "h1")), 1)
            self.assertTrue(self.driver.title)
            self.assertGreater(len(self.driver.find_element(By.TAG_NAME, "main").text), 150)

        self.every(self.static + self.served, check)

    def test_no_page_loads_anything_from_elsewhere(self):
        script = "return performance.getEntriesByType('resource').map(e => e.name)"

        def check(page):
            loaded = self.driver.execute_script(script)
            own = self.chipcast.address
            self.assertEqual([name for name in loaded if not name.startswith(own)], [])
            if page.startswith("file:"):
                self.assertEqual(loaded, [])

        self.every(self.static + self.served, check)

    def violations(self):
        # The browser runs the checker outside the page's own policy, as a developer's console would.
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        self.driver.refresh()
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": AXE.read_text("utf-8")})
        answer = self.driver.execute_cdp_cmd(
            "Runtime.evaluate",
            {
                "expression": f"axe.run(document, {{runOnly: {TAGS}}}).then(r => r.violations"
                ".map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))))",
                "awaitPromise": True,
                "returnByValue": True,
            },
        )
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
        self.assertNotIn("exceptionDetails", answer)
        return answer["result"]["value"]

    def test_axe_finds_nothing_in_light_and_dark(self):
        for scheme in ("light", "dark"):
            self.look(WIDE, scheme)
            self.every(
                [self.static[0], self.static[-2], self.static[-1], *self.served],
                lambda page: self.assertEqual(self.violations(), []),
            )

    def test_the_checker_would_find_a_missing_text(self):
        self.driver.get(self.static[0])
        self.driver.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
        self.assertEqual(self.violations(), [])
        broken = pathlib.Path(self.chipcast.folder.name) / "broken.html"
        broken.write_text("<html><body><img src=''><input></body></html>", "utf-8")
        self.driver.get(broken.as_uri())
        self.assertTrue(any(v.startswith("image-alt") for v in self.violations()))

    def test_narrow_screens_do_not_scroll_sideways(self):
        self.look(NARROW)

        def check(page):
            width = self.driver.execute_script("return document.documentElement.scrollWidth")
            self.assertLessEqual(width, NARROW)

        self.every(self.static + self.served, check)

    def brightness(self):
        colour = self.driver.execute_script(
            "let e = document.body, c; while (e && (c = getComputedStyle(e).backgroundColor)"
            " === 'rgba(0, 0, 0, 0)') e = e.parentElement; return c"
        )
        return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 3

    def test_dark_and_light_follow_the_reader(self):
        for page in (self.static[0], self.served[0], self.served[7]):
            self.look(WIDE, "light")
            self.driver.get(page)
            self.assertGreater(self.brightness(), 200, page)
            self.look(WIDE, "dark")
            self.driver.get(page)
            self.assertLess(self.brightness(), 60, page)

    def test_print_is_black_on_white_and_whole(self):
        for page in (self.static[0], self.served[1]):
            self.look(WIDE, "dark")
            self.driver.get(page)
            self.look(WIDE, "dark", "print")
            self.assertGreater(self.brightness(), 200, page)
            made = self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
            pdf = base64.b64decode(made["data"])
            n_pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
            self.assertGreater(n_pages, 2, page)
            self.assertLess(n_pages, 40, page)

    def test_the_keyboard_reaches_the_report_and_every_link(self):
        for page in (self.static[0], self.served[0]):
            self.driver.get(page)
            body = self.driver.find_element(By.TAG_NAME, "body")
            body.send_keys(Keys.TAB)
            first = self.driver.switch_to.active_element
            self.assertEqual(first.get_attribute("href").rsplit("#", 1)[-1], "main")
            outline = first.value_of_css_property("outline-style")
            self.assertTrue(first.is_displayed() and outline != "none")
            first.send_keys(Keys.ENTER)
            self.assertTrue(self.driver.current_url.endswith("#main"))
            hidden = self.driver.execute_script(
                "return [...document.querySelectorAll('a[href], button, input, select, summary')]"
                ".filter(e => e.tabIndex < 0 && e.type !== 'hidden').length"
            )
            self.assertEqual(hidden, 0)

    def test_charts_have_words_and_data(self):
        def check(page):
            charts = self.driver.find_elements(By.CSS_SELECTOR, "figure svg")
            for chart in charts:
                self.assertTrue(chart.get_attribute("role") in ("img", "graphics-document"))
            figures = self.driver.find_elements(By.TAG_NAME, "figure")
            tables = self.driver.find_elements(By.CSS_SELECTOR, "figure details table")
            self.assertEqual(len(figures), len(tables))

        self.every(self.static, check)

    def result(self):
        """The numbers of the scaling page."""
        return self.driver.find_element(By.ID, "result").text

    def wait_for_another_result(self, before):
        """Until the numbers differ. While a page or its part is replaced, the old element may go stale
        between being found and being read, or none may be there: that is "not yet", not a failure."""
        WebDriverWait(
            self.driver, 30,
            ignored_exceptions=[NoSuchElementException, StaleElementReferenceException],
        ).until(lambda _: self.result() != before)

    def test_a_slider_moved_by_keyboard_changes_the_numbers(self):
        self.driver.get(self.chipcast.address + "/scaling?company=msft")
        before = self.result()
        slider = self.driver.find_element(By.CSS_SELECTOR, "input[type=range]")
        for _ in range(5):
            slider.send_keys(Keys.ARROW_RIGHT)
        self.wait_for_another_result(before)
        self.assertEqual(self.complaints(), [])

    def test_sliders_work_without_scripts(self):
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        try:
            self.driver.get(self.chipcast.address + "/scaling?company=msft")
            before = self.result()
            field = self.driver.find_element(By.CSS_SELECTOR, "form input[type=number]")
            field.send_keys(field.get_attribute("max"), Keys.ENTER)
            self.wait_for_another_result(before)
        finally:
            self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


if __name__ == "__main__":
    unittest.main(verbosity=2)
