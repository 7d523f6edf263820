"""The command line, as a user meets it: data on stdout, talk on stderr, exit codes, no traceback ever."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys

import nibabel
import pytest

POSTCENTRAL = "https://openminds.om-i.org/instances/parcellationEntity/JBA_postcentralGyrus"


@pytest.fixture
def cli(snapshot_home, tmp_path):
    """Run ``siibra-kg`` in a process of its own, offline, on the full snapshot."""

    def run(*words: object, stdin: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "SIIBRA_KG_HOME": str(snapshot_home), "SIIBRA_KG_OFFLINE": "1", **environment}
        command = [sys.executable, "-m", "siibra_kg", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, input=stdin, cwd=tmp_path, env=env, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def test_help_names_every_command(cli):
    """The help lists the commands that the interface promises."""
    text = cli("--help").stdout
    for name in [
        "build",
        "info",
        "tour",
        "queries",
        "query",
        "explain",
        "sparql",
        "region",
        "find",
        "tree",
        "show",
        "features",
        "modalities",
        "mask",
        "plot",
        "map",
        "template",
        "assign",
        "cache",
        "check",
        "export",
    ]:
        assert name in text


def test_query_prints_rows_in_every_format(cli):
    """Table, CSV, TSV and JSON hold the same rows; nothing but data is on stdout."""
    call = ("query", "hierarchy/children", "--region", POSTCENTRAL, "--format")
    rows = json.loads(cli(*call, "json").stdout)
    assert len(rows) > 1
    assert [r["name"] for r in rows] == [r["name"] for r in csv.DictReader(io.StringIO(cli(*call, "csv").stdout))]
    tsv = csv.DictReader(io.StringIO(cli(*call, "tsv").stdout), delimiter="\t")
    assert [r["iri"] for r in rows] == [r["iri"] for r in tsv]
    table = cli(*call, "table").stdout
    assert all(r["name"] in table for r in rows)
    assert "\x1b" not in table


def test_a_name_can_stand_for_a_node(cli):
    """A parameter takes an IRI, a CURIE, an id, or a name."""
    by_iri = cli("query", "hierarchy/children", "--region", POSTCENTRAL).stdout
    assert by_iri.count("\n") > 2
    for spec in ("omi:parcellationEntity/JBA_postcentralGyrus", f"<{POSTCENTRAL}>"):
        assert cli("query", "hierarchy/children", "--region", spec).stdout == by_iri
    by_id = cli("query", "hierarchy/children", "--region", "jba-v3.0.3/postcentralgyrus").stdout
    assert by_id.count("\n") > 2
    for spec in ("JBA_postcentralGyrus", "skgi:region/jba-v3.0.3/postcentralgyrus"):
        assert cli("query", "hierarchy/children", "--region", spec).stdout == by_id


def test_explain_prints_what_would_be_sent(cli):
    """The explained query, run by hand, gives the rows of the template."""
    call = ("region/by-label", "--release", "waxholm v4", "--label", "128")
    text = cli("explain", *call).stdout
    again = cli("sparql", "-", "--format", "json", stdin=text)
    assert json.loads(again.stdout) == json.loads(cli("query", *call, "--format", "json").stdout)
    assert "dorsal cochlear nucleus, deep core" in again.stdout


def test_template_help_shows_parameters(cli):
    """``query NAME --help`` shows parameters and columns."""
    shown = cli("query", "hierarchy/descendants", "--help").stdout
    assert "--region" in shown
    assert "depth" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("region", "hocc1", "-p", "julich brain"), 1, "nearest"),
        (("region", "amygdala"), 2, "AAL"),
        (("find", "no such thing at all"), 1, "no region matches"),
        (("query", "hierarchy/descendant"), 2, "hierarchy/descendants"),
        (("query", "hierarchy/descendants"), 2, "region"),
        (("query", "hierarchy/descendants", "--reggion", "x"), 2, "--region"),
        (("query", "region/by-label", "--release", "waxholm v4", "--label", "many"), 2, "label"),
        (("sparql", "SELECT ?x WHERE { ?x a }"), 2, "line 1"),
        (("sparql", "SELECT * WHERE " + "{" * 5000), 2, "refused"),
        (("sparql", "SELECT * WHERE { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"), 2, "SERVICE"),
        (("sparql", "DELETE WHERE { ?s ?p ?o }"), 2, "refused"),
        (("info", "--graph", "no/such/folder"), 2, "no/such/folder"),
        (("info", "--graph", "http://127.0.0.1:9/sparql"), 2, "127.0.0.1:9"),
        (("build", "--source", "no/such/file.jsonld"), 2, "no/such/file.jsonld"),
        (("mask", "amygdala left", "-p", "AAL1", "-s", "big brain", "-o", "x.nii.gz"), 2, "space"),
        (("mask", "hOc1", "-p", "julich brain", "-s", "colin 27", "-o", "x.nii.gz"), 2, "map"),
        (("export", "--format", "doc"), 2, "doc"),
    ],
    ids=lambda v: " ".join(map(str, v))[:40] if isinstance(v, tuple) else None,
)
def test_bad_input_is_one_sentence(cli, words, code, said):
    """A mistake gives a sentence that names the input, the promised exit code, and nothing on stdout."""
    done = cli(*words)
    assert done.returncode == code, done.stderr
    assert said.lower() in done.stderr.lower()
    assert not done.stdout.strip() or words[0] == "find"


def test_half_a_snapshot_is_refused(cli, tmp_path):
    """A snapshot folder without its store is named, with what to do."""
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "manifest.json").write_text('{"format": 1}')
    done = cli("info", "--graph", tmp_path / "half")
    assert done.returncode == 2
    assert "siibra-kg build" in done.stderr


def test_show_speaks_rdf(cli):
    """Turtle, N-Quads and JSON-LD of a node parse and speak of the node."""
    import pyoxigraph as ox

    node = "https://openminds.om-i.org/instances/nervousSystemStructure/caudate-putamen"
    for name, form in (("turtle", ox.RdfFormat.TURTLE), ("nquads", ox.RdfFormat.N_QUADS)):
        quads = list(ox.parse(cli("show", node, "--as", name).stdout.encode(), form))
        assert ox.NamedNode(node) in {q.subject for q in quads}
    document = json.loads(cli("show", node, "--as", "jsonld").stdout)
    assert document["@id"].endswith("caudate-putamen")


def test_tree_draws_the_parts(cli):
    """The tree of a region shows its parts, indented."""
    drawn = cli("tree", "occipital lobe", "-p", "julich brain").stdout
    assert "hOc1" in drawn
    assert drawn.splitlines()[0].startswith("occipital lobe")
    assert len(cli("tree", "occipital lobe", "-p", "julich brain", "--depth", "1").stdout) < len(drawn)


def test_region_shows_where_it_lies(cli):
    """``region`` shows the path to the root and the terms elsewhere."""
    shown = cli("region", "hOc1", "-p", "julich brain 3.0.3").stdout
    assert "Area hOc1 (V1, 17, CalcS)" in shown
    assert "occipital" in shown
    assert "BigBrain" in shown


def test_mask_writes_nifti_and_picture(cli, tmp_path):
    """``mask --png`` writes a mask with voxels and a picture, and prints both paths."""
    done = cli("mask", "left amygdala", "-p", "AAL1", "-s", "colin27", "-o", tmp_path / "a.nii.gz", "--png")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / "a.nii.gz"), str(tmp_path / "a.png")]
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.shape == (181, 217, 181)
    assert int(image.get_fdata().sum()) == 1733
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_check_reports_findings_and_no_violations(cli):
    """On the real graph our own rules hold; the known defects of upstream are findings."""
    done = cli("check", "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert any(row["count"] for row in json.loads(done.stdout))


def test_info_names_sources_and_licences(cli):
    """``info`` lists the named graphs with triples and licence."""
    rows = json.loads(cli("info", "--format", "json").stdout)
    source = next(r for r in rows if r["graph"].endswith("graph/openminds/latest"))
    assert source["triples"] > 180_000
    assert source["license"].endswith("/MIT")


@pytest.mark.slow
def test_export_is_the_canonical_dump(cli, full_snapshot, tmp_path):
    """N-Quads export equals the snapshot's canonical form, byte for byte, and hashes to the content hash."""
    import hashlib

    done = cli("export", "--format", "nq", "-o", tmp_path / "graph.nq")
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "graph.nq").read_bytes()
    assert hashlib.sha256(data).hexdigest() == full_snapshot.manifest.content_hash


