"""One client for all services that answer JSON: bounded in time and size, retried, kept by the whole address.

An answer is a file of the cache like any other (:mod:`siibra_kg.web.cache`): its address, with everything that was
asked, stands for it; a mirror or a hand can put it there; ``siibra-kg cache list`` shows it and ``cache remove``
forgets it. What is no JSON, or is refused by the caller's own look at it, is never kept.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urldefrag, urlencode, urlsplit

from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import BadDocument, BadVolume, NetworkDisabled, SourceError
from siibra_kg.json_guard import Limits, read
from siibra_kg.web.cache import cached
from siibra_kg.web.fetch import local_path, mirror_folder
from siibra_kg.web.many import WORKERS
from siibra_kg.web.records import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeAlias, TypeVar

    from siibra_kg.config import Settings
    from siibra_kg.progress import Progress
    from siibra_kg.web.cache import CachedFile

    T = TypeVar("T")
    #: What is asked, in the order in which it is written into the address; as pairs, a name may come more than once.
    Params: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]]

__all__ = ["Answer", "Login", "Service", "address_of"]

_ACCEPT = MappingProxyType({"Accept": "application/json"})
_AGAIN = "try again later"


class Login(Protocol):
    """Who asks."""

    def headers(self) -> Mapping[str, str]:
        """What to send along, ``{"Authorization": "Bearer …"}``; empty for nobody in particular."""

    def renew(self) -> bool:
        """Try to get a new token, since the last one was refused; tells whether asking again makes sense."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said.

    Parameters
    ----------
    said
        What the JSON says.
    url
        What was asked.
    sha256
        Of the answer's bytes.
    """

    said: Any
    url: str
    sha256: str


def address_of(url: str, params: Params = ()) -> str:
    """Write an address with everything that is asked.

    >>> address_of("https://example.org/genes?page=2", {"name": "a b", "like": "x,y"})
    'https://example.org/genes?page=2&name=a+b&like=x%2Cy'
    """
    url = urldefrag(url).url
    asked = urlencode(params)
    if not asked:
        return url
    return f"{url}{'&' if urlsplit(url).query else '?'}{asked}"


@dataclass(frozen=True, slots=True)
class Service:
    """A service that answers JSON to GET.

    Parameters
    ----------
    name
        What messages call it.
    settings
        Cache, mirror, timeout, and whether the network may be used.
    max_bytes
        The largest answer that is read.
    hint
        What to do where it does not answer.
    login
        Who asks, if the service wants to know. Answers that somebody in particular gets are not kept.
    login_hint
        How to become somebody, for the message.
    """

    name: str
    settings: Settings
    max_bytes: int = 64_000_000
    hint: str = _AGAIN
    login: Login | None = field(default=None, repr=False)
    login_hint: str = "log in and try again"

    def get(
        self,
        url: str,
        params: Params = (),
        *,
        keep: bool = True,
        check: Callable[[Any], None] = lambda _: None,
    ) -> Any:  # noqa: ANN401  as JSON is
        """Ask, and give what the JSON says.

        Parameters
        ----------
        url
            Of the service, without or with a part of what is asked.
        params
            The rest of it.
        keep
            Whether the answer is kept, and later given without asking again, until its address is removed from the
            cache. With a :attr:`login` nothing is kept.
        check
            Called with what the JSON says; raises :class:`ServiceError`, or ``ValueError`` with the reason, where the
            service says that it failed, or where the answer is not whole. It is then not kept.

        Raises
        ------
        NetworkDisabled
            If the service would have to be asked while offline; says where to put an answer by hand.
        ServiceError
            If it does not answer, or not JSON, or ``check`` refuses; its cause is a
            :class:`~siibra_kg.web.download.NotThere` where the service says that there is no such thing.
        LoginNeeded
            If it wants to know who asks.
        """
        return self.answer(url, params, keep=keep, check=check).said

    def answer(
        self,
        url: str,
        params: Params = (),
        *,
        keep: bool = True,
        check: Callable[[Any], None] = lambda _: None,
    ) -> Answer:
        """Ask as :meth:`get` does, and say what exactly was asked and answered."""
        address = address_of(url, params)
        if not keep or self.login is not None:
            return self._with_login(address, lambda headers: self._fresh(address, check, headers))
        said: list[Any] = []

        def look(path: Path) -> None:
            said[:] = [self._said(address, path.read_bytes(), check)]

        def fetched(headers: Mapping[str, str]) -> CachedFile:
            # No line of progress: answers are short, and many are asked for at once.
            bounds: dict[str, Any] = {"max_bytes": self.max_bytes, "progress": lambda *_: None}
            return cached(address, self.settings, **bounds, check=look, headers=headers)

        file = self._with_login(address, fetched)
        value = said[0] if said else self._said(address, file.path.read_bytes(), check)
        return Answer(value, address, file.sha256)

    def get_many(
        self,
        asked: Iterable[tuple[str, Params]],
        *,
        keep: bool = True,
        check: Callable[[Any], None] = lambda _: None,
        workers: int = WORKERS,
    ) -> list[Any]:
        """Ask several times at once as :meth:`get` does; what is said comes in the order of the questions."""
        return [found.said for found in self.answers(asked, keep=keep, check=check, workers=workers)]

    def answers(
        self,
        asked: Iterable[tuple[str, Params]],
        *,
        keep: bool = True,
        check: Callable[[Any], None] = lambda _: None,
        workers: int = WORKERS,
    ) -> list[Answer]:
        """Ask several times at once; the answers come in the order of the questions, or the first error does."""
        todo = list(asked)
        if len(todo) < 2:
            return [self.answer(url, params, keep=keep, check=check) for url, params in todo]
        with ThreadPoolExecutor(min(workers, len(todo)), thread_name_prefix="siibra-kg-service") as pool:
            futures = [pool.submit(self.answer, url, params, keep=keep, check=check) for url, params in todo]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def file(
        self,
        url: str,
        *,
        sha256: str = "",
        max_bytes: int | None = None,
        check: Callable[[Path], None] = lambda _: None,
        progress: Progress | None = None,
    ) -> CachedFile:
        """Give a file of the service through the cache; see :func:`siibra_kg.web.cache.cached`.

        A download that the service refuses in the middle, because a token has expired, goes on where it stopped once
        the :attr:`login` has a new one.
        """

        def fetched(headers: Mapping[str, str]) -> CachedFile:
            return cached(
                url,
                self.settings,
                sha256=sha256,
                max_bytes=max_bytes,
                check=check,
                progress=progress,
                headers=headers,
            )

        return self._with_login(url, fetched)

    def _with_login(self, url: str, ask: Callable[[Mapping[str, str]], T]) -> T:
        from siibra_kg.web.download import NotAllowed  # noqa: PLC0415  only needed where something is asked

        def once() -> T:
            return ask({**_ACCEPT, **self.login.headers()} if self.login else _ACCEPT)

        def twice() -> T:
            try:
                return once()
            except NotAllowed:
                if self.login is None or not self.login.renew():
                    raise
            return once()

        try:
            return self._told(url, twice)
        except ServiceError as error:
            if isinstance(error.__cause__, NotAllowed):
                raise LoginNeeded(self.name, f"{url}: {error.reason}", self.login_hint) from error.__cause__
            raise

    def _told(self, url: str, ask: Callable[[], T]) -> T:
        """Turn what files say of failures into what services say."""
        try:
            return ask()
        except NetworkDisabled:
            raise
        except SourceError as error:
            general = not error.hint or error.hint.startswith(("check the connection", "try again"))
            raise ServiceError(self.name, url, error.reason, self.hint if general else error.hint) from error
        except BadVolume as error:
            raise ServiceError(self.name, url, error.reason, error.hint or self.hint) from error

    def _fresh(self, address: str, check: Callable[[Any], None], headers: Mapping[str, str]) -> Answer:
        from siibra_kg.web.download import NotThere  # noqa: PLC0415  only needed where something is asked
        from siibra_kg.web.small import small_file  # noqa: PLC0415

        settings = self.settings
        if (path := self._by_hand(address)) is not None:
            return self._answer(address, path.read_bytes(), check)
        if settings.offline:
            raise NetworkDisabled(address, "the network is switched off", "unset SIIBRA_KG_OFFLINE")
        target, sent = address, headers
        if settings.mirror:  # an address: a folder was looked at already
            target, sent = f"{settings.mirror.rstrip('/')}/{quote(Address.of(address).place)}", _ACCEPT
        body = small_file(target, settings.timeout, self._room(address), sent)
        if body is None:
            raise NotThere(address, "there is nothing at this address (404 or 410)", "check the address")
        return self._answer(address, body, check)

    def _answer(self, address: str, body: bytes, check: Callable[[Any], None]) -> Answer:
        return Answer(self._said(address, body, check), address, sha256(body).hexdigest())

    def _by_hand(self, address: str) -> Path | None:
        if (local := local_path(address)) is not None:
            return local
        mirror = mirror_folder(self.settings)
        if mirror is None:
            return None
        path = mirror / Address.of(address).place
        if not path.is_file():
            hint = f"put the answer at {path}, or unset SIIBRA_KG_MIRROR"
            raise SourceError(address, "the mirror does not have it", hint)
        return path

    def _room(self, address: str) -> Callable[[int], None]:
        def check(size: int) -> None:
            if size > self.max_bytes:
                raise SourceError(address, f"its answer has more than {self.max_bytes:,} bytes", "ask for less")

        return check

    def _said(self, address: str, body: bytes, check: Callable[[Any], None]) -> Any:  # noqa: ANN401
        if not body.strip():
            raise ServiceError(self.name, address, "its answer is empty", self.hint)
        try:
            said = read(address, body, Limits(self.max_bytes, literal=self.max_bytes))
        except BadDocument as error:
            shown = body[:60].decode("utf-8", "replace")
            reason = f"its answer cannot be used: {error.reason}; it begins with {shown!r}"
            raise ServiceError(self.name, address, reason, self.hint) from error
        try:
            check(said)
        except ValueError as error:
            raise ServiceError(self.name, address, str(error), self.hint) from error
        return said
