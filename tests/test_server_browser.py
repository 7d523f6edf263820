"""Pages in a real browser: with and without scripts, search as one types, and data that attacks whoever reads it."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import pytest

from siibra_kg.vocab import BASE, NAMESPACES
from tests.servers.serving import serving
from tests.test_server_pages import ATTACKS, SMALL, hostile

selenium = pytest.importorskip("selenium")
from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import NoAlertPresentException  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not shutil.which("chromium") or not shutil.which("chromedriver"), reason="needs Chromium"),
]
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1280,1000",
)

#: What pages ask for besides; the last where a browser shows JSON.
OWN = {"/static/style", "/static/search", "/static/icon", "/favicon"}


@contextmanager
def chromium(folder, *, scripts):
    """Run a browser with a profile of its own; it logs its console and its requests."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in (*QUIET, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.set_capability("unhandledPromptBehavior", "ignore")  # a dialog stays until it is looked for
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        driver.set_page_load_timeout(30)
        driver.get("about:blank")
        driver.get_log("performance")  # what the browser's own first page asked for
        yield driver
    finally:
        driver.quit()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Serve a small graph, with texts that attack, in one named graph."""
    prefixes = "".join(f"@prefix {p}: <{n}> .\n" for p, n in NAMESPACES.items())
    text = f"{prefixes}@base <{BASE}> .\n<graph/test> {{\n{SMALL.replace(f'@base <{BASE}> .', '')}\n{hostile()}\n}}"
    file = tmp_path_factory.mktemp("graph") / "hostile.trig"
    file.write_text(text, "utf-8")
    with serving(file) as server:
        yield server.url


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("with"), scripts=True) as driver:
        yield driver


@pytest.fixture(scope="module")
def plain_browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("without"), scripts=False) as driver:
        yield driver


def requested(driver):
    """Give the addresses that the browser asked for since the last time."""
    said = [json.loads(line["message"])["message"] for line in driver.get_log("performance")]
    return [m["params"]["request"]["url"] for m in said if m["method"] == "Network.requestWillBeSent"]


def nothing_happened(driver, url, *, expected=()):
    """No dialog, no complaint in the console, no request to anywhere else."""
    with pytest.raises(NoAlertPresentException):
        driver.switch_to.alert.accept()
    said = [line["message"] for line in driver.get_log("browser")]
    assert not [m for m in said if not any(e in m for e in expected)]
    asked = requested(driver)
    assert not [a for a in asked if not a.startswith(url)], asked
    return asked


def test_texts_that_attack_do_nothing(browser, url):
    """Stored in every place of a graph and shown on every kind of page: zero dialogs, and only the pages' own files."""
    pages = [f"/id/region/x/{n}" for n in range(len(ATTACKS))]
    pages += ["/id/region/x/0?view=statements", "/id/release/x", "/", "/search?q=script", "/graph/test"]
    pages += [
        f"/search?q={quote(ATTACKS[1])}",
        "/resource?iri=javascript%3Aalert(9)",
        f"/sparql?query={quote(ATTACKS[7])}",
    ]
    for page in pages:
        browser.get(url + page)
        # A query that is none is refused, and the browser says so.
        asked = nothing_happened(browser, url, expected=("400 (Bad Request)",))
        assert {urlsplit(a).path.partition(".")[0] for a in asked[1:]} <= OWN
    browser.get(f"{url}/id/region/x/6")
    assert browser.find_element(By.TAG_NAME, "h1").text == ATTACKS[6]
    assert browser.execute_script("return document.querySelector('h1 bdi').textContent") == ATTACKS[6]


