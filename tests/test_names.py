"""Look-up keys and hemispheres in names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from siibra_kg.names import _split, _unicode_key, key, split_hemisphere, tokens


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Area hOc1 (V1, 17, CalcS)", "area hoc1 v1 17 calcs"),
        ("  JBA_Area-hOc1 ", "jba area hoc1"),
        ("Ammon\u2019s horn [Noguez]", "ammon s horn noguez"),
        ("nucleus raphé", "nucleus raphe"),
        ("nucleus raphe\u0301", "nucleus raphe"),
        ("ﬁmbria", "fimbria"),
        ("Straße", "strasse"),
        ("supramarginal and\nangular gyri", "supramarginal and angular gyri"),
        ("--", ""),
        ("", ""),
    ],
)
def test_a_key_has_only_lower_case_words(text: str, wanted: str) -> None:
    assert key(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Area hOc1 - left hemisphere", ("area hoc1", "left")),
        ("left hOc1", ("hoc1", "left")),
        ("hOc1 (L)", ("hoc1", "left")),
        ("hOc1 [R]", ("hoc1", "right")),
        ("Amygdala_R", ("amygdala", "right")),
        ("rh.insula", ("insula", "right")),
        ("lh_insula", ("insula", "left")),
        ("hOc1, RIGHT", ("hoc1", "right")),
        ("Left hemisphere of cerebellum", ("cerebellum", "left")),
        ("right hemisphere hOc1", ("hoc1", "right")),
        # What only looks like a side stays: abbreviations of Waxholm and Swanson, areas, words.
        ("SN-l", ("sn l", None)),
        ("LSr.dl.l", ("lsr dl l", None)),
        ("RH", ("rh", None)),
        ("Left", ("left", None)),
        ("Area 5L (SPL)", ("area 5l spl", None)),
        ("cleft of the leftover", ("cleft of the leftover", None)),
        ("nucleus left of midline", ("nucleus left of midline", None)),
    ],
)
def test_a_hemisphere_is_taken_out_of_either_end_of_a_name(text: str, wanted: tuple[str, str | None]) -> None:
    assert split_hemisphere(text) == wanted


@given(st.text())
def test_the_key_of_a_key_is_itself(text: str) -> None:
    assert key(key(text)) == key(text)
    assert tuple(key(text).split()) == tokens(text)


@given(st.text())
def test_composition_and_surroundings_do_not_change_a_key(text: str) -> None:
    assert key(unicodedata.normalize("NFD", text)) == key(unicodedata.normalize("NFC", text))
    assert key(f" ({text})_") == key(text)


@given(st.text(), st.sampled_from(["left", "right"]))
@example("\u3260", "left")  # a circled letter, which the key spells out
def test_a_side_after_a_name_is_found_again(text: str, side: str) -> None:
    base, found = split_hemisphere(f"{text} {side}")
    if key(text):
        assert (base, found) == (key(text), side)
    else:
        assert (base, found) == (side, None)


#: Text that nearly names a side: its parts in any order, with letters that only look alike when case is ignored.
_WORDS = "left Left RIGHT right lh RH l L R hemi hemisphere in the of ( ) [ ] _ - . , : r\u0131ght \u0130 \u017f"
_PIECES = [*_WORDS.split(), " ", "\n", "\u00a0", "area"]
nearly = st.lists(st.sampled_from(_PIECES) | st.text(max_size=3), max_size=8).map("".join)


@given(st.text(st.characters(max_codepoint=127)) | st.text() | nearly)
def test_the_short_way_to_a_key_is_the_long_way(text: str) -> None:
    assert key(text) == _unicode_key(text)


@given(st.text() | nearly)
def test_the_short_way_to_a_hemisphere_is_the_long_way(text: str) -> None:
    assert split_hemisphere(text) == _split(unicodedata.normalize("NFKC", text))


def test_a_turkish_letter_makes_no_side() -> None:
    """Ignoring case, the regular expression takes the dotless i for an i."""
    assert split_hemisphere("area r\u0131ght") == ("area r\u0131ght", None)
