"""Files, folders and archives of users: every document arrives, and what cannot is named with its reason."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from itertools import permutations

import pytest

from siibra_kg.config import Settings
from siibra_kg.errors import SourceError
from siibra_kg.sources import default, resolve
from siibra_kg.sources.archive import ArchiveSource
from siibra_kg.sources.files import FileSource
from siibra_kg.sources.limits import Limits
from siibra_kg.sources.protocol import SetAside, SourceInfo

ONE, TWO = b'{"@id": "https://example.org/1"}', b'{"@id": "https://example.org/2"}'
TURTLE = b"<https://example.org/1> a <https://example.org/T> .\n"


def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", offline=True)


def read(spec, tmp_path):
    """Path, bytes and format of all documents, then what was set aside, then the description."""
    source = resolve(spec, settings(tmp_path))
    rows = [(d.path, d.data, d.format) for d in source.documents()]
    return rows, {(item.path, item.reason) for item in source.set_aside()}, source.info()


def tar(place, members, mode="w:gz"):
    with tarfile.open(place, mode) as archive:
        for name, data in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place


def zipped(place, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(place, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return place


def folder(place, members):
    for name, data in members:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


MEMBERS = [("b/x.jsonld", ONE), ("a.json", TWO), ("b/c/d.ttl", TURTLE), ("README.md", b"#"), ("B.nt", TURTLE)]
EXPECTED = [
    ("B.nt", TURTLE, "nt"),
    ("a.json", TWO, "jsonld"),
    ("b/c/d.ttl", TURTLE, "ttl"),
    ("b/x.jsonld", ONE, "jsonld"),
]
MAKERS = {
    "folder": lambda place, members: folder(place / "my data", members),
    "zip": lambda place, members: zipped(place / "my data.zip", members),
    "tar.gz": lambda place, members: tar(place / "my data.tar.gz", members),
    "tgz": lambda place, members: tar(place / "my data.TGZ", members),
    "tar": lambda place, members: tar(place / "my data.tar", members, "w"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_collection_gives_its_documents_sorted_by_path(kind, tmp_path):
    """The same documents, in the same order, under the same paths and with the same hash, whatever holds them."""
    rows, aside, info = read(MAKERS[kind](tmp_path, MEMBERS), tmp_path)
    assert rows == EXPECTED
    assert aside == set()
    lines = "".join(f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data, _ in EXPECTED)
    assert info.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert (info.name, info.graph, info.documents, info.license) == ("my-data", "graph/user/my-data", 4, "")
    assert info.kind == ("folder" if kind == "folder" else "archive")


def test_the_order_inside_an_archive_does_not_count(tmp_path):
    """Packers sort differently, and some do not sort."""
    seen = set()
    for number, order in enumerate(permutations(MEMBERS[:3])):
        rows, _, info = read(tar(tmp_path / f"{number}.tar.gz", order), tmp_path)
        seen.add((tuple(rows), info.sha256))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonld", "jsonld"),
        ("a.json", "jsonld"),
        ("a.ttl", "ttl"),
        ("a.nt", "nt"),
        ("a.NQ", "nq"),
        ("a.trig", "trig"),
    ],
)
def test_a_single_file_is_one_document(name, form, tmp_path):
    """Its suffix tells the format."""
    rows, aside, info = read(folder(tmp_path / "in", [(name, ONE)]) / name, tmp_path)
    assert (rows, aside) == ([(name, ONE, form)], set())
    assert (info.name, info.kind, info.documents) == ("a", "file", 1)


def test_documents_can_be_read_twice(tmp_path):
    """Nothing is used up."""
    source = resolve(MAKERS["zip"](tmp_path, MEMBERS), settings(tmp_path))
    assert list(source.documents()) == list(source.documents())


def test_a_source_describes_itself_only_when_it_was_read(tmp_path):
    """A hash of half the documents would be wrong."""
    source = resolve(MAKERS["zip"](tmp_path, MEMBERS), settings(tmp_path))
    next(source.documents())
    with pytest.raises(SourceError, match="not read to the end"):
        source.info()


@pytest.mark.parametrize("name", ["../out.json", "a/../../out.json", "/etc/out.json", "C:/out.json", "..\\out.json"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_path_that_leaves_the_archive_is_set_aside(kind, name, tmp_path):
    """The rest is read, nothing is written anywhere, and the report names the path."""
    place = MAKERS[kind](tmp_path, [(name, ONE), ("good.json", TWO)])
    before = sorted(tmp_path.rglob("*"))
    rows, aside, _ = read(place, tmp_path)
    assert rows == [("good.json", TWO, "jsonld")]
    assert len(aside) == 1
    assert all("leaves the archive" in reason or "absolute" in reason for _, reason in aside)
    assert sorted(tmp_path.rglob("*")) == before


def test_plain_detours_in_a_path_are_no_sin(tmp_path):
    """Many archives are made with ``tar czf x.tar.gz .``."""
    rows, aside, _ = read(tar(tmp_path / "x.tar.gz", [("./a.json", ONE), (".//b/./c.json", TWO)]), tmp_path)
    assert [row[0] for row in rows] == ["a.json", "b/c.json"]
    assert aside == set()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_set_aside(kind, tmp_path):
    """They are not followed, opened or made."""
    info = tarfile.TarInfo("secret.json")
    info.type, info.linkname = kind, "/etc/passwd"
    rows, aside, _ = read(tar(tmp_path / "x.tar.gz", [(info, b""), ("good.json", TWO)]), tmp_path)
    assert [row[0] for row in rows] == ["good.json"]
    assert [path for path, _ in aside] == ["secret.json"]


def test_a_link_in_a_zip_is_set_aside(tmp_path):
    """Its content would be the path that it leads to."""
    info = zipfile.ZipInfo("secret.json")
    info.external_attr = 0o120777 << 16
    rows, aside, _ = read(zipped(tmp_path / "x.zip", [(info, b"/etc/passwd"), ("good.json", TWO)]), tmp_path)
    assert [row[0] for row in rows] == ["good.json"]
    assert aside == {("secret.json", "a link; links in archives are not followed")}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "folder"])
def test_an_archive_inside_is_named_not_opened(kind, tmp_path):
    """Bombs of the kind of 42.zip are archives in archives in archives."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.json", bytes(1 << 20))
    rows, aside, _ = read(MAKERS[kind](tmp_path, [("in/0.zip", inner.getvalue()), ("good.json", TWO)]), tmp_path)
    assert [row[0] for row in rows] == ["good.json"]
    assert [path for path, _ in aside] == ["in/0.zip"]


