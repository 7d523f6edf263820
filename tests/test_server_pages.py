"""Pages of nodes: every IRI in every form, links that lead somewhere, hostile data, search, facts of the real graph."""

from __future__ import annotations

import contextlib
import json
import re
import time
from urllib.parse import unquote, urljoin, urlsplit

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st
from rdflib.compare import isomorphic

from siibra_kg.names import key
from siibra_kg.server.job import State
from siibra_kg.server.negotiate import Form, choose
from siibra_kg.server.options import ServerOptions
from siibra_kg.server.pages import assets
from siibra_kg.server.pages.search_index import Entry, SearchIndex
from siibra_kg.server.pages.site import Site
from siibra_kg.server.problem import Refused
from siibra_kg.terms import is_iri
from siibra_kg.vocab import BASE, NAMESPACES
from tests.pages_asked import URL, Document, ask, state_of

FORMS = {"text/turtle": "turtle", "application/n-triples": "nt", "application/ld+json": "json-ld"}
SUFFIXES = {"ttl": "text/turtle", "nt": "application/n-triples", "jsonld": "application/ld+json", "html": "text/html"}

SMALL = f"""
@base <{BASE}> .
<id/release/at-v1> a skg:ParcellationRelease ; skos:prefLabel "At v1" ; dcat:version "1" ; skg:nameKey "at v1" .
<id/region/at-v1/whole> a skg:Region ; skos:prefLabel "whole" ; skos:inScheme <id/release/at-v1> ; skg:depth 0 ;
  skg:nameKey "whole" , "id whole" ; skg:hasPart <id/region/at-v1/part> ; skg:isVersionOf <urn:e:whole> .
<id/region/at-v1/part> a skg:Region ; skos:prefLabel "the part" ; skos:inScheme <id/release/at-v1> ; skg:depth 1 ;
  skg:nameKey "the part" ; skg:partOf <id/region/at-v1/whole> ; skos:broaderTransitive <id/region/at-v1/whole> ;
  skg:colorHex "#AABBCC" ; skos:exactMatch <http://purl.obolibrary.org/obo/UBERON_0000001> ;
  skg:openmindsPartOf <id/region/at-v1/other> ; skg:siibraOrder 2 .
<id/region/at-v1/other> a skg:Region ; skos:prefLabel "other tree" ; skos:inScheme <id/release/at-v1> ; skg:depth 0 ;
  skg:nameKey "other tree" .
<id/feature/f1> a skg:Feature , skg:ReceptorDensityFingerprint ; skos:prefLabel "a fingerprint" ;
  skg:anchoredByName <id/region/at-v1/part> ; skg:hasFile <id/feature/f1/file/0> .
<id/feature/f1/file/0> a skg:DataFile ; dcat:downloadURL <https://example.org/a.csv> .
<id/map/m> a skg:ParcellationMap ; skg:ofRelease <id/release/at-v1> ; skg:inSpace <urn:s:1> ; skg:mapKind "labelled" ;
  skg:hasVolume <id/volume/v> ; skg:hasIndex <id/map/m/index/1> .
<id/map/m/index/1> a skg:RegionIndex ; skg:region <id/region/at-v1/part> ; skg:volume <id/volume/v> ; skg:label 7 .
<id/volume/v> a skg:Volume ; skg:inSpace <urn:s:1> ; dcat:distribution <id/volume/v/nii> .
<id/volume/v/nii> a dcat:Distribution ; dcat:downloadURL <https://example.org/a.nii> ; skg:providerType "nii" .
<urn:s:1> a omt:CommonCoordinateFrameworkVersion ; om:shortName "Space" ; om:versionIdentifier "1" .
<urn:e:whole> a omt:ParcellationEntity ; om:name "whole" ; om:definition "All of it." .
<vocab/Region> a owl:Class ; rdfs:label "region"@en ; skos:definition "A part."@en .
<mapping/m/1> a owl:Axiom ; owl:annotatedSource <id/region/at-v1/part> ; owl:annotatedProperty skos:exactMatch ;
  owl:annotatedTarget <http://purl.obolibrary.org/obo/UBERON_0000001> ; sssom:confidence 0.75 ;
  sssom:mapping_justification semapv:LexicalMatching .
<graph/test> a dcat:Dataset ; dcterms:title "Test" ; dcterms:license <https://spdx.org/licenses/CC-BY-4.0> .
<id/odd/x> rdfs:label "x" . <id/odd/x.ttl> rdfs:label "named like a file" .
<id/odd/a%20b> rdfs:label "with a blank" . <id/odd/ä/ß> rdfs:label "other letters" . <id/odd/q?a=b#c> rdfs:label "q" .
<id/odd/../up> rdfs:label "up" . <id/odd//double> rdfs:label "double" . <//evil.example/x> rdfs:label "elsewhere" .
"""


