"""The files that a description names: they are there, inside the folder, and of a known sum."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from siibra_kg.adding.description import File
from siibra_kg.adding.entries import Entries
from siibra_kg.configurations.lines import iri_of
from siibra_kg.terms import is_iri
from siibra_kg.web.digest import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["listed"]

_ROLES = ("data", "segments", "layers")


def listed(entries: Entries, folder: Path) -> tuple[File, ...]:
    """Give the files of a measurement: a path or address, a list of them, or a mapping from subjects to them.

    Raises
    ------
    BadDescription
        If one is not there, leaves the folder, is named twice, or its archive lacks the member.
    """
    spec = entries.value.get("files")
    if isinstance(spec, dict) and not {"path", "member", "role", "subject"} & spec.keys():
        several: list[str | Entries] = [
            Entries(entries.path, {"path": v, "subject": k}, f"files/{k}") for k, v in spec.items()
        ]
    else:
        several = list(entries.each("files"))
    made = tuple(_file(entries, each, folder) for each in several)
    places = [(file.index, file.role, file.url, file.member) for file in made]
    for place in places:
        if places.count(place) > 1:
            raise entries.bad(f"{place[2].rpartition('/')[2]} is there twice", key="files")
    subjects = [(file.index, file.role) for file in made if file.role == "data"]
    if len(set(subjects)) < len(subjects):
        twice = max(subjects, key=subjects.count)[0]
        reason = f"two files are for {twice!r}" if twice else "there are several files and nothing tells them apart"
        raise entries.bad(reason, "write `files: {subject-1: a.csv, subject-2: b.csv}`", "files")
    return made


def _file(entries: Entries, said: str | Entries, folder: Path) -> File:
    if isinstance(said, str):
        return _placed(entries, said, folder, "files")
    said.only("path", "subject", "role", "member")
    role = said.text("role", default="data")
    if role not in _ROLES:
        raise said.bad(f"role is one of {', '.join(_ROLES)}, not {role!r}", key="role")
    found = _placed(said, said.text("path", required=True), folder, "path")
    member = said.text("member")
    if member and found.path:
        _check_member(said, folder / found.path, member)
    return File(found.url, found.path, said.text("subject"), role, member, found.sha256, found.size)


def _placed(entries: Entries, text: str, folder: Path, key: str) -> File:
    """Find a file in the folder, or check an address."""
    if text.startswith("pkg:") and is_iri(text):
        return File(text)
    if "://" in text:
        url = iri_of(text)
        if url is None or url.partition(":")[0].lower() not in {"http", "https"}:
            raise entries.bad(
                f"{text!r} is no address that can be read", "give a path in the folder, https: or pkg:", key
            )
        return File(url)
    place = folder / text
    try:
        found = place.resolve(strict=True)
        inside = found.is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError):
        there = sorted(p.name for p in folder.iterdir() if p.is_file())[:8]
        raise entries.bad(f"there is no file {text!r}", f"in the folder are {', '.join(there)}", key) from None
    if not inside:
        raise entries.bad(f"{text!r} leaves the folder", "put the file, or a copy of it, beside the description", key)
    if not found.is_file():
        raise entries.bad(f"{text!r} is no file", key=key)
    size = found.stat().st_size
    if not size:
        raise entries.bad(f"{text!r} is empty", key=key)
    path = found.relative_to(folder.resolve()).as_posix()
    return File(found.as_uri(), path, sha256=sha256_of(found), size=size)


def _check_member(entries: Entries, archive: Path, member: str) -> None:
    try:
        with zipfile.ZipFile(archive) as file:
            names = [info.filename for info in file.infolist() if not info.is_dir()]
    except (OSError, zipfile.BadZipFile) as error:
        raise entries.bad(f"{archive.name} is no zip archive: {error}", key="member") from None
    if member not in names:
        shown = ", ".join(names[:5])
        raise entries.bad(f"{archive.name} has no member {member!r}", f"it has {shown}", "member")
