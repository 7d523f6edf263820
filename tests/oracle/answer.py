"""Answers questions about siibra-python as JSON lines; runs in siibra's own environment, needs nothing of ours.

``python -m tests.oracle.ensure_siibra`` makes that environment; :mod:`tests.oracle.peer` starts this and talks to it.
One request a line on stdin, ``{"do": name, …}``; one answer a line on stdout, ``{"ok": …}`` or ``{"error": text}``.
What siibra raises, whatever it is, is part of the answer. No answer touches the network: every connection is refused
at once.

A region is told as its parcellation's id and its place in preorder; the parcellation itself has place 0.
"""

# ruff: noqa: BLE001  whatever siibra raises is an answer

import contextlib
import json
import os
import re
import socket
import sys
import time


def _refuse(*_args, **_kwargs):
    raise OSError("the oracle has no network")


socket.socket.connect = _refuse
socket.socket.connect_ex = _refuse
socket.create_connection = _refuse
socket.getaddrinfo = _refuse

began = time.perf_counter()
import answer_locations  # noqa: E402  beside this file
import answer_volumes  # noqa: E402
import siibra  # noqa: E402
from siibra.core.parcellation import Parcellation, find_regions  # noqa: E402
from siibra.core.space import Space  # noqa: E402
from siibra.features.anchor import AnatomicalAnchor  # noqa: E402
from siibra.features.feature import Feature  # noqa: E402
from siibra.locations import BoundingBox, Point  # noqa: E402

IMPORT_SECONDS = time.perf_counter() - began
_PLACES = {}


def places():
    """Give ``id(object) -> (parcellation id, place in preorder)`` of every region; ids of regions are not unique."""
    if not _PLACES:
        for parcellation in Parcellation.registry():
            _PLACES.update({id(r): (parcellation.id, n) for n, r in enumerate(parcellation)})
    return _PLACES


def about():
    """Say what answers here."""
    counts = {p.id: sum(1 for _ in p) for p in Parcellation.registry()}
    return {
        "siibra": siibra.__version__,
        "python": sys.version.split()[0],
        "import_seconds": IMPORT_SECONDS,
        "spaces": [{"id": s.id, "key": s.key, "name": s.name, "shortname": s.shortname} for s in Space.registry()],
        "parcellations": [
            {
                "id": p.id,
                "key": p.key,
                "name": p.name,
                "shortname": p.shortname,
                "version": p.version.name if p.version else None,
                "newest": p.is_newest_version,
                "nodes": counts[p.id],
            }
            for p in Parcellation.registry()
        ],
    }


def tree(parcellation):
    """Give the nodes of a parcellation in preorder, itself first: ``[name, key, id, place of the parent]``."""
    root = Parcellation.registry()[parcellation]
    number = {id(r): n for n, r in enumerate(root)}
    return [[r.name, r.key, r.id, None if r.parent is None else number[id(r.parent)]] for r in root]


def parcellation(specs):
    """Look parcellations up: the id of each, or ``None`` where siibra finds none."""
    return [_or_none(lambda s=s: Parcellation.registry().get(s).id) for s in specs]


def space(specs):
    """Look spaces up: the id of each, or ``None`` where siibra finds none."""
    return [_or_none(lambda s=s: Space.registry().get(s).id) for s in specs]


def _or_none(get):
    try:
        return get()
    except IndexError:
        return None


def region(queries, workers=1):
    """Look regions up, ``[parcellation spec, region spec]`` each.

    Gives ``["one", id, place]``, ``["several"]``, ``["none"]``, ``["no parcellation"]`` or ``["fails", error]``.
    More workers are as many forked processes, each of which answers a part of the queries.
    """
    number = places()
    if workers == 1:
        return [_region(number, *query) for query in queries]
    parts = [queries[n::workers] for n in range(workers)]
    running = [_fork(lambda part: [_region(number, *query) for query in part], part) for part in parts]
    answers = [_answer(*one)["ok"] for one in running]
    out = [None] * len(queries)
    for n, answer in enumerate(answers):
        out[n::workers] = answer
    return out


def _region(number, parcellation_spec, spec):
    try:
        home = Parcellation.registry().get(parcellation_spec)
    except IndexError:
        return ["no parcellation"]
    try:
        found = home.get_region(spec)
    except ValueError:
        return ["none"]
    except RuntimeError:
        return ["several"]
    except Exception as error:
        return ["fails", f"{type(error).__name__}: {error}"]
    return ["one", *number[id(found)]]


