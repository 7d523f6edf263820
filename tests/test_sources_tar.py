"""Our tar reader gives what the standard library's gives, and refuses what is damaged."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from siibra_kg.config import Settings
from siibra_kg.errors import SourceError
from siibra_kg.sources import pins
from siibra_kg.sources.limits import Limits
from siibra_kg.sources.tar import read_tar
from siibra_kg.sources.unpack import unpack
from siibra_kg.web.fetch import fetch

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
LINKS = {tarfile.SYMTYPE, tarfile.LNKTYPE}


def packed(members, form=tarfile.PAX_FORMAT, **options) -> bytes:
    """Make a tar archive of (name, bytes) or TarInfo members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form, **options) as archive:
        for member in members:
            info, data = member if isinstance(member[0], tarfile.TarInfo) else (tarfile.TarInfo(member[0]), member[1])
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def chunked(data: bytes, size: int):
    return iter([data[i : i + size] for i in range(0, len(data), size)])


def ours(data: bytes, chunk: int = 1 << 20, wanted=lambda _: True, limits=Limits()):  # noqa: B008
    return [(m.path, m.kind, m.data) for m in read_tar("test.tar", chunked(data, chunk), wanted, limits)]


def theirs(data: bytes):
    """What tarfile says of the same archive, in our words."""
    rows = []
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for info in archive:
            name = info.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            if info.isreg() and not info.issparse():
                rows.append((name, "file", archive.extractfile(info).read()))
            elif not info.isdir():
                rows.append((name, "link" if info.type in LINKS else "other", b""))
    return rows


names = st.lists(
    st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=60).filter(
        lambda part: part not in {".", ".."}
    ),
    min_size=1,
    max_size=5,
).map("/".join)


@st.composite
def archives(draw):
    """Archives of files, folders, links and pipes in each of the three formats."""
    form = draw(st.sampled_from(sorted(FORMATS)))
    members = []
    for _ in range(draw(st.integers(0, 6))):
        info = tarfile.TarInfo(draw(names))
        kinds = [tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]
        info.type = draw(st.sampled_from([*kinds, tarfile.FIFOTYPE, tarfile.CHRTYPE]))
        info.mtime = draw(st.sampled_from([0, 1.5, 2**33]))
        regular = info.type in {tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE}
        info.linkname = "" if regular else draw(names)
        data = draw(st.binary(max_size=1200)) if regular else b""
        members.append((info, data))
    try:
        return packed(members, FORMATS[form])
    except ValueError:  # names that ustar cannot hold
        return packed(members, tarfile.PAX_FORMAT)


@settings(deadline=None)
@given(archives(), st.sampled_from([1, 7, 511, 512, 513, 4096, 1 << 20]))
@example(packed([]), 1)
def test_generated_archives_read_as_tarfile_reads_them(data, chunk):
    """Names, kinds and bytes are tarfile's, however the stream is cut into pieces."""
    assert ours(data, chunk) == theirs(data)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["a", "d" * 60 + "/" + "f" * 90, "ä/ö.jsonld", "x" * 98 + "/y", "p/" * 70 + "end"])
def test_names_of_every_length_in_every_format(form, name):
    """The name field, the ustar prefix, GNU's long name and pax' path all give the name back."""
    data = packed([(name, b"{}"), ("after", b"[]")], FORMATS[form])
    assert ours(data) == [(name, "file", b"{}"), ("after", "file", b"[]")] == theirs(data)


def test_global_pax_records_hold_for_all_members():
    """Hosting services put the commit into a global header; it must not disturb the names."""
    data = packed([("a.json", b"1"), ("ü" * 80 + ".json", b"2")], pax_headers={"comment": "0123abcd"})
    assert ours(data) == theirs(data) == [("a.json", "file", b"1"), ("ü" * 80 + ".json", "file", b"2")]


