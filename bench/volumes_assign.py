"""Assignment of points and images to label maps, timed; peers run beside in ``bench.volumes``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.volume_inputs import Inputs

__all__ = ["JOBS"]

_SPACE = "https://openminds.om-i.org/instances/commonCoordinateFrameworkVersion/MNI-ICBM_2009c_Nonlin_Asym"


def points_labels(inputs: Inputs) -> Callable[[], object]:
    """100,000 points to labels, with the data frame; the label index is built. Gives how many have a label."""
    import numpy as np

    from siibra_kg.volumes.assign import assign

    labels, points = _labels(inputs), np.load(inputs.points)
    return lambda: int(assign(labels, points, space=_SPACE)["map value"].notna().sum())


def image_labels(inputs: Inputs) -> Callable[[], object]:
    """One image against 426 regions, all scores; the label index is built. Gives how many regions it meets."""
    from siibra_kg.volumes.assign import assign

    labels, image = _labels(inputs), _volume(inputs.image)
    return lambda: len(assign(labels, image, split_components=False))


def _labels(inputs: Inputs) -> Any:
    import numpy as np

    from siibra_kg.volumes import LabelMap

    volume = _volume(inputs.labels, kind="labelled", dtype=np.uint16)
    labels = LabelMap(volume)
    labels.index  # noqa: B018  built on first use
    return labels


def _volume(path: Any, kind: str = "statistical", dtype: Any = None) -> Any:
    import nibabel as nib
    import numpy as np

    from siibra_kg.terms import IRI
    from siibra_kg.volumes import Volume

    image = nib.load(path)
    array = np.asarray(np.asanyarray(image.dataobj), dtype=dtype, order="F")
    return Volume(array, image.affine, IRI(_SPACE), kind=kind)


JOBS: dict[str, Callable[[Inputs], Callable[[], object]]] = {
    "points-labels": points_labels,
    "image-labels": image_labels,
}
