"""Members of zip archives: exactly those that are named, within limits, and never anywhere but in memory."""

from __future__ import annotations

import stat
import struct
import zipfile

import pytest

from siibra_kg.data_errors import BadTable
from siibra_kg.tabular import members


def archive(tmp_path, files, name="a.zip"):
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for member, data in files:
            out.writestr(member, data)
    return path


def read(path, *names, **more):
    return list(members(path, names, name="a.zip", **more))


def test_members_come_in_the_order_of_their_names(tmp_path):
    path = archive(tmp_path, [("x/1.csv", b"one"), ("x/11.csv", b"eleven"), ("y/1.csv", b"other")])
    assert read(path, "y/1.csv", "x/1.csv") == [("y/1.csv", b"other"), ("x/1.csv", b"one")]


def test_a_name_is_never_the_end_of_another(tmp_path):
    """What ends so is what siibra takes: 1.csv would be 11.csv, or one of two."""
    path = archive(tmp_path, [("x/11.csv", b"eleven"), ("y/12.csv", b"twelve")])
    for name in ("1.csv", "11.csv", "X/11.csv", "x/11.csv/", "./x/11.csv", "../x/11.csv", "/x/11.csv"):
        with pytest.raises(BadTable, match="the archive has no member"):
            read(path, name)
    with pytest.raises(BadTable, match=r"no member '11.csv'; it has 'x/11.csv'"):
        read(path, "11.csv")


def test_the_one_folder_of_an_archive_may_be_left_out(tmp_path):
    files = [("top/1.csv", b"one"), ("top/a/1.csv", b"inner"), ("__MACOSX/top/._1.csv", b"litter")]
    path = archive(tmp_path, files)
    assert read(path, "1.csv", "a/1.csv", "top/1.csv") == [
        ("1.csv", b"one"),
        ("a/1.csv", b"inner"),
        ("top/1.csv", b"one"),
    ]
    with pytest.raises(BadTable, match=r"no member '1\.csv'"):
        read(archive(tmp_path, [*files, ("readme", b"")], "b.zip"), "1.csv")


def test_missing_members_are_told_before_anything_is_given_or_left_out(tmp_path):
    path = archive(tmp_path, [("1.csv", b"one")])
    with pytest.raises(BadTable, match=r"a.zip: the archive has no member '2.csv' \(and 1 more\)"):
        next(members(path, ["1.csv", "2.csv", "3.csv"], name="a.zip"))
    missing = []
    assert read(path, "1.csv", "2.csv", missing=missing) == [("1.csv", b"one")]
    assert missing == ["2.csv"]


def test_members_that_cannot_be_trusted_are_refused(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = archive(tmp_path, [("1.csv", b"one"), ("1.csv", b"two")], "twice.zip")
    with pytest.raises(BadTable, match=r"2 members called '1.csv'"):
        read(twice, "1.csv")
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(BadTable, match="a link, which is not followed"):
        read(archive(tmp_path, [(link, b"/etc/passwd")], "link.zip"), "link")
    path = archive(tmp_path, [("1.csv", b"one")], "locked.zip")
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):  # the flag of encryption, in both headers
        struct.pack_into("<H", data, data.index(mark) + place, 1)
    path.write_bytes(data)
    with pytest.raises(BadTable, match="it is encrypted"):
        read(path, "1.csv")


def test_a_bomb_is_not_unpacked(tmp_path):
    path = archive(tmp_path, [("bomb", b"0" * 50_000_000)])
    with pytest.raises(BadTable, match=r"member bomb: it has more than 1,000,000 bytes"):
        read(path, "bomb", max_bytes=1_000_000)
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\1\2", 24), (b"PK\3\4", 22)):  # a lie about the size, in both headers
        struct.pack_into("<I", data, data.index(mark) + place, 100)
    path.write_bytes(data)
    with pytest.raises(BadTable, match="damaged"):
        read(path, "bomb", max_bytes=1_000_000)


def test_an_archive_cut_off_or_changed_anywhere_is_refused(tmp_path):
    path = archive(tmp_path, [("1.csv", b"1,2\n3,4\n"), ("2.csv", b"x" * 50)])
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadTable):
            read(path, "1.csv", "2.csv")
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = read(path, "1.csv", "2.csv")
        except BadTable:
            continue
        assert found == [("1.csv", b"1,2\n3,4\n"), ("2.csv", b"x" * 50)]


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "page.zip"
    path.write_bytes(b"<html>sign in</html>")
    with pytest.raises(BadTable, match="no zip archive, or a damaged one"):
        read(path, "1.csv")
    with pytest.raises(BadTable, match="it cannot be read: No such file"):
        read(tmp_path / "gone.zip", "1.csv")


def test_nothing_is_written_anywhere(tmp_path):
    path = archive(tmp_path, [("../../evil.csv", b"1"), ("/abs.csv", b"2")])
    before = sorted(tmp_path.rglob("*"))
    assert read(path, "../../evil.csv", "/abs.csv") == [("../../evil.csv", b"1"), ("/abs.csv", b"2")]
    assert sorted(tmp_path.rglob("*")) == before