def test_a_size_in_a_pax_record_counts_more_than_the_header():
    """The record is what archives with files above 8 GiB rely on."""
    info = tarfile.TarInfo("a.json")
    info.pax_headers = {"size": "3"}
    data = bytearray(packed([(info, b"abc")]))
    assert ours(bytes(data)) == [("a.json", "file", b"abc")]
    at = data.index(b"a.json\0")  # now the header says 0 and only the record says 3
    data[at + 124 : at + 136] = b"00000000000\0"
    repair(data, at)
    assert ours(bytes(data)) == [("a.json", "file", b"abc")] == theirs(bytes(data))


def repair(data: bytearray, at: int) -> None:
    """Write the right checksum into the header at a position."""
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])


def test_a_size_in_base_256_is_read():
    """GNU tar writes large sizes so; a small one in the same form means the same."""
    data = bytearray(packed([("a.json", b"abc"), ("b.json", b"d")], tarfile.GNU_FORMAT))
    data[124:136] = b"\x80" + (3).to_bytes(11, "big")
    repair(data, 0)
    assert ours(bytes(data)) == theirs(bytes(data)) == [("a.json", "file", b"abc"), ("b.json", "file", b"d")]


def test_a_checksum_of_signed_characters_is_accepted():
    """As tarfile does for archives of some old programs."""
    data = bytearray(packed([("é.json", b"{}")], tarfile.GNU_FORMAT))
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(byte - 256 if byte > 127 else byte for byte in data[:512])
    assert ours(bytes(data)) == theirs(bytes(data)) == [("é.json", "file", b"{}")]


def test_a_name_that_is_not_utf8_shows_its_bytes():
    """The document is given all the same; its path stays text that can be hashed."""
    data = bytearray(packed([("caf_.json", b"{}")], tarfile.GNU_FORMAT))
    data[3] = 0xE9
    repair(data, 0)
    assert ours(bytes(data)) == [("caf\\xe9.json", "file", b"{}")] == theirs(bytes(data))


def test_a_sparse_file_is_named_and_what_follows_is_read(tmp_path):
    """GNU's old sparse format has a map between header and data; its length must be right."""
    info = tarfile.TarInfo("hole.json")
    info.type = tarfile.GNUTYPE_SPARSE
    data = bytearray(packed([("x", b"")], tarfile.GNU_FORMAT)[:512])
    data[:9] = b"hole.json"
    data[156:157] = b"S"
    data[124:136] = b"%011o\0" % 512
    data[482] = 1  # the map goes on in one more block
    repair(data, 0)
    more = bytes(512)
    whole = bytes(data) + more + b"s" * 512 + packed([("b.json", b"{}")], tarfile.GNU_FORMAT)
    assert ours(whole) == [("hole.json", "sparse", b""), ("b.json", "file", b"{}")]


def test_only_wanted_members_are_given():
    """What nobody wants is passed over without being kept."""
    data = packed([("a.json", b"1"), ("b.txt", b"2" * 5000), ("c.json", b"3")])
    assert [m[0] for m in ours(data, 100, lambda path: path.endswith(".json"))] == ["a.json", "c.json"]


def test_a_large_member_is_named_without_its_bytes():
    """The limit of a document holds inside archives."""
    data = packed([("a.json", b"1" * 5000), ("b.json", b"2")])
    assert ours(data, limits=Limits(document=1000)) == [("a.json", "large", b""), ("b.json", "file", b"2")]