def seconds(queries):
    """Give the seconds that looking up the regions takes, ``[parcellation spec, region spec]`` each: twice in turn."""
    Parcellation.registry()
    forget()
    out = []
    for _ in range(2):
        started = time.perf_counter()
        for parcellation_spec, spec in queries:
            with contextlib.suppress(ValueError, RuntimeError, IndexError):
                siibra.get_region(parcellation_spec, spec)
        out.append(time.perf_counter() - started)
    return out


def find(queries, filter_children=False, find_topmost=True):
    """Find regions, ``[parcellation spec, spec]`` each: ``[[parcellation id, place], …]`` in siibra's order."""
    number = places()
    out = []
    for parcellation_spec, spec in queries:
        home = Parcellation.registry().get(parcellation_spec)
        found = home.find(spec, filter_children=filter_children, find_topmost=find_topmost)
        out.append([number[id(r)] for r in found])
    return out


def forget():
    """Empty what siibra remembers of earlier look-ups."""
    find_regions.cache_clear()
    AnatomicalAnchor._MATCH_MEMO.clear()
    for home in Parcellation.registry():
        for node in home:
            node._CACHED_MATCHES.clear()
            node.find.cache_clear()


def anchors():
    """Decode the anchor of every preconfigured feature, before any compound feature can change it.

    Gives one record per feature: class, category, id, name, the region as written, where it is, and
    ``[parcellation id, place, qualification]`` of each region that it is decoded to.
    """
    number = places()
    out = []
    for cls in _classes():
        for feature in cls._get_instances():
            anchor = feature.anchor
            try:
                decoded = [[*number[id(r)], q.name] for r, q in anchor.regions.items()]
            except KeyError as error:
                decoded = f"KeyError: {error}"
            out.append(
                {
                    "class": cls.__name__,
                    "category": cls.category,
                    "id": _id(feature),
                    "name": _name(feature),
                    "region": anchor._regionspec,
                    "species": sorted(str(s) for s in anchor.species),
                    "location": type(anchor._location_cached).__name__ if anchor._location_cached is not None else None,
                    "decoded": decoded,
                }
            )
    return out


def _classes():
    found = {c for classes in Feature._SUBCLASSES.values() for c in classes if "_preconfigured_instances" in vars(c)}
    return sorted((c for c in found if c._configuration_folder), key=lambda c: c.__name__)


def _id(feature):
    try:
        return feature.id
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _name(feature):
    try:
        return feature.name
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def assignments():
    """Say how each distinct anchor relates to each region of all parcellations, before any compound feature.

    Gives ``shared``, the ids that regions of two parcellations share (none: relations are by id, so a region relates
    to its own tree alone), and ``anchors``, one record per text and species: ``text``, ``species``, ``classes``
    (class -> how many features siibra counts with it) and ``nodes``: ``[parcellation id, place, qualification]`` of
    all that it relates to, the best qualification of each. Features without a region are left out: how their location
    relates to a region is a question for images.
    """
    number, homes, found = places(), {}, {}
    for home in Parcellation.registry():
        for own in {node.id for node in home}:
            homes.setdefault(own, []).append(home.id)
    for cls in _classes():
        for feature in cls._get_instances():
            anchor = feature.anchor
            if anchor._regionspec is not None:
                key = (anchor._regionspec, tuple(sorted(str(s) for s in anchor.species)))
                classes = found.setdefault(key, (anchor, {}))[1]
                classes[cls.__name__] = classes.get(cls.__name__, 0) + 1
    told = []
    for (text, species), (anchor, classes) in found.items():
        best = {}
        for region in anchor.regions:
            for node in region.root:
                assigned = region.assign(node)
                if assigned is not None:
                    place = number[id(node)]
                    best[place] = min(best.get(place, assigned.qualification), assigned.qualification)
        nodes = [[*place, how.name] for place, how in best.items()]
        told.append({"text": text, "species": list(species), "classes": classes, "nodes": nodes})
    return {"shared": [own for own, several in homes.items() if len(several) > 1], "anchors": told}


def located(queries):
    """Say how the configured locations of features relate to points and boxes, of the same space only.

    A query is ``{"space": spec, "point": [x, y, z]}`` or ``{"space": spec, "box": [[x, y, z], [x, y, z]]}``. Gives for
    each ``[[id, qualification or what siibra raises], …]``. Images without a configured box are left out: siibra would
    ask for them.
    """
    everything = [(_id(f), _location(f)) for cls in _classes() for f in cls._get_instances()]
    out = []
    for query in queries:
        space = Space.registry().get(query["space"])
        place = Point(query["point"], space) if "point" in query else BoundingBox(*query["box"], space)
        here = [(name, location) for name, location in everything if location is not None and location.space == space]
        out.append([[name, said] for name, said in ((n, _relation(where, place)) for n, where in here) if said])
    return out


