"""Features at a place: points, clouds and boxes of features against one of the query, within one space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.locations import BoundingBox, PointCloud, relation
from siibra_kg.model_features import Edge, Way
from siibra_kg.terms import IRI
from siibra_kg.vocab import SKG

if TYPE_CHECKING:
    from siibra_kg.locations import Location
    from siibra_kg.questions.feature_index import FeatureIndex
    from siibra_kg.table import Row

__all__ = ["at", "locations"]

_LOCATION, _BOX = IRI(SKG + "location"), IRI(SKG + "boundingBox")


def locations(index: FeatureIndex, space: IRI) -> dict[IRI, tuple[Location, tuple[IRI, ...]]]:
    """Give the location of each feature that has one in a space, with the nodes that say so.

    Several points of a feature are one cloud. An image of which only the space is known has no location.
    """
    points: dict[IRI, list[Row]] = {}
    found: dict[IRI, tuple[Location, tuple[IRI, ...]]] = {}
    for row in index.ask.table("feature/locations", space=space):
        if row.x is not None:
            points.setdefault(row.iri, []).append(row)
        else:
            low, high = (row.min_x, row.min_y, row.min_z), (row.max_x, row.max_y, row.max_z)
            found[row.iri] = BoundingBox(low, high, space), (row.location,)
    for feature, rows in points.items():
        cloud = PointCloud(tuple((row.x, row.y, row.z) for row in rows), space)
        found.setdefault(feature, (cloud, tuple(row.location for row in rows)))
    return found


def at(index: FeatureIndex, place: Location, space: IRI) -> dict[IRI, list[Way]]:
    """Give the ways in which features belong to a place of a space: those whose location has a point in common.

    Parameters
    ----------
    index
        Knows where features are.
    place
        The query.
    space
        Its space, looked up. Features of other spaces are not matched: nothing is transformed here.
    """
    ways: dict[IRI, list[Way]] = {}
    query = _moved(place, space)
    for feature, (location, nodes) in locations(index, space).items():
        said = relation(location, query)
        if said is not None:
            edge = _BOX if isinstance(location, BoundingBox) else _LOCATION
            path = tuple(Edge(feature, edge, node) for node in nodes)
            kind = "box" if isinstance(location, BoundingBox) else "point" if len(nodes) == 1 else "points"
            ways[feature] = [Way(said, "geometry", "siibra", nodes[0], f"{kind} of the feature", path)]
    return ways


def _moved(place: Location, space: IRI) -> Location:
    """Give the same place with the IRI of its space, whatever words it was given with."""
    if isinstance(place, BoundingBox):
        return BoundingBox(place.minimum, place.maximum, space)
    coordinates = place.coordinates if isinstance(place, PointCloud) else (place.coordinate,)
    return PointCloud(coordinates, space)
