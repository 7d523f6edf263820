"""Which file names are documents, and in which format."""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["ARCHIVES", "FORMATS", "RDF_XML", "file_format", "is_archive", "is_hidden", "stem"]

#: The value of a format that needs conversion before it is a document.
RDF_XML = "rdfxml"

#: suffix -> format
FORMATS = MappingProxyType(
    {
        ".jsonld": "jsonld",
        ".json": "jsonld",
        ".ttl": "ttl",
        ".nt": "nt",
        ".nq": "nq",
        ".trig": "trig",
        ".rdf": RDF_XML,
        ".owl": RDF_XML,
        ".xml": RDF_XML,
    }
)
#: suffixes of archives that can be read
ARCHIVES = (".tar.gz", ".tgz", ".tar", ".zip")
# Archives that cannot be read, inside others or by themselves; named so that they are reported, not passed over.
_OTHER_ARCHIVES = (".tar.bz2", ".tar.xz", ".tar.zst", ".7z", ".rar", ".gz", ".bz2", ".xz", ".zst")


def file_format(path: str) -> str | None:
    """Tell the format of a file by its name, or ``None`` where it is no document.

    >>> file_format("a/b.JSON"), file_format("a/README.md")
    ('jsonld', None)
    """
    name = path.rpartition("/")[2]
    stem, dot, suffix = name.rpartition(".")
    return FORMATS.get(f".{suffix.lower()}") if stem and dot else None


def is_archive(path: str) -> bool:
    """Tell whether a name is that of an archive or of a compressed file.

    >>> is_archive("a.tar.gz"), is_archive("a.jsonld")
    (True, False)
    """
    return path.lower().endswith(ARCHIVES + _OTHER_ARCHIVES)


def is_hidden(path: str) -> bool:
    """Tell whether a path has a hidden part: version control, editors, and what macOS adds to archives.

    >>> is_hidden(".git/config.json"), is_hidden("__MACOSX/a/._b.jsonld"), is_hidden("./a/../b.json")
    (True, True, False)
    """
    if "/." not in path and not path.startswith(".") and "__MACOSX" not in path:
        return False  # nearly every path, without a loop
    # A part that starts with two dots is no hidden name but an attempt to leave, which is reported elsewhere.
    parts = path.split("/")
    return any(part == "__MACOSX" or (part[:1] == "." and part != "." and part[:2] != "..") for part in parts)


def stem(name: str) -> str:
    """Take the suffix of a document or an archive off a file name.

    >>> stem("atlas.v2.tar.gz"), stem("atlas.v2.ttl"), stem("atlas.v2")
    ('atlas.v2', 'atlas.v2', 'atlas.v2')
    """
    for suffix in (*ARCHIVES, *FORMATS):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name