def test_too_many_entries_stop_the_source():
    """An archive of a million empty files is a denial of service."""
    data = packed([(f"{i}.json", b"") for i in range(20)])
    with pytest.raises(SourceError, match="more than 10 entries"):
        ours(data, limits=Limits(members=10))


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_an_archive_cut_anywhere_gives_whole_files_and_says_so(cut):
    """Cut between two members it is a shorter archive without an end mark; cut elsewhere it is an error."""
    members = [("a" * 120 + ".json", b"1" * 700), ("b.json", b"2" * 512), ("c.json", b"3")]
    whole = packed(members)
    end = len(whole.rstrip(b"\0")) + 511 & ~511  # the zeros of the last block and the end mark
    rows = [(name, "file", content) for name, content in members]
    try:
        found = ours(whole[:cut])
    except SourceError as error:
        assert "ends" in error.reason  # noqa: PT017  either outcome is right
        return
    if cut >= end + 512:
        assert found == rows
    else:
        assert found == [*rows[: len(found) - 1], ("", "unended", b"")]


@settings(deadline=None)
@given(st.integers(0, 511), st.integers(1, 255))
def test_a_flipped_byte_in_a_header_is_noticed(at, change):
    """The checksum covers every byte of a header, so a changed one cannot be taken for another name or size."""
    data = bytearray(packed([("a.json", b"{}")], tarfile.USTAR_FORMAT))
    data[at] ^= change
    try:
        found = ours(bytes(data))
    except SourceError:
        return
    # Inside the checksum's own field only its padding may change.
    assert 148 <= at < 156
    assert found == [("a.json", "file", b"{}")]


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_random_bytes_are_refused_or_empty(data):
    """Garbage never becomes a document."""
    try:
        found = ours(data)
    except SourceError as error:
        assert error.source == "test.tar"  # noqa: PT017  either outcome is right
    else:
        assert [row for row in found if row[1] == "file"] == []


def test_what_follows_the_end_mark_is_reported():
    """Two archives joined with cat: tarfile silently reads the first only."""
    data = packed([("a.json", b"1")]) + packed([("b.json", b"2")])
    assert [row[:2] for row in ours(data)] == [("a.json", "file"), ("", "trailing")]


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        (b"9 path=a\nx", "pax header"),
        (b"path=a\n", "pax header"),
        (b"99 path=a\n", "pax header"),
        (b"0 path=a\n", "pax header"),
    ],
)
def test_a_damaged_pax_header_is_refused(records, reason):
    """A record whose length is wrong could hide the next one."""
    info = tarfile.TarInfo("./PaxHeaders/x")
    info.type = tarfile.XHDTYPE
    with pytest.raises(SourceError, match=reason):
        ours(packed([(info, records), ("a.json", b"{}")], tarfile.USTAR_FORMAT))


def test_a_huge_pax_header_is_refused_before_it_is_read():
    """A header that claims gigabytes is not allocated."""
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    data = bytearray(packed([(info, b"")], tarfile.USTAR_FORMAT))
    data[124:136] = b"77777777777\0"
    repair(data, 0)
    with pytest.raises(SourceError, match="the most allowed"):
        ours(bytes(data))


MIRRORED = [
    pins.URL,
    "https://github.com/openMetadataInitiative/openMINDS/archive/cd8a111254207583a08dc613ac6a9a46d8a5404a.tar.gz",
    "https://github.com/FZJ-INM1-BDA/siibra-configurations/archive/7e3999e272562a619bad2d52ed99c56afe24a2ea.tar.gz",
    "https://github.com/w3c/json-ld-api/archive/92f07705a0c0ac27aa9bc6fe1322dcc9fad0114d.tar.gz",
]


@pytest.mark.mirror
@pytest.mark.parametrize("url", MIRRORED)
def test_real_archives_read_as_tarfile_reads_them(url, tmp_path: Path):
    """Every member of four real archives, 73,000 in all: same names, same bytes, same order."""
    path = fetch(url, Settings.from_environment({**os.environ, "SIIBRA_KG_HOME": str(tmp_path)}))
    mine = ((m.path, m.data) for m in unpack(path, lambda _: True) if m.kind == "file")
    count = 0
    with tarfile.open(path) as archive:
        for info in archive:
            if info.isreg():
                assert next(mine) == (info.name, archive.extractfile(info).read())
                count += 1
    assert next(mine, None) is None
    assert count > 600
