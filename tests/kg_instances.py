"""Instances of the EBRAINS Knowledge Graph, made up in its recorded shapes: keys, links, metadata, embedded objects."""

from __future__ import annotations

import uuid
from typing import Any

NAMESPACE = "https://kg.ebrains.eu/api/instances/"
META = "https://core.kg.ebrains.eu/vocab/meta/"
OLD, NEW = "https://openminds.ebrains.eu/", "https://openminds.om-i.org/"
IDENTIFIER = "http://schema.org/identifier"
_HOME = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


def uid(name: str) -> str:
    """Give the UUID of a made-up instance."""
    return str(uuid.uuid5(_HOME, f"https://example.org/{name}"))


def iri(name: str) -> str:
    """Give its IRI; a name that is a UUID already stands for itself."""
    return NAMESPACE + (name if len(name) == 36 and name.count("-") == 4 else uid(name))


def link(*names: str) -> Any:
    """Link to one instance, or to several."""
    made = [{"@id": iri(name)} for name in names]
    return made[0] if len(made) == 1 else made


def instance(name: str, kind: str, /, *, old: bool = False, also: tuple[str, ...] = (), **props: Any) -> dict[str, Any]:
    """Make an instance.

    Parameters
    ----------
    name
        What its UUID is made of, or the UUID.
    kind
        Local name of its type; with ``old``, ``module/Type`` of the namespaces before 2025.
    old
        Whether to use those.
    also
        Further identifiers.
    props
        openMINDS properties.
    """
    types = [f"{OLD}{kind}"] if old else [f"{NEW}types/{kind}"]
    space = f"{OLD}vocab/" if old else f"{NEW}props/"
    return {
        "@id": iri(name),
        "@type": types,
        IDENTIFIER: [iri(name), f"{uid(name)[:8]}-hash", *also],
        f"{META}space": "dataset",
        f"{META}revision": f"_{uid(name)[:6]}---",
        f"{META}firstReleasedAt": "2022-02-04T15:11:40.157Z",
        f"{META}lastReleasedAt": "2024-03-23T10:09:30.130Z",
        f"{META}user": {"@id": f"{NAMESPACE}00000000-0000-0000-0000-00000000cafe"},
        f"{META}alternative": {f"{space}fullName": {"value": "somebody's draft"}},
        f"{space}keyword": [],
        **{f"{space}{key}": value for key, value in props.items()},
    }


def dataset(name: str, target: Any = None, /, **more: Any) -> list[dict[str, Any]]:
    """Make a Dataset with one version, its DOI and its repository."""
    if target is not None:
        more["studyTarget"] = target
    version = instance(
        f"{name} v1",
        "DatasetVersion",
        fullName=f"Data of {name}",
        shortName=name,
        versionIdentifier="v1",
        releaseDate="2024-03-23",
        isVersionOf=link(name),
        digitalIdentifier=link(f"{name} doi"),
        repository=link(f"{name} files"),
        usageCondition=[link("cc by")],
        **more,
    )
    return [
        version,
        instance(name, "Dataset", fullName=f"Data of {name}", shortName=name, hasVersion=link(f"{name} v1")),
        instance(f"{name} doi", "DOI", identifier=f"https://doi.org/10.25493/{uid(name)[:8]}"),
        instance(
            f"{name} files", "FileRepository", name=name, IRI=f"https://data-proxy.ebrains.eu/api/v1/buckets/{name}"
        ),
        instance(
            f"{name} file",
            "File",
            name=f"{name}.csv",
            IRI=f"https://data-proxy.ebrains.eu/api/v1/buckets/{name}/{name}.csv",
            fileRepository=link(f"{name} files"),
            storageSize={"@type": [f"{NEW}types/QuantitativeValue"], f"{NEW}props/value": 12.0},
            hash={"@type": [f"{NEW}types/Hash"], f"{NEW}props/algorithm": "MD5", f"{NEW}props/digest": "0f" * 16},
        ),
    ]


def licence() -> dict[str, Any]:
    """Make the licence of all of them."""
    return instance("cc by", "License", shortName="CC BY 4.0", fullName="Creative Commons Attribution 4.0")


def many(number: int) -> list[dict[str, Any]]:
    """Make as many instances as asked for: a quarter dataset versions, the rest files of theirs."""
    out = [licence()]
    for i in range((number + 4) // 5):
        out += dataset(f"d{i}", link("an entity"))
    return out[:number]