def _relation(location, place):
    location._ASSIGNMENT_CACHE.clear()  # what was asked the other way round and found nothing fails from there
    try:
        assigned = location.assign(place)
    except Exception as error:
        return type(error).__name__
    return "" if assigned is None else assigned.qualification.name


def _location(feature):
    volume = getattr(feature.anchor, "volume", None)
    return feature.anchor._location_cached if volume is None else volume._boundingbox


def features(queries):
    """Query features, each in a process of its own, forked from one in which nothing has been asked.

    A query is ``{"parcellation": spec, "region": spec or absent, "space": spec, "type": text, "kwargs": {}}``; the
    concept is the region, else the parcellation, else the space. The anchors are decoded once before the forks, which
    changes no answer: what spoils later answers is the merging of anchors in compound features.

    Gives for each ``{"ok": [{class, compound, id, name, qualification, elements}, …]}`` in siibra's order, or
    ``{"error": text}``.
    """
    if not AnatomicalAnchor._MATCH_MEMO:
        anchors()
    return [_forked(_features, query) for query in queries]


def _concept(query):
    if "parcellation" not in query:
        return Space.registry().get(query["space"])
    home = Parcellation.registry().get(query["parcellation"])
    return home.get_region(query["region"]) if query.get("region") else home


def _features(query):
    found = siibra.features.get(_concept(query), query["type"], **query.get("kwargs", {}))
    return [_feature(f) for f in found]


def _feature(feature):
    compound = hasattr(feature, "elements")
    return {
        "class": feature.feature_type.__name__ if compound else type(feature).__name__,
        "compound": compound,
        "id": _id(feature),
        "name": _name(feature),
        "qualification": _how(feature),
        "elements": [[_id(e), _how(e)] for e in feature.elements] if compound else [],
    }


def _how(feature):
    return [a.qualification.name for a in feature.last_match_result or ()]


def matches(queries):
    """Match single features, not compounded, each query in a forked process; a query is as for :func:`features`.

    Gives for each ``{"ok": [[class, id, name, [qualification, …]], …]}`` for all matching preconfigured features of the
    type and its subclasses, or ``{"error": text}``; the text of an error stands for qualifications that cannot be had.
    """
    if not AnatomicalAnchor._MATCH_MEMO:
        anchors()
    return [_forked(_matches, query) for query in queries]


def _matches(query):
    concept = _concept(query)
    wanted = {c for base in Feature._parse_featuretype(query["type"]) for c in Feature._SUBCLASSES[base]}
    every = [f for cls in sorted(wanted, key=lambda c: c.__name__) for f in cls._get_instances()]
    told = [[type(f).__name__, _id(f), _name(f), _matched(f, concept)] for f in every]
    return [row for row in told if row[-1]]


def _matched(feature, concept):
    try:
        return _how(feature) if feature.matches(concept) else []
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def _forked(work, query):
    return _answer(*_fork(work, query))


def _fork(work, query):
    """Start a process that writes the answer into a pipe; gives its number and the end to read from."""
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(writing)
        return child, reading
    os.close(reading)
    try:
        answer = {"ok": work(query)}
    except BaseException as error:
        answer = {"error": f"{type(error).__name__}: {error}"[:2000]}
    with os.fdopen(writing, "wb") as out:
        out.write(json.dumps(answer).encode())
    os._exit(0)


def _answer(child, reading):
    with os.fdopen(reading, "rb") as answers:
        data = answers.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else {"error": "the process ended without an answer"}


DOES = {
    f.__name__: f
    for f in (
        about,
        tree,
        parcellation,
        space,
        region,
        seconds,
        find,
        forget,
        anchors,
        assignments,
        located,
        features,
        matches,
        answer_locations.locations,
        answer_volumes.assigned,
        answer_volumes.sampled,
        answer_volumes.drawn,
        answer_volumes.components_of,
        answer_volumes.centroids,
        answer_volumes.spatial,
        answer_volumes.moved,
        answer_volumes.cut,
    )
}


def main():
    """Answer until stdin ends; what siibra prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            values = {k: _regex(v) if k == "queries" else v for k, v in request.items() if k != "do"}
            answer = {"ok": DOES[request["do"]](**values)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _regex(value):
    """Compile ``{"regex": text, "flags": number}``, which JSON cannot say."""
    if isinstance(value, list):
        return [_regex(v) for v in value]
    if isinstance(value, dict) and set(value) == {"regex", "flags"}:
        return re.compile(value["regex"], value["flags"])
    return value


if __name__ == "__main__":
    main()
