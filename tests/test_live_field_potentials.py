"""Local field potentials: a database and files in the documented form, with known values, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from siibra_kg.config import Settings
from siibra_kg.data_errors import BadTable, ServiceError, TableWarning
from siibra_kg.errors import DataMissing, NetworkDisabled, NoSuchName, SpaceMismatch, TermError
from siibra_kg.live.field_potentials import Database, local_field_potentials
from siibra_kg.live.field_potentials.recordings import WAXHOLM
from siibra_kg.locations import BoundingBox, Point
from siibra_kg.model import Parcellation, Region
from siibra_kg.names import key
from siibra_kg.terms import IRI
from siibra_kg.web import download
from tests.oracle.ensure_siibra import Missing, ensure
from tests.servers.files_server import serve

h5py = pytest.importorskip("h5py")

COLUMNS = (
    "whs_label", "whs_x", "whs_y", "whs_z", "pathology", "pharmacology", "signal_quality", "subject", "session",
    "lfp_file", "psd_file", "motion_file",
)  # fmt: skip
TIMES, FREQUENCIES = np.arange(7) * 0.5, np.arange(1, 5) * 10.0
#: label, place, pathology, pharmacology, quality, subject, session, which files
RECORDINGS = (
    ("CA1", (1.0, 2.0, 3.0), "none", "saline", "good", "rat1", "s1", "lpm"),
    ("CA1", (1.5, 2.0, 3.0), "epilepsy", "saline", "good", "rat1", "s2", "p"),
    ("CA3", (2.0, 2.5, 3.0), "none", None, "poor", "rat2", "s1", "p"),
    ("Clear Label", (9.0, 9.0, 9.0), "none", "saline", "good", "rat2", "s2", ""),
    ("CA1 (old)", None, "none", "saline", "good", "rat3", "s1", "p"),
)  # fmt: skip
SYNONYMS = {"CA1": ("cornu ammonis 1",), "cortex": ("shared",), "hippocampus": ("shared",)}
RELEASE = Parcellation(IRI("urn:v4"), "Waxholm v4")


def tree(release=RELEASE):
    """Give the regions hippocampus > CA1, CA3 of a release."""
    parts: dict[str, tuple[str, ...]] = {"hippocampus": ("CA1", "CA3"), "CA1": (), "CA3": (), "cortex": ()}
    made: dict[str, Region] = {}
    view = SimpleNamespace(
        descendants=lambda region: tuple(made[name] for name in parts[region.name]),
        regions=lambda _: tuple(made.values()),
    )
    release = replace(release, view=view)
    for name in parts:
        made[name] = Region(IRI(f"urn:{release.name}/{name}"), name, parcellation=release, view=view)
    return release, made


def power(number):
    """Give the three arrays of a recording: times x frequencies, every value different."""
    values = (number + 1.0) * (1 + np.arange(TIMES.size * FREQUENCIES.size)).reshape(TIMES.size, -1)
    return {"spectrogram": values, "spectrogram_arrhythmic": values / 4, "spectrogram_rhythmic": values / 100}


def write_spectrum(path, number, **changed):
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {"times": TIMES[:, None], "frequencies": FREQUENCIES[None, :], **power(number), **changed}
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            if array is not None:
                file[name] = array


def write_database(path, rows=RECORDINGS, columns=COLUMNS, table="bids"):
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
        for number, (label, place, *said, files) in enumerate(rows):
            paths = [
                f"sub-{number}/a file {kind}.h5" if kind[0] in files else None for kind in ("lfp", "psd", "motion")
            ]
            row = (label, *(place or (None, None, None)), *said, *paths)[: len(columns)]
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", row)
        connection.commit()


@pytest.fixture
def bucket(tmp_path):
    folder = tmp_path / "bucket"
    folder.mkdir()
    write_database(folder / "lfp_atlas_bids.sqlite")
    for number, row in enumerate(RECORDINGS):
        for kind in ("lfp", "psd", "motion"):
            if kind[0] in row[-1]:
                write_spectrum(folder / f"sub-{number}/a file {kind}.h5", number)
    with serve(folder) as server:
        yield server


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=2.0)


@pytest.fixture
def database(settings, bucket):
    return Database(settings, bucket.url)


def names_of(release):
    """Stand for a graph that knows the names of the regions of a release."""
    rows = [
        SimpleNamespace(key=key(name), iri=region.iri, name=region.name)
        for region in release.regions
        for name in (region.name, *SYNONYMS.get(region.name, ()))
    ]
    return SimpleNamespace(table=lambda _name, **_: rows)


def asked(database, where=None, release=RELEASE, **wanted):
    ask = names_of(release) if isinstance(where, Region) and release.view else None
    return local_field_potentials(ask, database.settings, where, parcellation=release, database=database, **wanted)


def decibel(number):
    """Give the expected spectrum of a recording, computed apart from the code under test."""
    arrays = power(number)
    middle = {name: sorted(map(tuple, array.tolist()))[3] for name, array in arrays.items()}  # rows increase
    return np.column_stack([
        [10 * np.log10(v) for v in middle["spectrogram"]],
        [10 * np.log10(v) for v in middle["spectrogram_arrhythmic"]],
        middle["spectrogram_rhythmic"],
    ])  # fmt: skip


def test_all_recordings_as_the_database_has_them(database, bucket):
    found = asked(database)
    assert [one.number for one in found] == [0, 1, 2, 3, 4]
    first, third, last = found[0], found[2], found[-1]
    assert (first.anchor, first.subject, first.session, first.pathology) == ("CA1", "rat1", "s1", "none")
    assert first.location == Point((1.0, 2.0, 3.0), str(WAXHOLM))
    assert third.pharmacology == ""
    assert last.location is None
    assert found.subjects == ("rat1", "rat2", "rat3")
    assert found.points.labels == (0, 1, 2, 3)
    assert list(found.table.columns) == list(COLUMNS)
    assert found.table.attrs["sources"][0]["url"] == f"{bucket.url}/lfp_atlas_bids.sqlite"
    assert bucket.log == ["GET /lfp_atlas_bids.sqlite"]  # nothing else is fetched for this
    assert database.choices == {
        "pathology": ("epilepsy", "none"), "pharmacology": ("saline",), "signal_quality": ("good", "poor"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wanted", "numbers"),
    [
        ("CA1", {}, [0, 1]),
        ("hippocampus", {}, [0, 1, 2]),
        ("hippocampus", {"pathology": "none"}, [0, 2]),
        ("hippocampus", {"pathology": "none", "signal_quality": "good"}, [0]),
        ("hippocampus", {"pharmacology": "saline"}, [0, 1]),
    ],
)
def test_a_region_has_the_recordings_of_its_parts(database, name, wanted, numbers):
    release, regions = tree()
    with pytest.warns(
        TableWarning, match=r"no region of Waxholm v4, or more than one, is called 'CA1 \(old\)' \(1 recordings\)"
    ):
        found = asked(database, regions[name], release, **wanted)
    assert [one.number for one in found] == numbers
    assert found.region == regions[name].iri


def test_labels_are_names_or_synonyms_of_one_region(settings, bucket):
    labels = ("Cornu Ammonis 1", "ca1", "shared", "Clear Label", "CA3")
    rows = [(label, *row[1:]) for label, row in zip(labels, RECORDINGS, strict=True)]
    write_database(bucket.folder / "lfp_atlas_bids.sqlite", rows)
    release, regions = tree()
    with pytest.warns(TableWarning, match=r"or more than one, is called 'shared' \(1 recordings\)$"):
        found = asked(Database(settings, bucket.url), regions["hippocampus"], release)
    assert [one.number for one in found] == [0, 1, 4]


def test_a_region_of_another_release_is_refused(database):
    _, regions = tree(Parcellation(IRI("urn:v3"), "Waxholm v3"))
    with pytest.raises(DataMissing, match="it is of Waxholm v3, and the labels of recordings are names of Waxholm v4"):
        asked(database, regions["CA1"], tree()[0])


@pytest.mark.filterwarnings("ignore:.*is called:siibra_kg.data_errors.TableWarning")
def test_a_region_without_recordings(database):
    release, regions = tree()
    with pytest.warns(TableWarning, match="no such recording lies in cortex"):
        found = asked(database, regions["cortex"], release)
    assert len(found) == 0
    assert found.points is None
    with pytest.raises(DataMissing):
        _ = found.data


def test_a_box_border_included(database):
    with pytest.warns(TableWarning, match="1 recordings have no place"):
        found = asked(database, BoundingBox((1, 2, 3), (1.5, 2, 3.5), str(WAXHOLM)))
    assert [one.number for one in found] == [0, 1]
    with pytest.raises(SpaceMismatch):
        asked(database, BoundingBox((1, 2, 3), (1.5, 2, 3), "urn:other"))
    with pytest.raises(TermError):
        asked(database, "CA1")


def test_a_value_that_no_recording_has(database):
    with pytest.raises(NoSuchName) as caught:
        asked(database, pathology="Epilepsy")
    assert caught.value.close == ("epilepsy", "none")


def test_one_spectrum_is_the_median_over_time(database, bucket):
    one = asked(database)[1]
    data = one.data
    np.testing.assert_allclose(data.to_numpy(), decibel(1), rtol=1e-12)
    assert data.index.tolist() == FREQUENCIES.tolist()
    assert data.index.name == "Frequency (Hz)"
    assert list(data.columns) == ["PSD (dB)", "PSD - arrhythmic (dB)", "PSD - rhythmic (dB (fractal))"]
    assert data.attrs["unit"]["PSD - rhythmic (dB (fractal))"] == "dB (fractal)"
    assert data.attrs["sources"][0]["url"] == f"{bucket.url}/sub-1/a%20file%20psd.h5"
    assert [one.has(kind) for kind in ("lfp", "psd", "motion")] == [False, True, False]
    with pytest.raises(DataMissing, match=r"the database names none\); files that it has: psd"):
        one.file("lfp")
    with pytest.raises(TermError):
        one.file("video")


def test_the_mean_over_recordings(database):
    found = asked(database)
    with pytest.warns(TableWarning, match="recording 3 has no spectrum"):
        data = found.data
    np.testing.assert_allclose(data.to_numpy(), np.mean([decibel(n) for n in (0, 1, 2, 4)], axis=0), rtol=1e-12)
    assert len(data.attrs["sources"]) == 5
    assert len(data.attrs["notes"]) == 1


def test_parted_as_siibra_parts_them(database):
    parts = asked(database).grouped()
    said = [(part.anchor, [one.number for one in part]) for part in parts]
    assert said == [("CA1", [1]), ("CA1", [0]), ("CA1 (old)", [4]), ("CA3", [2]), ("Clear Label", [3])]
    assert len({part.iri for part in parts}) == len(parts)
    np.testing.assert_allclose(parts[0].data.to_numpy(), decibel(1), rtol=1e-12)
    assert (
        parts[0].name
        == "Local field potentials in CA1 - pathology: epilepsy - pharmacology: saline - signal_quality: good"
    )


def test_the_second_time_nothing_is_fetched(database, bucket, settings):
    first = asked(database)[0].data
    bucket.log.clear()
    again = asked(Database(replace(settings, offline=True), bucket.url))[0].data
    assert again.equals(first)
    assert bucket.log == []
    with pytest.raises(NetworkDisabled, match="sub-2"):
        _ = asked(Database(replace(settings, offline=True), bucket.url))[2].data


def test_powers_that_are_not_positive_are_missing(database, bucket):
    values = power(0)["spectrogram"].copy()
    values[:, 0] = 0.0
    values[0, 1] = -1.0
    write_spectrum(bucket.folder / "sub-0/a file psd.h5", 0, spectrogram=values)
    with pytest.warns(TableWarning, match=f"{TIMES.size + 1} of 28 powers are not positive"):
        data = asked(database)[0].data
    assert np.isnan(data.iloc[0, 0])
    assert data.iloc[1, 0] == pytest.approx(np.median(10 * np.log10(values[1:, 1])))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"spectrogram": None}, "no array /spectrogram"),
        ({"frequencies": FREQUENCIES[::-1]}, "do not|not finite numbers that increase"),
        ({"spectrogram": np.ones((4, 7))}, "4 x 7 values, not 7 times x 4 frequencies"),
        ({"spectrogram": h5py.ExternalLink("/etc/passwd", "/a")}, "no array of its own"),
        ({"spectrogram": h5py.SoftLink("/times")}, "no array of its own"),
        ({"spectrogram": np.array(["a"] * 28, dtype="S1").reshape(7, 4)}, "does not hold numbers"),
    ],
)
def test_files_that_are_not_as_documented(database, bucket, changed, said):
    write_spectrum(bucket.folder / "sub-0/a file psd.h5", 0, **changed)
    with pytest.raises(BadTable, match=said):
        _ = asked(database)[0].data


def test_an_array_whose_values_lie_in_another_file(database, bucket, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(28 * 8))
    path = bucket.folder / "sub-0/a file psd.h5"
    write_spectrum(path, 0, spectrogram=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("spectrogram", (7, 4), "f8", external=[(str(tmp_path / "secret"), 0, 28 * 8)])
    with pytest.raises(BadTable, match="no array of its own"):
        _ = asked(database)[0].data


def test_frequencies_that_differ_are_not_averaged(database, bucket):
    write_spectrum(bucket.folder / "sub-2/a file psd.h5", 2, frequencies=FREQUENCIES + 1)
    with pytest.raises(BadTable, match="frequencies are others"):
        _ = asked(database).data


def test_a_file_cut_off_anywhere_leaves_nothing(database, bucket, settings):
    path = bucket.folder / "sub-0/a file psd.h5"
    whole = path.read_bytes()
    one = asked(database)[0]
    for size in (0, 1, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])  # with the length of what is left: nothing but the content tells
        with pytest.raises((BadTable, ServiceError)):
            _ = one.data
    path.write_bytes(whole)
    np.testing.assert_allclose(one.data.to_numpy(), decibel(0), rtol=1e-12)


@pytest.mark.parametrize("fault", ["html", "404", "503", "truncate", "stall", "garbage"])
def test_a_bucket_in_trouble(settings, bucket, fault):
    bucket.faults["sqlite"] = fault
    database = Database(replace(settings, timeout=0.5), bucket.url)
    with pytest.raises((BadTable, ServiceError)) as caught:
        _ = database.table
    assert "lfp_atlas_bids.sqlite" in str(caught.value)
    bucket.faults.clear()
    assert len(Database(settings, bucket.url).table) == 5


def test_a_database_cut_off_anywhere_leaves_nothing(settings, bucket):
    path = bucket.folder / "lfp_atlas_bids.sqlite"
    whole = path.read_bytes()
    for size in (0, 15, 16, 99, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises((BadTable, ServiceError)):
            _ = Database(settings, bucket.url).table
    path.write_bytes(whole)
    assert len(Database(settings, bucket.url).table) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"table": "other"}, "no table 'bids'"),
        ({"columns": COLUMNS[:-1]}, "no column motion_file"),
        ({"rows": ()}, "no recordings"),
        ({"rows": (("CA1", ("left", 2, 3), *RECORDINGS[0][2:]),)}, "a coordinate is no number"),
        ({"rows": ((b"\x00\x01", *RECORDINGS[0][1:]),)}, "holds bytes"),
    ],
)
def test_a_database_that_is_something_else(settings, bucket, changed, said):
    write_database(bucket.folder / "lfp_atlas_bids.sqlite", **changed)
    with pytest.raises(BadTable, match=said):
        _ = Database(settings, bucket.url).table


def test_a_view_is_not_run(settings, bucket):
    path = bucket.folder / "lfp_atlas_bids.sqlite"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        connection.execute(f"CREATE VIEW bids AS {endless}")
        connection.commit()
    with pytest.raises(BadTable, match="no table 'bids'"):
        _ = Database(settings, bucket.url).table


@pytest.mark.parametrize("path", ["../secret.h5", "/etc/passwd", "a/../../b.h5", "a//b.h5", "..\\b.h5"])
def test_paths_that_leave_the_bucket(database, bucket, path):
    with pytest.raises(BadTable, match="no path of a file in the bucket"):
        database.file(path)
    assert bucket.log == []


def test_a_mirror_that_may_only_be_read(settings, bucket, tmp_path):
    """The database is read where it lies; SQLite writes no journal beside it."""
    host = tmp_path / "mirror" / "example.org" / "bucket"
    shutil.copytree(bucket.folder, host)
    (host / "lfp_atlas_bids.sqlite").chmod(0o444)
    before = sorted(p.name for p in host.iterdir())
    there = replace(settings, mirror=str(tmp_path / "mirror"), offline=True)
    assert len(Database(there, "https://example.org/bucket").table) == 5
    assert sorted(p.name for p in host.iterdir()) == before


def test_without_h5py_nothing_is_fetched_in_vain(database, bucket, monkeypatch):
    found = asked(database)
    monkeypatch.setitem(sys.modules, "h5py", None)
    bucket.log.clear()
    with pytest.raises(DataMissing, match=r"siibra-kg\[hdf5\]"):
        _ = found[0].data
    assert bucket.log == []


def test_nothing_is_written_or_warned_without_need(database):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(asked(database)) == 5


@pytest.mark.peer
def test_the_same_numbers_as_siibra(tmp_path, settings, both):
    """Siibra reads the same files; what differs is which recordings a region has that is a label itself."""
    try:
        oracle = ensure()
    except Missing as error:
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(str(error))
        pytest.skip(f"siibra-python cannot be had, tests beside it CANNOT RUN: {error}")
    labels = ("Cornu ammonis 1", "Cornu ammonis 1", "Cornu ammonis 3", "Hippocampal region", "Dentate gyrus")
    rows = [
        (label, (1.0, 2.0, 3.0), "none", "saline", "good", *row[5:7], "p")
        for label, row in zip(labels, RECORDINGS, strict=True)
    ]
    rows[1] = (*rows[1][:2], "epilepsy", *rows[1][3:])
    folder = tmp_path / "bucket"
    folder.mkdir()
    write_database(folder / "lfp_atlas_bids.sqlite", rows)
    for number in range(len(rows)):
        write_spectrum(folder / f"sub-{number}/a file psd.h5", number)
    (tmp_path / "siibra").mkdir()
    env = os.environ | {
        "SIIBRA_USE_CONFIGURATION": str(oracle.configuration),
        "SIIBRA_CACHEDIR": str(tmp_path / "siibra"),
    }
    script = Path(__file__).with_name("oracle") / "siibra_field_potentials.py"
    with serve(folder) as server:
        regions = ["Cornu ammonis 3", "Hippocampal region", "Cornu Ammonis"]
        job = {
            "base": server.url,
            "parcellation": "waxholm v4",
            "regions": regions,
            "wanted": {"signal_quality": "good"},
        }
        command = [str(oracle.python), str(script), json.dumps(job)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout.splitlines()[-1])
        mine = asked(Database(settings, server.url), signal_quality="good")
        for said in told.values():
            rest = [one.data.to_numpy() for one in mine if one.number in said["numbers"]]
            np.testing.assert_allclose(np.mean(rest, axis=0), said["spectrum"]["values"], rtol=1e-12)
            assert said["spectrum"]["columns"] == list(mine[0].data.columns)
            assert said["spectrum"]["index"] == FREQUENCIES.tolist()
        parts = {tuple(one.number for one in part): part for part in mine.grouped()}
        for numbers, spectrum in told["Cornu Ammonis"]["regional"]:
            np.testing.assert_allclose(parts[tuple(numbers)].data.to_numpy(), spectrum["values"], rtol=1e-12)
        database = Database(settings, server.url)
        found = {
            name: [
                one.number
                for one in local_field_potentials(
                    both._ask, settings, both.region(name, "waxholm 4"), database=database
                )
            ]
            for name in regions
        }
    assert told["Cornu ammonis 3"]["numbers"] == found["Cornu ammonis 3"] == [2]
    assert told["Cornu Ammonis"]["numbers"] == found["Cornu Ammonis"] == [0, 1, 2]
    # A label that is a region with parts: siibra leaves out the recordings of the parts.
    assert told["Hippocampal region"]["numbers"] == [3]
    assert found["Hippocampal region"] == [0, 1, 2, 3, 4]
