"""Pictures of numbers: what is drawn is what is there, nothing stands for what is missing, the bytes never vary."""

from __future__ import annotations

import doctest
import io
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from siibra_kg.data_errors import BadTable
from siibra_kg.features import plots
from siibra_kg.features.plots import (
    bars,
    box,
    carpet,
    matrix,
    parts,
    plot_bars,
    plot_box,
    plot_carpet,
    plot_matrix,
    plot_polar,
    plot_profile,
    polar,
    profile,
)
from siibra_kg.model import Region
from siibra_kg.terms import IRI

FRAME = pd.DataFrame({"mean": [4.0, 2.0, 1.0], "std": [1.0, 0.5, 0.1]}, ["AMPA", "GABAA", "M1"])
SIGNALS = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) * 0.72, list("abcd"))
ALL = {
    "polar": lambda: plot_polar(FRAME, groups={"AMPA": "glutamate"}, unit="fmol/mg", dpi=50),
    "bars": lambda: plot_bars({"a": FRAME, "b": FRAME * 2}, dpi=50),
    "profile": lambda: plot_profile(FRAME["mean"].set_axis([0, 0.5, 1.0]), layers={"I": (0, 0.3)}, dpi=50),
    "box": lambda: plot_box({"a": range(20), "b": [1, 2]}, dpi=50),
    "matrix": lambda: plot_matrix(SIGNALS.corr(), groups=list("xxyy"), dpi=50),
    "carpet": lambda: plot_carpet(SIGNALS, groups=list("xxyy"), dpi=50),
}


def pixels(picture):
    """Give the picture as an array, shape (rows, columns, 3)."""
    return imread(io.BytesIO(picture.png))[..., :3]


def amount(picture, color, near=0.02):
    """Count the pixels of a colour."""
    return int((np.abs(pixels(picture) - to_rgb(color)).max(axis=2) < near).sum())


@pytest.mark.parametrize("kind", ALL)
def test_a_picture_is_a_png_and_written_where_told(kind, tmp_path):
    picture = ALL[kind]()
    assert picture.png.startswith(b"\x89PNG")
    assert picture.save(tmp_path / "a.png").read_bytes() == picture.png == ALL[kind]().png