@pytest.fixture(scope="module")
def small():
    return state_of(SMALL)


@pytest.fixture(scope="module")
def real(both):
    return State(both, ServerOptions())


def nodes(state):
    """Give every IRI of a graph, from the engine itself."""
    native = state.kg.store.native
    found = {
        t.value for q in native for t in (q.subject, q.predicate, q.object, q.graph_name) if isinstance(t, ox.NamedNode)
    }
    return sorted(found)


# -- forms -------------------------------------------------------------------------------------------------------------


def test_every_node_answers_in_four_forms_that_say_the_same(small):
    """HTML has its IRI; the three RDF forms are one graph, and it holds every statement about the node."""
    native = small.kg.store.native
    site = Site(URL, BASE)
    checked = 0
    for iri in nodes(small):
        page = ask(small, site.url(iri))
        assert page.status == 200, iri
        assert iri in Document(page.body).words()
        graphs = []
        for media_type, name in FORMS.items():
            reply = ask(small, site.url(iri), media_type)
            assert (reply.status, reply.media_type.partition(";")[0]) == (200, media_type), iri
            graphs.append(rdflib.Graph().parse(data=reply.body, format=name))
        assert isomorphic(graphs[0], graphs[1]), iri
        assert isomorphic(graphs[1], graphs[2]), iri
        stated = {(q.predicate.value, q.object.value) for q in native.quads_for_pattern(ox.NamedNode(iri), None, None)}
        assert stated <= {(str(p), str(o)) for s, p, o in graphs[1] if str(s) == iri}
        checked += 1
    assert checked > 40


def test_suffixes_and_format_choose_a_form(small):
    for suffix, media_type in SUFFIXES.items():
        for url in (
            f"/id/release/at-v1.{suffix}",
            f"/id/release/at-v1?format={suffix}",
            f"/id/release/at-v1?format={media_type}",
        ):
            reply = ask(small, url, "text/css")
            assert (reply.status, reply.media_type.partition(";")[0]) == (200, media_type), url
            assert dict(reply.headers)["Content-Location"] == f"/id/release/at-v1.{suffix}"
            assert dict(reply.headers)["Vary"] == "Accept"


def test_an_iri_that_exists_wins_over_a_suffix(small):
    """<id/odd/x.ttl> is a node of its own; Turtle about <id/odd/x> is at another address."""
    page = ask(small, "/id/odd/x.ttl")
    assert page.media_type.startswith("text/html")
    assert "named like a file" in Document(page.body).words()
    reply = ask(small, "/id/odd/x", "text/turtle")
    assert dict(reply.headers)["Content-Location"] == "/id/odd/x?format=ttl"
    assert ask(small, "/id/odd/x?format=ttl").body == reply.body
    assert b'"x"' in ask(small, "/id/odd/x.nt").body


def test_nothing_acceptable_lists_what_exists(small):
    for url in ("/id/release/at-v1", "/id/release/at-v1?format=docx", "/resource?iri=urn%3Ae%3Awhole"):
        reply = ask(small, url, "image/png")
        assert reply.status == 406
        assert {"text/turtle; charset=utf-8", "application/ld+json"} <= set(json.loads(reply.body)["available"])


