"""EBRAINS buckets, Zenodo, DANDI and NeuroVault against stubs with their documented answers; files are verified."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from siibra_kg.config import Settings
from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import NetworkDisabled, NoSuchName
from siibra_kg.live.repositories import Buckets, finding, repository
from siibra_kg.live.repositories.dandi import dandi
from siibra_kg.live.repositories.neurovault import by_doi, collection, image
from siibra_kg.live.repositories.zenodo import zenodo
from siibra_kg.web import download
from siibra_kg.web.upkeep import remove
from tests.servers.json_server import Said, answering

BODY = bytes(range(256)) * 40
MD5, SHA256 = hashlib.md5(BODY).hexdigest(), hashlib.sha256(BODY).hexdigest()
FILE = Said(BODY, headers={"Content-Type": "application/octet-stream"})


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=2.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda _: None)


def files_of(settings):
    return [p for p in (settings.cache / "files").rglob("*") if p.is_file()]


def bucket(names, hashes=None, limit=3):
    """A bucket that gives three objects at a time, whatever it is asked for, and redirects to its storage."""

    def say(asked):
        listing = asked.path in {"/api/v1/public/buckets/b", "/api/v1/buckets/b"}
        if asked.path.startswith("/api/v1/buckets") and asked.headers.get("authorization") != "Bearer good":
            return Said({"detail": "unauthorized"}, 401)
        if asked.path.startswith("/storage/"):
            return FILE
        if not listing:
            return Said(b"", 307, {"Location": f"/storage{asked.path}?temp_url_sig=1"})
        after = [n for n in sorted(names) if n > asked.query.get("marker", "")]
        after = [n for n in after if n.startswith(asked.query.get("prefix", ""))]
        objects = [
            {"name": n, "bytes": len(BODY), "hash": (hashes or {}).get(n, MD5), "content_type": "application/x"}
            for n in after[:limit]
        ]
        return Said({"container": "b", "prefix": "", "delimiter": "", "limit": limit, "objects": objects})

    return say


class Tokens:
    def __init__(self, *tokens):
        self.tokens = list(tokens)

    def headers(self):
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def renew(self):
        self.tokens.pop(0)
        return bool(self.tokens)


def test_a_bucket_is_listed_page_by_page_and_its_files_are_verified(settings):
    names = ["a.txt", "maps/left area.nii.gz", "maps/right.nii.gz", "z/1.csv", "z/2.csv", "z/ü.csv", "zz"]
    with answering(bucket(names, {"a.txt": "0" * 32, "zz": "segmented-1"})) as server:
        buckets = Buckets(settings, base=f"{server.url}/api/v1")
        record = buckets.open("public/buckets/b")
        assert [f.name for f in record] == sorted(names)
        assert len(record) == 7
        assert [f.name for f in record.find("*.nii.gz")] == names[1:3]
        assert record.file("zz").checksum == ""
        found = record.fetch("maps/left area.nii.gz")
        assert found.path.read_bytes() == BODY
        assert found.path.name == "left area.nii.gz"
        assert record.fetch("z/ü.csv").path.read_bytes() == BODY
        assert record.fetch("zz").path.read_bytes() == BODY
        with pytest.raises(ServiceError, match=rf"EBRAINS data-proxy .*its MD5 is {MD5}, but 0000"):
            record.fetch("a.txt")
        assert not [p for p in files_of(settings) if p.name == "a.txt"]
        with pytest.raises(NoSuchName, match=r"no file named 'maps/Left area.nii.gz'.*nearest: maps/left area.nii.gz"):
            record.fetch("maps/Left area.nii.gz")
        assert [f.name for f in buckets.open("public/buckets/b", prefix="z/")] == ["z/1.csv", "z/2.csv", "z/ü.csv"]
    offline = replace(settings, offline=True)
    assert replace(record, service=replace(record.service, settings=offline)).fetch("z/ü.csv").path.is_file()
    with pytest.raises(NetworkDisabled):
        Buckets(offline, base=f"{server.url}/api/v1").open("public/buckets/b")


def test_a_bucket_that_is_not_public(settings):
    with answering(bucket(["a"])) as server:
        base = f"{server.url}/api/v1"
        with pytest.raises(LoginNeeded, match=r"401.*KG_AUTH_TOKEN"):
            Buckets(settings, base=base).open("buckets/b")
        with pytest.raises(LoginNeeded, match="KG_AUTH_TOKEN") as refused:
            Buckets(settings, Tokens("canary-1"), base).open("buckets/b")
        assert "canary" not in str(refused.value)
        record = Buckets(settings, Tokens("old", "good"), base).open("buckets/b")
        assert record.fetch("a").path.read_bytes() == BODY
        assert not [a for a in server.log if a.path.startswith("/storage") and "Bearer good" not in str(a.headers)]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"objects": None}, "no list of objects"),
        ([], "no list of objects"),
        ({"objects": [{"name": "a"}]}, "no name or no size"),
        ({"objects": [{"name": "a", "bytes": 1}]}, "do not proceed: after 'a' comes 'a'"),
    ],
)
def test_a_listing_that_is_none(settings, said, words):
    with answering(lambda _: Said(said)) as server, pytest.raises(ServiceError, match=words):
        Buckets(settings, base=server.url).open("public/buckets/b")


def zenodo_says(asked, **changes):
    if "/files/" in asked.path:
        return FILE
    files = [{"key": n, "size": len(BODY), "checksum": f"md5:{MD5}", "links": {}} for n in ("a b.csv", "c.nii.gz")]
    about = {"title": "Data", "license": {"id": "cc-by-4.0"}, "creators": [{"name": "B, A"}, {"name": "D, C"}],
             "publication_date": "2019-10-15"}  # fmt: skip
    return Said({"id": 42, "doi": "10.5281/zenodo.42", "metadata": about, "files": files} | changes)


def test_zenodo(settings):
    with answering(zenodo_says) as server:
        record = zenodo("41", settings, server.url)
        assert (record.id, record.title, record.doi, record.license) == ("42", "Data", "10.5281/zenodo.42", "cc-by-4.0")
        assert record.citation == "B, A; D, C (2019): Data. Zenodo. https://doi.org/10.5281/zenodo.42"
        found = record.fetch("a b.csv")
        assert found.path.read_bytes() == BODY
        assert found.path.suffix == ".csv"
        with pytest.raises(ServiceError, match="more than the 100 that were asked for"):
            record.fetch("c.nii.gz", max_bytes=100)
        count = len(server.log)
        assert zenodo("41", settings, server.url) == record
        assert len(server.log) == count
    changes = {"not public": {"files": None}, "no record": {"metadata": 3}, "KeyError": {"files": [{}]}}
    for words, change in changes.items():
        wrong = answering(lambda a, change=change: zenodo_says(a, **change))
        with wrong as server, pytest.raises(ServiceError, match=words):
            zenodo("41", settings, server.url)
    with answering(lambda _: Said({"status": 404}, 404)) as server, pytest.raises(ServiceError, match="404"):
        zenodo("41", settings, server.url)


def test_a_file_of_another_size_or_content_is_not_kept(settings):
    answer = [Said(BODY[:-1])]
    with answering(lambda a: answer[0] if "/files/" in a.path else zenodo_says(a)) as server:
        record = zenodo("41", settings, server.url)
        with pytest.raises(ServiceError, match="it has 10,239 bytes, but is listed with 10,240"):
            record.fetch("c.nii.gz")
        answer[0] = Said(BODY[::-1])
        with pytest.raises(ServiceError, match="its MD5 is"):
            record.fetch("c.nii.gz")
        answer[0] = Said(BODY[:500], fault="half")
        with pytest.raises(ServiceError, match=r"ended after|broke after"):
            record.fetch("c.nii.gz")
        assert not [p for p in files_of(settings) if p.suffix]
        answer[0] = FILE
        url = record.fetch("c.nii.gz").url
        assert remove(url, settings) == len(BODY)


def dandi_says(server_url, digest=SHA256, zarr=False):
    base = "/api"
    assets = [{"asset_id": f"id{n}", "path": f"sub-{n}/data.nwb", "size": len(BODY), "blob": "x"} for n in range(5)]

    def say(asked):
        if asked.path == f"{base}/dandisets/000004/":
            return Said({"identifier": "000004", "most_recent_published_version": {"version": "0.1.2"}})
        if asked.path == f"{base}/dandisets/000004/versions/0.1.2/":
            about = {"name": "Cells", "doi": "10.48324/dandi.000004/0.1.2", "license": ["spdx:CC-BY-4.0"]}
            return Said(
                about | {"citation": "Somebody (2021) Cells", "url": "https://dandiarchive.org/dandiset/000004"}
            )
        if asked.path.endswith("/assets/"):
            start = (int(asked.query["page"]) - 1) * 2
            return Said({"count": 5, "next": None, "results": assets[start : start + 2]})
        if asked.path.startswith(f"{base}/assets/"):
            name = asked.path.split("/")[-2]
            place = f"{server_url[0]}/s3/{name}" + ("/" if zarr else "")
            return Said({"contentUrl": [f"{server_url[0]}/x/download/", place], "digest": {"dandi:sha2-256": digest}})
        return FILE

    return say


def test_dandi(settings):
    url = [""]
    with answering(dandi_says(url)) as server:
        url[0] = server.url
        record = dandi("000004", "", settings, f"{server.url}/api")
        assert (record.id, record.title, record.license) == ("000004/0.1.2", "Cells", "spdx:CC-BY-4.0")
        assert [f.name for f in record.files] == [f"sub-{n}/data.nwb" for n in range(5)]
        assert record.fetch("sub-3/data.nwb").sha256 == SHA256
    for say, words in (
        (dandi_says(url, "0" * 64), "has not the sha256 0000"),
        (dandi_says(url, zarr=True), "no single"),
    ):
        with answering(say) as server:
            url[0] = server.url
            with pytest.raises(ServiceError, match=words):
                dandi("000004", "0.1.2", settings, f"{server.url}/api").fetch("sub-1/data.nwb")
    nothing = answering(lambda a: Said({"count": 5, "results": []} if "assets" in a.path else {}))
    with nothing as server, pytest.raises(ServiceError, match="lists 0 of 5 files"):
        dandi("000004", "draft", settings, server.url)


def neurovault_says(asked):
    base = f"http://{asked.headers['host']}"
    images = [{"id": n, "name": f"map {n}", "file": f"{base}/media/{n}/map_{n}.nii.gz", "file_size": len(BODY)}
              for n in range(5)]  # fmt: skip
    if asked.path == "/api/collections/":
        found = [{"id": 7, "DOI": "10.1/ABC"}] if asked.query["DOI"].lower() == "10.1/abc" else [{"id": 8, "DOI": "x"}]
        return Said({"count": 1, "results": found})
    if asked.path == "/api/collections/7/":
        return Said({"id": 7, "name": "Maps", "DOI": "10.1/ABC", "authors": "A and B"})
    if asked.path == "/api/collections/7/images/":
        start = int(asked.query["offset"])
        return Said({"count": 5, "results": images[start : start + 2]})
    return Said(images[3]) if asked.path.startswith("/api/images") else FILE


def test_neurovault(settings):
    with answering(neurovault_says) as server:
        record = collection("7", settings, server.url)
        assert [f.name for f in record.files] == [f"map_{n}.nii.gz" for n in range(5)]
        assert record.citation.startswith("A and B. NeuroVault collection 7, ")
        assert record.fetch("map_4.nii.gz").path.read_bytes() == BODY
        assert image("3", settings, server.url).files == record.files[3:4]
        assert by_doi("10.1/abc", settings, server.url) == record
        with pytest.raises(NoSuchName, match="other"):
            by_doi("10.1/other", settings, server.url)
    nothing = answering(lambda a: Said({"count": 5, "results": []} if "images" in a.path else {"id": 7}))
    with nothing as server, pytest.raises(ServiceError, match="lists 0 of 5 images"):
        collection("7", settings, server.url)


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ("https://zenodo.org/records/123", ("zenodo", "123")),
        ("https://zenodo.org/record/123/files/a.csv?download=1", ("zenodo", "123")),
        (" https://doi.org/10.5281/zenodo.123 ", ("zenodo", "123")),
        ("doi:10.5281/Zenodo.123.", ("zenodo", "123")),
        ("10.48324/dandi.000004/0.210831.2033", ("dandi", "000004", "0.210831.2033")),
        ("https://dandiarchive.org/dandiset/000004/draft/files", ("dandi", "000004", "draft")),
        ("DANDI:000004", ("dandi", "000004", "")),
        ("https://neurovault.org/collections/1952/", ("collection", "1952")),
        ("https://neurovault.org/images/44/", ("image", "44")),
        ("https://data-proxy.ebrains.eu/api/v1/public/buckets/d-1", ("bucket", "public/buckets/d-1", "")),
        ("https://data-proxy.ebrains.eu/api/v1/buckets/d-1/maps/a%20b", ("bucket", "buckets/d-1", "maps/a b")),
        ("https://data-proxy.ebrains.eu/datasets/0001?prefix=", ("bucket", "datasets/0001", "")),
        ("public/buckets/d-1", ("bucket", "public/buckets/d-1", "")),
        ("10.1371/journal.pbio.3000678", ("doi", "10.1371/journal.pbio.3000678")),
    ],
)
def test_what_people_paste(spec, wanted, settings, monkeypatch):
    monkeypatch.setattr(finding, "zenodo", lambda number, _: ("zenodo", number))
    monkeypatch.setattr(finding, "dandi", lambda number, version, _: ("dandi", number, version))
    monkeypatch.setattr(finding.neurovault, "collection", lambda number, _: ("collection", number))
    monkeypatch.setattr(finding.neurovault, "image", lambda number, _: ("image", number))
    monkeypatch.setattr(finding.neurovault, "by_doi", lambda doi, _: ("doi", doi))
    monkeypatch.setattr(finding.Buckets, "open", lambda _, path, prefix: ("bucket", path, prefix))
    assert repository(spec, settings) == wanted


@pytest.mark.parametrize(
    "spec", ["", "zenodo", "https://example.org/a", "https://zenodo.org.evil.example/records/1", "10.x/1"]
)
def test_what_is_no_repository(spec, settings):
    with pytest.raises(NoSuchName, match=r"no repository named .*nearest: https://data-proxy"):
        repository(spec, settings)