def test_attacks_in_suggestions_do_nothing(browser, url):
    """What the script writes into the page is text as well."""
    browser.get(url + "/")
    browser.find_element(By.ID, "q").send_keys("alert")
    WebDriverWait(browser, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#suggestions-0 li"))
    names = [e.get_attribute("textContent") for e in browser.find_elements(By.CSS_SELECTOR, "#suggestions-0 bdi")]
    assert ATTACKS[0] in names
    assert not browser.find_elements(By.CSS_SELECTOR, "#suggestions-0 img, #suggestions-0 script, #suggestions-0 svg")
    nothing_happened(browser, url)


def test_search_as_one_types(browser, url):
    """Suggestions appear, the arrow and return keys choose one, escape closes them."""
    browser.get(url + "/")
    box = browser.find_element(By.ID, "q")
    box.send_keys("the prat")
    WebDriverWait(browser, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, "#suggestions-0 li"))
    assert box.get_attribute("aria-expanded") == "true"
    box.send_keys(Keys.ESCAPE)
    assert box.get_attribute("aria-expanded") == "false"
    box.send_keys(" ")
    WebDriverWait(browser, 10).until(lambda d: box.get_attribute("aria-expanded") == "true")
    box.send_keys(Keys.ARROW_DOWN, Keys.RETURN)
    WebDriverWait(browser, 10).until(lambda d: d.current_url == f"{url}/id/region/at-v1/part")
    nothing_happened(browser, url)


@pytest.mark.parametrize("kind", ["browser", "plain_browser"])
def test_pages_work_with_and_without_scripts(kind, url, request):
    """Facts, trails, queries, the search form and the form for queries."""
    driver = request.getfixturevalue(kind)
    driver.get(f"{url}/id/region/at-v1/part")
    assert driver.find_element(By.TAG_NAME, "h1").text == "the part"
    trails = [e.text.replace("\n", " ") for e in driver.find_elements(By.CSS_SELECTOR, ".trail")]
    assert [" ".join(t.replace("›", " ").split()) for t in trails] == [
        "siibra whole the part",
        "openMINDS other tree the part",
    ]
    driver.find_element(By.CSS_SELECTOR, "#trail summary").click()
    assert "broaderTransitive" in driver.find_element(By.CSS_SELECTOR, "#trail pre").text
    driver.find_element(By.CSS_SELECTOR, "#trail .query a").click()
    shown = WebDriverWait(driver, 10).until(lambda d: d.find_elements(By.ID, "query"))[0].get_attribute("value")
    assert "broaderTransitive" in shown
    driver.get(f"{url}/sparql")
    box = driver.find_element(By.ID, "query")
    box.clear()
    box.send_keys(
        f"SELECT ?name WHERE {{ <{BASE}id/region/at-v1/part> <http://www.w3.org/2004/02/skos/core#prefLabel> ?name }}"
    )
    driver.find_element(By.CSS_SELECTOR, ".ask button").click()
    found = WebDriverWait(driver, 10).until(lambda d: d.find_elements(By.CSS_SELECTOR, "main td"))
    assert [e.text for e in found] == ["the part"]
    driver.get(url + "/")
    driver.find_element(By.ID, "q2").send_keys("fingerprint", Keys.RETURN)
    WebDriverWait(driver, 10).until(lambda d: d.find_elements(By.LINK_TEXT, "a fingerprint"))[0].click()
    WebDriverWait(driver, 10).until(lambda d: d.current_url == f"{url}/id/feature/f1")
    nothing_happened(driver, url)


def test_a_narrow_page_does_not_scroll_sideways(browser, url):
    """Also on a telephone; what is wide scrolls by itself."""
    browser.set_window_size(500, 900)  # the least that this browser takes
    try:
        for page in ("/", "/id/region/at-v1/part", "/graph/test", "/sparql", "/search?q=part"):
            browser.get(url + page)
            wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, page
    finally:
        browser.set_window_size(1280, 1000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(browser, url, scheme):
    """Every text has the contrast of WCAG 2.1 AA (4.5 to 1), in both colour schemes; every control has a name."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    for page in ("/", "/id/region/at-v1/part", "/search?q=part"):
        browser.get(url + page)
        low = browser.execute_script(CONTRAST)
        assert not low, (page, low[:5])
        unnamed = (
            "return [...document.querySelectorAll('input, textarea, select')].filter(e => !e.labels.length).length"
        )
        assert browser.execute_script(unnamed) == 0


CONTRAST = """
const parse = c => c.match(/[0-9.]+/g).map(Number);
const linear = v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = c => { const [r, g, b] = c.map(v => linear(v / 255)); return .2126 * r + .7152 * g + .0722 * b; };
const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
return [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => e.offsetParent && !['SCRIPT', 'STYLE'].includes(e.tagName))
  .map(e => { const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.tagName, e.className, e.textContent.slice(0, 30)]; })
  .filter(([ratio]) => ratio < 4.5);
"""