def test_unknown_iris(small):
    """Browsers get a page with the nearest names, programs a problem; both with status 404."""
    page = ask(small, "/id/region/at-v1/the-prat")
    assert (page.status, page.media_type) == (404, "text/html; charset=utf-8")
    assert "/id/region/at-v1/part" in Document(page.body).links
    problem = ask(small, "/id/region/at-v1/the-prat", "text/turtle")
    assert (problem.status, problem.media_type) == (404, "application/problem+json")
    for url in ("/resource?iri=no%20iri", "/resource", "/id/x?page=-1", "/id/x?page=1e9"):
        assert ask(small, url).status == 422, url


def test_a_redirect_of_an_iri_with_an_escape_finds_it(small):
    """The IRI holds %20; its page's link has %2520, so that one decoding gives the IRI back."""
    assert Site(URL, BASE).href(f"{BASE}id/odd/a%20b") == "/id/odd/a%2520b"
    assert ask(small, "/id/odd/a%20b").status == 200, "asked for as the IRI is written"


def test_headers_of_a_page(small):
    """FAIR Signposting level 1, and what keeps a page from running anything."""
    page = ask(small, "/id/region/at-v1/part")
    links = [
        re.match(r'<([^>]*)>; rel="([^"]*)"(?:; type="([^"]*)")?\Z', v).groups() for n, v in page.headers if n == "Link"
    ]
    by = {}
    for target, relation, media_type in links:
        by.setdefault(relation, []).append((target, media_type))
    assert ("/id/region/at-v1/part.ttl", "text/turtle") in by["alternate"]
    assert len(by["alternate"]) == 3
    assert ("/.well-known/void", None) in by["describedby"]
    assert by["cite-as"] == [(f"{BASE}id/region/at-v1/part", None)]
    assert by["canonical"] == [(f"{URL}/id/region/at-v1/part", None)]
    assert by["license"] == [("https://spdx.org/licenses/CC-BY-4.0", None)]
    assert ("https://schema.org/AboutPage", None) in by["type"]
    assert len(by["type"]) == 2
    policy = dict(page.headers)["Content-Security-Policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


def test_links_in_pages_lead_somewhere(small):
    """Every link of every page to this server that is answered by pages is answered with 200."""
    site = Site(URL, BASE)
    asked = set()
    for url in ["/", "/search?q=part", *(site.url(iri) for iri in nodes(small))]:
        for link in Document(ask(small, url).body).links:
            target = urljoin(URL + "/", link)
            place = urlsplit(target)
            if not target.startswith(URL + "/") or place.path.startswith(
                ("/sparql", "/api", "/.well-known", "/openapi")
            ):
                continue
            asked.add(target.partition("#")[0])
    asked -= {URL + "/search"}
    assert len(asked) > 60
    assert {target: ask(small, target, "*/*").status for target in sorted(asked)} == dict.fromkeys(asked, 200)


def test_static_files_and_nothing_else():
    state = state_of("")
    for name in ("style.css", "search.js", "icon.svg"):
        reply = ask(state, assets.address(name))
        assert "immutable" in dict(reply.headers)["Cache-Control"]
        assert reply.body
    for name in ("style.css", "../routes.py", "..%2froutes.py", "style.0123456789ab.css", "search.js%00", "routes.py"):
        assert ask(state, f"/static/{name}").status == 404


# -- negotiation -------------------------------------------------------------------------------------------------------

TOKENS = st.sampled_from(["text/html", "text/turtle", "text/*", "*/*", "application/ld+json", "application/*", "a/b"])
WEIGHTS = st.sampled_from(["", ";q=1", ";q=0", ";q=0.5", "; Q=0.25", ";q=0.001", ";charset=utf-8;q=0.7"])
EXISTING = (Form("html", ("text/html",)), Form("ttl", ("text/turtle",)), Form("jsonld", ("application/ld+json",)))


def weigh(accept, media_type):
    """RFC 9110, 12.5.1, written down once more: the most specific range that fits decides."""
    best = (-1, 0.0)
    for name, weight in accept:
        digits = re.search(r"q=([0-9.]+)", weight, re.IGNORECASE)
        q = float(digits[1]) if digits else 1.0
        fits = {"*/*": 0, media_type.split("/")[0] + "/*": 1, media_type: 2}.get(name)
        if fits is not None:
            best = max(best, (fits, q))
    return best[1]


@given(st.lists(st.tuples(TOKENS, WEIGHTS), min_size=1, max_size=6))
def test_negotiation_as_the_rfc_says(accept):
    header = ", ".join(name + weight for name, weight in accept)
    weights = [weigh(accept, form.media_type) for form in EXISTING]
    if max(weights) == 0:
        with pytest.raises(Refused) as refused:
            choose(header, EXISTING)
        assert refused.value.status == 406
    else:
        assert choose(header, EXISTING) == EXISTING[weights.index(max(weights))]


@given(st.text(alphabet='texhmlur/*;q=0.15, "\\\t', max_size=60))
def test_negotiation_bears_any_text(accept):
    with contextlib.suppress(Refused):
        assert choose(accept, EXISTING) in EXISTING


def test_quoted_parameters_and_malformed_weights():
    """A comma in a quoted string parts nothing; a weight that is none takes its range out."""
    assert choose('application/ld+json;profile="a, text/html"', EXISTING).name == "jsonld"
    for weight in ("nan", "inf", "2", "-1", "0.1234", "1e-1", ""):
        assert choose(f"text/html;q={weight}, text/turtle;q=0.1", EXISTING).name == "ttl", weight


# -- addresses ---------------------------------------------------------------------------------------------------------


@given(st.text(alphabet="ab/.:%?#&=@ä€~|\\'\"<> \u202e", max_size=25), st.sampled_from(["id/", "", "vocab/", "x/"]))
def test_links_to_nodes_stay_here_and_come_back(rest, start):
    """Whatever IRI a graph holds: its link is on this server, and decoded as a front decodes it gives the IRI back."""
    iri = f"{BASE}{start}{rest}"
    if not is_iri(iri):
        return
    site = Site("https://example.org/kg", BASE)
    target = urlsplit(urljoin("https://example.org/kg/id/some/page", site.href(iri)))
    assert (target.scheme, target.netloc, target.fragment) == ("https", "example.org", "")
    path = unquote(target.path)
    assert path.startswith("/kg/")
    if path != "/kg/resource":
        assert (BASE + path.removeprefix("/kg/"), target.query) == (iri, "")


@pytest.mark.parametrize(
    "iri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "mailto:a@b",
        "vbscript:x",
        "file:///etc/passwd",
    ],
)
def test_no_link_to_what_could_run(iri):
    site = Site(URL, BASE)
    assert (site.href(iri), site.outside(iri)) == ("", "")