def peak_of(spec, tmp_path) -> tuple[str, int]:
    """Read a source in a process of its own; give what it says and how much memory it took, in MiB."""
    # Linux keeps the peak of a program apart from that of the process that started it; ru_maxrss mixes them.
    code = (
        "import sys; from pathlib import Path\n"
        "from siibra_kg.config import Settings; from siibra_kg.errors import SourceError\n"
        "from siibra_kg.sources import resolve\n"
        "source = resolve(sys.argv[1], Settings(home=Path(sys.argv[2]), cache=Path(sys.argv[2])))\n"
        "try:\n    print(sum(1 for _ in source.documents()), source.set_aside())\n"
        "except SourceError as error:\n    print(error)\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])"
    )
    command = [sys.executable, "-c", code, str(spec), str(tmp_path)]
    said, peak = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    return said, int(peak) // 1024


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_a_gzip_bomb_stops_the_source_early(tmp_path):
    """A gigabyte of zeros in one megabyte: an error that says so, long before the memory is full."""
    place = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("zeros.json")
    info.size = 1 << 30
    with gzip.open(place, "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(1024):
            file.write(bytes(1 << 20))
    said, peak = peak_of(place, tmp_path)
    assert "decompression bomb" in said
    assert peak < 200


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_a_zip_bomb_stops_the_source_early(tmp_path):
    """The directory of a zip announces the sizes; nothing needs to be unpacked to see it."""
    place = tmp_path / "bomb.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("zeros.json", "w") as file:
        for _ in range(200):
            file.write(bytes(1 << 20))
    said, peak = peak_of(place, tmp_path)
    assert "decompression bomb" in said
    assert peak < 200


def test_many_small_bombs_in_a_zip_stop_the_source(tmp_path):
    """Entries that share their packed bytes, or are each below every limit, are counted together."""
    place = zipped(tmp_path / "x.zip", [(f"{i}.json", bytes(900_000)) for i in range(50)])
    with pytest.raises(SourceError, match="decompression bomb"):
        read(place, tmp_path)


def test_limits_of_size_and_number_hold(tmp_path):
    """Small limits show the same behaviour as real ones."""
    place = tar(tmp_path / "x.tar.gz", [(f"{i}.json", os.urandom(400)) for i in range(20)])
    about = SourceInfo("x", "archive", "graph/user/x", "", "", "", "", "", 0)

    def documents(**limits):
        source = ArchiveSource(about, lambda: place, limits=Limits(**limits))
        return len(list(source.documents())), len(source.set_aside())

    assert documents() == (20, 0)
    assert documents(document=100) == (0, 20)
    with pytest.raises(SourceError, match="more than 10 entries"):
        documents(members=10)
    with pytest.raises(SourceError, match="more than 9,000 bytes"):
        documents(total=9_000)


@pytest.mark.parametrize("cut", [0, 5, 30, 100, -100, -9, -1])
def test_a_truncated_archive_gives_no_document(cut, tmp_path):
    """Half an archive would be a graph with holes; the reader is told before anything is given."""
    whole = tar(tmp_path / "x.tar.gz", [(f"{i}.json", os.urandom(900)) for i in range(9)]).read_bytes()
    place = tmp_path / "cut.tar.gz"
    place.write_bytes(whole[:cut])
    source = resolve(place, settings(tmp_path))
    with pytest.raises(SourceError, match=r"cut\.tar\.gz") as caught:
        next(source.documents())
    assert "\n" not in str(caught.value)


def test_a_flipped_bit_in_a_gzip_stream_is_noticed(tmp_path):
    """The checksum at the end covers what was unpacked."""
    data = bytearray(tar(tmp_path / "x.tar.gz", [("a.json", os.urandom(5000))]).read_bytes())
    data[3000] ^= 1
    (tmp_path / "x.tar.gz").write_bytes(data)
    with pytest.raises(SourceError):
        read(tmp_path / "x.tar.gz", tmp_path)


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tgz", "x.tar", "x.zip"])
@pytest.mark.parametrize("data", [b"", b"<html>login</html>", os.urandom(5000), b"PK\3\4" + bytes(100), bytes(5000)])
def test_garbage_under_the_name_of_an_archive_is_never_a_document(name, data, tmp_path):
    """An error in one line that names the file."""
    (tmp_path / name).write_bytes(data)
    try:
        rows, aside, _ = read(tmp_path / name, tmp_path)
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017  either outcome is right
        assert name in str(error)  # noqa: PT017
    else:  # nothing at all is an empty tar to some; it is reported as cut short
        assert (rows, len(aside), data) == ([], 1, b"")


def test_a_gzip_file_of_several_members_and_padding_is_read_whole(tmp_path):
    """As ``cat`` of two gzip files, or a tape, would make it."""
    data = gzip.decompress(tar(tmp_path / "x.tar.gz", MEMBERS).read_bytes())
    place = tmp_path / "y.tar.gz"
    place.write_bytes(gzip.compress(data[:700]) + gzip.compress(data[700:]) + bytes(1000))
    assert read(place, tmp_path)[0] == EXPECTED


def test_a_damaged_member_of_a_zip_is_set_aside(tmp_path):
    """The others are whole; each has a checksum of its own."""
    place = zipped(tmp_path / "x.zip", [("a.json", b"A" * 50), ("b.json", TWO)], zipfile.ZIP_STORED)
    place.write_bytes(place.read_bytes().replace(b"A" * 50, b"A" * 49 + b"B"))
    rows, aside, _ = read(place, tmp_path)
    assert [row[0] for row in rows] == ["b.json"]
    assert [(path, "damaged" in reason) for path, reason in aside] == [("a.json", True)]


def test_an_encrypted_member_of_a_zip_is_set_aside(tmp_path):
    """There is no way to ask for a password."""
    place = zipped(tmp_path / "x.zip", [("a.json", ONE), ("b.json", TWO)], zipfile.ZIP_STORED)
    data = bytearray(place.read_bytes())
    data[6] |= 1  # flag bit 0 of the first local header, and of its entry in the directory
    data[data.index(b"PK\1\2") + 8] |= 1
    place.write_bytes(data)
    rows, aside, _ = read(place, tmp_path)
    assert [row[0] for row in rows] == ["b.json"]
    assert [(path, "unreadable" in reason) for path, reason in aside] == [("a.json", True)]


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_path_that_occurs_twice_is_reported(kind, tmp_path):
    """The last one counts, as for every unpacker; the same content twice needs no word."""
    rows, aside, _ = read(MAKERS[kind](tmp_path, [("a.json", ONE), ("a.json", TWO)]), tmp_path)
    assert rows == [("a.json", TWO, "jsonld")]
    assert [path for path, _ in aside] == ["a.json"]
    assert read(MAKERS[kind](tmp_path, [("a.json", ONE), ("a.json", ONE)]), tmp_path)[1] == set()


@pytest.mark.parametrize("kind", MAKERS)
def test_hidden_files_are_passed_over(kind, tmp_path):
    """Version control, editors and macOS leave files that end in .json and are no documents."""
    members = [(".git/x.json", ONE), ("a/.x.json", ONE), ("__MACOSX/a/._b.json", ONE), ("a/b.json", TWO)]
    rows, aside, _ = read(MAKERS[kind](tmp_path, members), tmp_path)
    assert (rows, aside) == ([("a/b.json", TWO, "jsonld")], set())


def test_links_in_a_folder_stay_inside_it(tmp_path):
    """A link to a file of the folder is read; one that leaves it, a circle, or a linked folder is set aside."""
    outside = folder(tmp_path / "outside", [("secret.json", b'"secret"')])
    inside = folder(tmp_path / "in", [("a/real.json", ONE)])
    (inside / "alias.json").symlink_to("a/real.json")
    (inside / "secret.json").symlink_to(outside / "secret.json")
    (inside / "nowhere.json").symlink_to("missing.json")
    (inside / "circle.json").symlink_to("circle.json")
    (inside / "more").symlink_to(outside)
    (inside / "a" / "self").symlink_to(inside)
    rows, aside, _ = read(inside, tmp_path)
    assert rows == [("a/real.json", ONE, "jsonld"), ("alias.json", ONE, "jsonld")]
    assert {path for path, _ in aside} == {"secret.json", "nowhere.json", "circle.json", "more/", "a/self/"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes in folders")
def test_a_pipe_in_a_folder_does_not_hang(tmp_path):
    """Opening it would wait for a writer for ever."""
    inside = folder(tmp_path / "in", [("a.json", ONE)])
    os.mkfifo(inside / "pipe.json")
    rows, aside, _ = read(inside, tmp_path)
    assert [row[0] for row in rows] == ["a.json"]
    assert aside == {("pipe.json", "not a plain file")}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_a_file_name_that_is_not_utf8_shows_its_bytes(tmp_path):
    """The document arrives; its path can be hashed and printed."""
    inside = folder(tmp_path / "in", [("a.json", ONE)])
    with open(os.fsencode(inside) + b"/caf\xe9.json", "wb") as file:  # noqa: PTH123  a path of bytes
        file.write(TWO)
    rows, _, _ = read(inside, tmp_path)
    assert rows == [("a.json", ONE, "jsonld"), ("caf\\xe9.json", TWO, "jsonld")]


@pytest.mark.parametrize("kind", MAKERS)
def test_a_source_without_documents_is_an_error(kind, tmp_path):
    """A graph of nothing is not what anyone asked for."""
    with pytest.raises(SourceError, match="no document"):
        read(MAKERS[kind](tmp_path, [("README.md", b"#")]), tmp_path)


@pytest.mark.parametrize(
    "spec",
    [
        "missing.json",
        "openminds-archive@v9.9",
        "ftp://example.org/a.ttl",
        "https://example.org/page",
        "https://e.org/",
        "",
    ],
)
def test_what_cannot_be_a_source_is_refused_when_it_is_named(spec, tmp_path, monkeypatch):
    """Before anything is read, in one line with a hint."""
    monkeypatch.chdir(folder(tmp_path / "empty", [("x.dat", b"")]))
    with pytest.raises(SourceError) as caught:
        list(resolve(spec, settings(tmp_path)).documents())
    assert "\n" not in str(caught.value)


def test_a_file_of_an_unknown_kind_names_the_known_ones(tmp_path):
    """The suffix is what tells."""
    with pytest.raises(SourceError, match=r"\.jsonld, .*\.tar\.gz"):
        resolve(folder(tmp_path / "in", [("x.xlsx", b"")]) / "x.xlsx", settings(tmp_path))


def test_addresses_are_fetched_through_the_mirror(tmp_path):
    """An archive and a file; the address is kept as where it came from."""
    mirror = folder(tmp_path / "mirror", [("example.org/d/a.ttl", TURTLE)])
    tar(mirror / "example.org" / "d" / "x.tar.gz", MEMBERS)
    where = Settings(home=tmp_path, cache=tmp_path / "cache", mirror=str(mirror))
    file, archive = (resolve(f"https://example.org/d/{name}", where) for name in ("a.ttl", "x.tar.gz"))
    assert [(d.path, d.format) for d in file.documents()] == [("a.ttl", "ttl")]
    assert [(d.path, d.data, d.format) for d in archive.documents()] == EXPECTED
    assert archive.info().url == "https://example.org/d/x.tar.gz"
    assert (file.info().kind, archive.info().kind) == ("file", "archive")
    local = resolve((mirror / "example.org" / "d" / "a.ttl").as_uri(), where)
    assert [d.data for d in local.documents()] == [TURTLE]


def test_a_file_that_is_gone_or_too_large_is_set_aside(tmp_path):
    """Between naming and reading, anything may happen to a file."""
    place = folder(tmp_path / "in", [("a.json", ONE)]) / "a.json"
    about = SourceInfo("x", "file", "graph/user/x", "", "", "", "", "", 0)
    large, gone = (FileSource(about, lambda: place, "a.json", limits) for limits in (Limits(document=3), Limits()))
    assert [*large.documents(), *large.set_aside()] == [SetAside("a.json", "larger than 3 bytes")]
    place.unlink()
    assert [*gone.documents(), *gone.set_aside()] == [SetAside("a.json", "it is not there any more")]


def test_an_archive_that_is_gone_is_an_error(tmp_path):
    """It was there when it was named."""
    place = zipped(tmp_path / "x.zip", MEMBERS)
    source = resolve(place, settings(tmp_path))
    place.unlink()
    with pytest.raises(SourceError, match=r"x\.zip: cannot be read: No such file"):
        list(source.documents())


def test_the_default_is_openminds_and_siibra(tmp_path):
    """Two sources, and making them reads nothing."""
    assert [source.name for source in default(settings(tmp_path))] == ["openminds", "siibra"]
    assert not list(tmp_path.iterdir())


def test_importing_siibra_kg_loads_none_of_what_sources_need():
    """Neither openMINDS (500 MB where its byte code is not cached) nor what downloads need."""
    code = (
        "import sys, siibra_kg, siibra_kg.sources\n"
        "print(sorted({'openminds', 'requests', 'pooch', 'filelock', 'pyoxigraph', 'rdflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