@pytest.mark.slow
def test_tour_answers_its_questions(cli, tmp_path):
    """The tour states the facts that the issue fixes, shows SPARQL, and ends with two files that exist."""
    done = cli("tour", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for fact in (
        "dorsal cochlear nucleus, deep core", "#C5EEFF", "UBERON:0005383", "ILX:0101739", "SELECT",
        "Area hOc1 (V1, 17, CalcS)", "aal1_amygdala_left.nii.gz", "aal1_amygdala_left.png",
    ):  # fmt: skip
        assert fact in done.stdout
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "aal1_amygdala_left.nii.gz",
        "aal1_amygdala_left.png",
    ]


@pytest.mark.slow
def test_the_tour_shows_maps_and_features_where_siibra_is_there(cli, both_snapshot, tmp_path):
    """With siibra-configurations every stop has an answer; without, the tour says what is missing and goes on."""
    with_siibra = cli("tour", "--out", tmp_path / "out", "--graph", both_snapshot.path)
    assert with_siibra.returncode == 0, with_siibra.stderr
    assert "JulichBrainAtlas_3.1_207areas_MPM_lh_MNI152" in with_siibra.stdout
    assert "Receptor Density Profile: Area hOc1 (V1, 17, CalcS), 5-HT1A" in with_siibra.stdout
    assert "without siibra-configurations" not in with_siibra.stdout
    assert "without siibra-configurations" in cli("tour", "--out", tmp_path / "out").stdout


def test_a_closed_pipe_is_no_error(snapshot_home):
    """``siibra-kg … | head -1`` ends quietly."""
    command = f"{sys.executable} -m siibra_kg query region/list --release 'allen mouse 2017' | head -1"
    env = {**os.environ, "SIIBRA_KG_HOME": str(snapshot_home)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, env=env, check=False
    )
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("malformed.jsonld", '{"@id": "https://x.org/a",\n "b": }', "line 2"),
        ("deep.jsonld", '{"@id": "https://x.org/a", "p": ' + "[" * 5000 + "]" * 5000 + "}", "nested deeper"),
        ("number.json", "42", "JSON object"),
        ("huge.jsonld", json.dumps({"@id": "https://x.org/a", "name": "x" * 3_000_000}), "3,000,000"),
        ("remote.jsonld", '{"@context": "http://127.0.0.1:9/c", "@id": "https://x.org/a"}', "http://127.0.0.1:9/c"),
        ("half.ttl", "<https://x.org/a> a ", "line 1"),
    ],
    ids=lambda v: v if isinstance(v, str) and len(v) < 20 else "",
)
def test_a_document_that_cannot_be_used_is_named(cli, tmp_path, name, content, said):
    """Building from one bad document alone names the file and the place, exits with 2 and makes no snapshot."""
    (tmp_path / name).write_text(content)
    done = cli("build", "--source", tmp_path / name, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert name in done.stderr
    assert said in done.stderr
    assert not (tmp_path / "out").exists()