# -- hostile data ------------------------------------------------------------------------------------------------------

ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus='alert(1)",
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>{{7*7}}{% raw %}",
    "\u202egnp.exe",
    "</title></textarea><svg onload=alert(1)>",
)


def hostile():
    """Write a graph whose every text attacks."""
    lines = []
    for n, attack in enumerate(ATTACKS):
        text = rdflib.Literal(attack).n3()
        lines.append(
            f"<{BASE}id/region/x/{n}> a skg:Region ; skos:prefLabel {text} ; skos:altLabel {text} ; skg:depth 0 ;"
            f" skg:colorHex {text} ; om:definition {text} ; skos:inScheme <{BASE}id/release/x> ; rdfs:comment {text} ;"
            f" rdfs:seeAlso <javascript:alert({n})> , <data:text/html,{n}> ; skos:exactMatch <javascript:alert(9)> ;"
            f" skg:nameKey {rdflib.Literal(key(attack) or 'x').n3()} .\n"
            f"<{BASE}id/release/x> a skg:ParcellationRelease ; skos:prefLabel {text} .\n"
        )
    return "".join(lines)


def test_hostile_texts_stay_text():
    """No element, attribute or link comes from the data, on any page; JSON-LD in a page holds the text unchanged."""
    state = state_of(hostile())
    urls = ["/", "/search?q=script", "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "/id/%3Cscript%3E"]
    urls += [f"/id/region/x/{n}{more}" for n in range(len(ATTACKS)) for more in ("", "?view=statements")]
    urls += ["/resource?iri=javascript%3Aalert(9)", "/id/release/x"]
    for url in urls:
        page = Document(ask(state, url).body)
        assert not {"img", "iframe", "object", "base", "style"} & set(page.tags), url
        assert not [a for a in page.attributes if a[1].startswith("on") or a[1] in ("style", "srcdoc", "autofocus")], (
            url
        )
        assert not [x for x in page.links if not re.match(r"[/#]|https?://", x)], url
        assert page.tags.count("script") == 1 + len(page.data), "our own script, and JSON-LD"
    for n, attack in enumerate(ATTACKS):
        page = Document(ask(state, f"/id/region/x/{n}").body)
        assert attack in json.dumps(json.loads(page.data[0]), ensure_ascii=False).replace('\\"', '"')
        assert " ".join(attack.split()) in page.words()


# -- search ------------------------------------------------------------------------------------------------------------


def test_search_in_a_small_graph(small):
    found = json.loads(ask(small, "/search.json?q=the%20prat").body)["hits"]
    assert found[0]["iri"] == f"{BASE}id/region/at-v1/part"
    assert found[0]["parcellation_name"] == "At v1"
    assert found[0]["href"] == "/id/region/at-v1/part"
    assert json.loads(ask(small, "/search?q=At+v1", "application/json").body)["hits"][0]["kind"] == "parcellation"
    assert "a fingerprint" in Document(ask(small, "/search?q=finger").body).words()
    assert ask(small, "/search?q=" + "x" * 400).status == 422


WORDS = st.lists(st.sampled_from(["area", "hoc1", "hoc2", "left", "ca1", "nucleus", "of", "x"]), min_size=1, max_size=3)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_search_finds_whole_names_first_and_all_names_with_all_words(names, wanted):
    entries = [Entry(f"urn:{n}", " ".join(name), "region", (key(" ".join(name)),)) for n, name in enumerate(names)]
    text = " ".join(wanted)
    hits = SearchIndex.make(entries).find(text, 100)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert {e.iri for e in entries if set(wanted) <= set(e.name.split())} <= {h.entry.iri for h in hits}
    whole = [e.iri for e in entries if e.name == text]
    assert set(whole) == {h.entry.iri for h in hits[: len(whole)]}


# -- the real graph ----------------------------------------------------------------------------------------------------

HOC1 = "id/region/jba-v3.0.3/area-hoc1"
SPECS = (
    "hoc1",
    "Area hOc1 (V1, 17, CalcS)",
    "left hoc1",
    "postcentral gyrus",
    "amygdala",
    "caudate putamen",
    "CA1",
    "insula",
)


def direct(state, query):
    """Ask the engine itself."""
    head = "".join(f"PREFIX {p}: <{n}> " for p, n in NAMESPACES.items())
    rows = state.kg.store.native.query(head + query, use_default_graph_as_union=True)
    return {tuple(None if c is None else c.value for c in row) for row in rows}


@pytest.mark.mirror
def test_the_page_of_a_region_has_the_facts(real):
    reply = ask(real, f"/{HOC1}")
    page = Document(reply.body)
    links, words, me = set(page.links), page.words(), f"<{BASE}{HOC1}>"
    site = Site(URL, BASE)
    expected = {
        "parts": f"SELECT ?x {{ {me} skg:hasPart ?x }}",
        "parcellation": f"SELECT ?x {{ {me} skos:inScheme ?x }}",
        "siibra's tree": f"SELECT ?x {{ {me} skg:partOf+ ?x }}",
        "openMINDS' tree": f"SELECT ?x {{ {me} skg:openmindsPartOf+ ?x }}",
        "versions": f"SELECT ?x {{ {me} skg:otherVersion ?x }}",
        "graphs": f"SELECT DISTINCT ?x {{ GRAPH ?x {{ {me} ?p ?o }} }}",
        "modalities": f"SELECT DISTINCT ?x {{ ?f skg:anchoredByName {me} ; a ?x FILTER(?x != skg:Feature) }}",
    }
    for what, query in expected.items():
        found = direct(real, query)
        assert found, what
        assert {site.href(x) for (x,) in found} <= links, what
    for (name,) in direct(real, f"SELECT ?x {{ {me} skos:prefLabel|skg:colorHex ?x }}"):
        assert name in words
    counts = direct(real, f"SELECT (COUNT(DISTINCT ?f) AS ?n) {{ ?f skg:anchoredByName|skg:anchoredById ?a . "
                          f"{{ BIND({me} AS ?a) }} UNION {{ {me} skos:broaderTransitive|skos:inScheme ?a }} UNION "
                          f"{{ ?a skos:broaderTransitive {me} }} }}")  # fmt: skip
    assert f"{int(next(iter(counts))[0]):,} features are anchored" in words
    assert page.tags.count("h1") == 1
    assert "Show the SPARQL" in words


@pytest.mark.mirror
def test_queries_of_a_page_give_what_it_shows(real):
    """Each block's query parses and runs as it stands; the link that opens it holds the same text."""
    from siibra_kg.server.pages.desk import Desk
    from siibra_kg.server.pages.region import blocks
    from siibra_kg.terms import IRI

    desk = Desk(real.kg, Site(URL, BASE))
    queries = [q for b in blocks(desk, IRI(BASE + HOC1)) if b for q in b.queries]
    assert len(queries) > 12
    for query in queries:
        assert len(real.kg.sparql(query.sparql)) == len(
            desk._asked[next(k for k in desk._asked if desk._asked[k].sparql == query.sparql)]
        )
        assert unquote(query.href.replace("+", " ")).endswith(query.sparql)


@pytest.mark.mirror
@pytest.mark.parametrize(
    "path",
    ["", "id/release/jba-v3.1", "id/release/aal1-spm12-v4", "vocab/Region", "graph/meta",
     "id/map/colin27-jba31-labelled",
     "resource?iri=https://openminds.om-i.org/instances/anatomicalAtlas/JBA",
     "resource?iri=http://purl.obolibrary.org/obo/UBERON_0002436",
     "resource?iri=https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-Colin27_1998"],
)  # fmt: skip
def test_pages_of_all_kinds(real, path):
    """A handful of real pages is there, whole, with one heading; a hub with 25,000 links is listed in parts."""
    reply = ask(real, f"/{path}")
    page = Document(reply.body)
    assert (reply.status, page.tags.count("h1"), page.tags.count("main")) == (200, 1, 1)
    assert len(reply.body) < 700_000
    assert b"</html>" in reply.body[-20:]


@pytest.mark.mirror
@pytest.mark.parametrize("spec", SPECS)
def test_search_ranks_as_find_does(real, spec):
    """The first hit is a region that kg.find has among its best kind; all of find's whole names are hits."""
    hits = [
        h
        for h in json.loads(ask(real, "/search.json?q=" + spec.replace(" ", "+")).body)["hits"]
        if h["kind"] == "region"
    ]
    found = real.kg.find(spec)
    assert hits[0]["iri"] in {r.iri for r in found}
    whole = {r.iri for r in found if key(r.name) == key(spec)}
    assert whole <= {h["iri"] for h in hits[: len(whole)]}


@pytest.mark.mirror
def test_search_forgives_and_is_quick(real):
    """Warm answers take less than 20 ms, typing and typos alike: of the processor, as neighbours take their turns."""
    ask(real, "/search.json?q=x")
    for typed, name in (
        ("amygdla", "amygdala"),
        ("postcentrl gyrus", "postcentral gyrus"),
        ("hipocampus", "hippocampus"),
    ):
        hits = json.loads(ask(real, "/search.json?q=" + typed.replace(" ", "+")).body)["hits"]
        assert name in hits[0]["name"].lower(), typed
    texts = ("a", "ar", "area", "area h", "area hoc1 left", "nucleus of the", "lft hipocampus", "julich 3.1", "zzzzqq")
    best = {text: min(_seconds(real, text) for _ in range(4)) for text in texts}
    assert max(best.values()) < 0.02, best


def _seconds(state, text):
    start = time.thread_time()
    ask(state, "/search.json?q=" + text.replace(" ", "+"))
    return time.thread_time() - start
