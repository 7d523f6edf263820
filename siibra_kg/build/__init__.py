"""From sources to a snapshot: read, repair, infer, write, switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.config import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from siibra_kg.build.report import BuildReport
    from siibra_kg.sources.protocol import Source

__all__ = ["build"]


def build(
    sources: Sequence[str | Path | Source] | None = None,
    out: Path | None = None,
    *,
    settings: Settings | None = None,
    require: Collection[str] = (),
    progress: Callable[[str, int, int | None], None] | None = None,
) -> BuildReport:
    """Build the graph and put the snapshot in its place.

    Parameters
    ----------
    sources
        What to read, in the order in which it counts: names (``"openminds"``), files, folders, archives, addresses,
        or sources; the embedded openMINDS library unless told.
    out
        Folder that will hold the snapshot, in place of the one that it holds; a new folder below ``settings.home``
        unless told.
    settings
        Where things are; read from the environment unless told.
    require
        Names of sources without which there is no build. Any other source that cannot be had is reported.
    progress
        Called with step, done, and total or ``None``.

    Returns
    -------
    BuildReport
        What was read, set aside, repaired and added; its ``path`` is the snapshot.

    Raises
    ------
    BuildError
        If the build cannot end well; whatever snapshot was there is unchanged.
    SourceError
        If a name, path or address is none of a source.
    """
    # The engine and the converters are needed to build, not to open what was built.
    from siibra_kg.build.pipeline import Plan, run  # noqa: PLC0415

    chosen = settings or Settings.from_environment()
    return run(Plan(sources, chosen, require, progress or (lambda _step, _done, _total: None)), out)
