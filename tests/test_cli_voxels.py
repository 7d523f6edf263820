"""The commands that end in voxels: what they write, what they print, and what they refuse."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from siibra_kg.cli.points import read_points
from siibra_kg.errors import BadVolume

HARVARD_OXFORD = "harvardoxford cort maxprob thr0"


@pytest.fixture
def cli(both_home, tmp_path):
    """Run ``siibra-kg`` in a process of its own, offline, on the graph of both sources."""

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "SIIBRA_KG_HOME": str(both_home), "SIIBRA_KG_OFFLINE": "1"}
        command = [sys.executable, "-m", "siibra_kg", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


def test_points_get_regions_and_those_outside_a_row(cli, tmp_path, both):
    """The region is what the label map has at the point, read with nibabel; a point outside of the map says so."""
    (tmp_path / "p.tsv").write_text("name\tZ\tx\tY\nfirst\t50\t-30\t-20\nsecond\t300\t0\t0\n")
    done = cli("assign", "p.tsv", "-m", "AAL1", "-s", "colin 27", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    read = both.map("AAL1", "colin 27")
    i, j, k = np.floor(np.linalg.inv(read.volume.affine) @ [-30, -20, 50, 1] + 0.5).astype(int)[:3]
    names = {e.label: e.name for e in read.labels}
    assert [row["region"] for row in rows] == [names[int(read.volume.array[i, j, k])], ""]
    assert [row["inside"] for row in rows] == ["true", "false"]


def test_an_image_gets_regions(cli, tmp_path):
    """A mask that was written by `mask` is its region, with an intersection over union of 1."""
    assert cli("mask", "insula left", "-p", "AAL1", "-s", "colin 27", "-o", "insula.nii.gz").returncode == 0
    done = cli("assign", "insula.nii.gz", "-m", "AAL1", "-s", "colin 27", "-o", "rows.csv")
    assert done.stdout == "rows.csv\n"
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert [row["region"] for row in rows] == ["insula left"]
    assert float(rows[0]["intersection over union"]) == 1


def test_a_map_with_its_table(cli, tmp_path):
    """Every label of the image has a row of the BIDS table, in ascending order."""
    done = cli("map", "marsatlas", "-s", "colin 27", "-o", "m.nii.gz", "--table", "m.tsv")
    assert done.stdout == "m.nii.gz\nm.tsv\n"
    rows = list(csv.DictReader((tmp_path / "m.tsv").open(), delimiter="\t"))
    present = set(np.unique(np.asarray(nib.load(tmp_path / "m.nii.gz").dataobj)).tolist()) - {0}
    assert [int(row["index"]) for row in rows] == sorted(int(row["index"]) for row in rows)
    assert present == {int(row["index"]) for row in rows}
    assert len(present) == 97


def test_templates_and_pictures(cli, tmp_path):
    """A template as NIfTI; a region drawn by its values."""
    assert cli("template", "nlin6asym", "-o", "t.nii.gz").returncode == 0
    assert nib.load(tmp_path / "t.nii.gz").shape == (182, 218, 182)
    words = ("-p", HARVARD_OXFORD, "-s", "nlin6asym", "--kind", "statistical")
    assert cli("plot", "Left Insular Cortex", *words, "-o", "p.png").stdout == "p.png\n"
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    done = cli("mask", "Left Insular Cortex", *words, "--threshold", "50", "-o", "m.nii.gz")
    assert done.stdout == "m.nii.gz\n"
    assert "voxels greater than 50" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("assign", "none.csv", "-m", "AAL1", "-s", "colin 27"), "none.csv"),
        (("assign", "x.csv", "-m", "AAL1", "-s", "colin 27"), "column z"),
        (("assign", "x.csv", "-m", "AAL1", "-s", "nowhere"), "nowhere"),
        (("mask", "insula left", "-p", "AAL1", "-s", "colin 27", "-o", "x.png"), ".nii"),
        (("map", "julich 3.1", "-s", "mni152", "-o", "x.nii.gz"), "SIIBRA_KG_OFFLINE"),
        (("template", "colin 27", "-o", "x.nii.gz", "--max-bytes", "0"), "max_bytes"),
    ],
)
def test_bad_input_is_one_sentence(cli, tmp_path, words, says):
    """It names the input; nothing is written."""
    (tmp_path / "x.csv").write_text("x,y\n1,2\n")
    done = cli(*words)
    assert done.returncode in {1, 2}
    assert says in done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {"x.csv"}


def test_tables_of_points(tmp_path):
    """Columns in any order, case and delimiter; empty lines do not count; sigma and label are kept."""
    path = tmp_path / "p.csv"
    path.write_text("﻿Label; X ;y;Z;sigma\na;1;2;3;0\n;;;;\nb;-1,5;0;0;2\n".replace("-1,5", "-1.5"))
    cloud = read_points(path, "s")
    assert cloud.coordinates == ((1, 2, 3), (-1.5, 0, 0))
    assert cloud.labels == ("a", "b")
    assert cloud.sigmas.tolist() == [0, 2]
    for text, says in [("x,y,z\n1,2\n", ":2"), ("x,y,z\n1,2,q\n", ":2"), ("x,y,z\n", "no point"), ("", "none")]:
        path.write_text(text)
        with pytest.raises(BadVolume, match=says):
            read_points(path, "s")