def test_the_bytes_depend_on_no_process(tmp_path):
    """Another hash seed, another style of the user's, another day: the same bytes."""
    (tmp_path / "matplotlibrc").write_text("font.size: 30\naxes.facecolor: red\n")
    code = """if True:
        import hashlib, pandas as pd
        from siibra_kg.features.plots import plot_polar
        frame = pd.DataFrame({"mean": [4.0, 2.0, 1.0], "std": [1.0, 0.5, 0.1]}, ["AMPA", "GABAA", "M1"])
        print(hashlib.sha256(plot_polar(frame, groups={"AMPA": "glutamate"}, unit="fmol/mg", dpi=50).png).hexdigest())
    """
    env = {**os.environ, "PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    import hashlib

    assert run.stdout.strip() == hashlib.sha256(ALL["polar"]().png).hexdigest()


def test_bars_are_as_long_as_their_values():
    """The pixels of a bar are in proportion to the value; a missing value has no bar, and is not zero."""
    frame = pd.DataFrame({"mean": [4.0, 1.0, np.nan]}, ["a", "b", "c"])
    groups = dict(zip("abc", ("one", "two", "three"), strict=True))
    image = pixels(plot_bars(frame, groups=groups, dpi=80))
    inside = image[:, : int(image.shape[1] * 0.77)]  # the legend is at the right
    long, short, none = (int((np.abs(inside - to_rgb(parts.color_of(i))).max(axis=2) < 0.02).sum()) for i in range(3))
    assert long / short == pytest.approx(4, rel=0.03)
    assert none == 0


@pytest.mark.parametrize("missing", [0, 1])
def test_a_cell_of_a_matrix_has_its_place(missing):
    """The first row is at the top; what is missing is grey, and nothing else is."""
    values = np.zeros((5, 5))
    values[0, 4] = values[1, 1] = 1.0
    values[4, 0] = np.nan if missing else 0
    picture = plot_matrix(pd.DataFrame(values), colors="gray", limits=(0, 1), dpi=80)
    image = pixels(picture)
    found = np.argwhere((image > 0.99).all(axis=2))
    rows, columns = image.shape[:2]
    top_right = (found[:, 0] < rows * 0.35) & (found[:, 1] > columns * 0.6) & (found[:, 1] < columns * 0.87)
    assert top_right.sum() > 1000
    assert bool(amount(picture, parts.MISSING) > 5000) == bool(missing)


def test_limits_of_colours_leave_the_diagonal_out():
    """A diagonal of ones would hide all else; values of both signs get limits that are as far from zero."""
    values = np.array([[1.0, 0.2], [-0.3, 1.0]])
    assert matrix._limits(values, log=False) == (-0.3, 0.3)
    assert matrix._limits(np.abs(values), log=False) == (0.0, 0.3)
    assert matrix._limits(np.eye(1), log=False) == (0.0, 1.0)
    with pytest.raises(BadTable, match="logarithm"):
        matrix._limits(-np.ones((2, 2)), log=True)


def test_a_box_is_between_the_quartiles():
    """Of 0 to 100: filled from 25 to 75, half as high as the whiskers; the line at 50 is in its middle."""
    image = pixels(plot_box({"a": np.arange(101.0)}, points=False, dpi=80))
    beside = image[:, image.shape[1] // 2 + 60]  # not on the whiskers
    filled = np.flatnonzero((beside[:, 0] > 0.2) & (beside[:, 2] < 0.1))
    whiskers = np.flatnonzero(np.abs(image[:, image.shape[1] // 2 + 18] - to_rgb(parts.SERIES[0])).max(axis=1) < 0.4)
    white = np.flatnonzero((beside > 0.8).all(axis=1))
    assert np.ptp(filled) / np.ptp(whiskers) == pytest.approx(0.5, abs=0.02)
    assert white.mean() == pytest.approx((filled[0] + filled[-1]) / 2, abs=1.5)


def test_a_carpet_shows_deviations_of_each_region():
    shown, flat = carpet._standard(np.array([[1.0, 3.0], [5.0, 5.0], [np.nan, np.nan]]))
    assert flat == 1
    assert np.array_equal(shown, [[-1, 1], [0, 0], [np.nan, np.nan]], equal_nan=True)


def test_rows_are_called_by_their_regions():
    left, right = (Region(IRI(f"urn:{side}"), f"Area 4p {side}") for side in ("left", "right"))
    assert parts.label_of(left) == "Area 4p left"
    assert parts.label_of((left, right)) == "Area 4p left + Area 4p right"
    names = pd.Index([left, right], tupleize_cols=False)
    assert plot_matrix(pd.DataFrame(np.eye(2), names, names), dpi=50).png


def test_frames_are_put_into_the_order_of_the_first():
    a, b = parts.series_of({"a": FRAME, "b": FRAME.iloc[[2, 0]]}, "mean", "std")
    assert a.labels == b.labels == ("AMPA", "GABAA", "M1")
    assert np.array_equal(b.values, [4, np.nan, 1], equal_nan=True)
    assert np.array_equal(b.spread, [1, np.nan, 0.1], equal_nan=True)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: plot_polar(FRAME * np.nan), "finite"),
        (lambda: plot_polar(FRAME.iloc[:0]), "finite|no rows"),
        (lambda: plot_polar(FRAME, value="density"), "no column 'density'.*mean, std"),
        (lambda: plot_bars(pd.concat([FRAME, FRAME])), "'AMPA' is there twice"),
        (lambda: plot_bars({}), "no rows"),
        (lambda: plot_profile(FRAME), "depths are no numbers"),
        (lambda: plot_profile(SIGNALS, spread=SIGNALS.iloc[1:]), "not those of the profile"),
        (lambda: plot_box({"a": [np.nan]}), "finite"),
        (lambda: plot_box({}), "finite"),
        (lambda: plot_matrix(SIGNALS.corr() * np.inf), "finite"),
        (lambda: plot_matrix(SIGNALS.corr(), groups=["x"]), "1 groups for 4 rows"),
        (lambda: plot_carpet(SIGNALS.iloc[:1]), "two points in time"),
        (lambda: plot_carpet(SIGNALS.iloc[[0, 1, 3]]), "equal steps"),
        (lambda: plot_carpet(SIGNALS.set_axis(map(str, "x" * 30))), "times are no numbers"),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, says):
    with pytest.raises(BadTable, match=says):
        draw()


def test_negative_values_have_a_circle_of_their_own():
    """A z-score below zero is inside of the circle of zero, not on the other side."""
    frame = pd.DataFrame({"mean": [1.0, -1.0, 0.5, -0.2]}, list("abcd"))
    assert plot_polar(frame, dpi=50).png != plot_polar(frame.abs(), dpi=50).png


def test_without_matplotlib_it_is_said_what_to_install():
    code = """if True:
        import sys
        sys.modules["matplotlib"] = None
        from siibra_kg.errors import DataMissing
        try:
            import siibra_kg.features.plots
        except DataMissing as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'siibra-kg[plot]'" in run.stdout


@pytest.mark.parametrize("module", [bars, box, carpet, matrix, parts, polar, profile], ids=lambda m: m.__name__[20:])
def test_examples(module):
    assert doctest.testmod(module).failed == 0
    assert set(plots.__all__) >= {name for name in module.__all__ if name.startswith("plot_")}
