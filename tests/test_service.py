"""One client for JSON services: what is kept and what never is, who asks, and what each failure says."""

from __future__ import annotations

import json
import logging
import traceback
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import pytest

from siibra_kg.config import Settings
from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import NetworkDisabled, SourceError
from siibra_kg.web import download
from siibra_kg.web.cache import cached
from siibra_kg.web.download import NotThere
from siibra_kg.web.records import Address
from siibra_kg.web.service import Service, address_of
from tests.servers.json_server import Said, answering

CANARY = "canary-3f9d-token"


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path / "home", cache=tmp_path / "cache", timeout=2.0)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda _: None)


def kept(settings):
    """All files below the cache but the locks."""
    return [p for p in settings.cache.rglob("*") if p.is_file() and p.suffix != ".lock"]


def test_an_answer_is_kept_by_everything_that_was_asked(settings):
    with answering(lambda asked: Said({"page": asked.query["page"]})) as server:
        service = Service("the service", settings)
        pages = [service.get(server.url + "/x", {"page": page}) for page in "12121"]
        assert [p["page"] for p in pages] == list("12121")
        assert len(server.log) == 2
    # The service is down, and what was asked before is still known; also where the network is switched off.
    offline = Service("the service", replace(settings, offline=True))
    assert offline.get(server.url + "/x?page=2") == {"page": "2"}
    with pytest.raises(NetworkDisabled, match=r"put the file at .*-x"):
        offline.get(server.url + "/x", {"page": "3"})


def test_what_is_not_kept_is_asked_each_time(settings):
    with answering(lambda asked: Said(asked.number)) as server:
        service = Service("s", settings)
        assert [service.get(server.url + "/n", keep=False) for _ in range(3)] == [0, 1, 2]
    assert not kept(settings)
    with pytest.raises(NetworkDisabled, match="SIIBRA_KG_OFFLINE"):
        Service("s", replace(settings, offline=True)).get(server.url + "/n", keep=False)


BAD = {
    "html": (Said(b"<html>please log in</html>", headers={"Content-Type": "text/html"}), "web page"),
    "disguised html": (Said(b"\n<!DOCTYPE html><p>no"), "web page"),
    "empty": (Said(b""), "empty"),
    "blank": (Said(b" \n"), "empty"),
    "half": (Said({"a": list(range(50))}, fault="half"), "ended after|broke after"),
    "half without length": (Said({"a": list(range(50))}, fault="half without length"), "not JSON|where it ends"),
    "text": (Said(b"site unavailable"), "not JSON: .* begins with 'site unavailable'"),
    "deep": (Said(b"[" * 5000 + b"]" * 5000), "nested deeper"),
    "500": (Said(b"{}", 500), "answered 500 .tried 3 times"),
    "404": (Said(b"{}", 404), "404"),
    "large": (Said([1] * 5000), "5,000|more than"),
    "refused": (Said({"success": False}), "says no"),
    "hang": (Said(fault="hang"), "no answer within 0.3 s"),
    "elsewhere": (Said(b"", 302, {"Location": "file:///etc/passwd"}), "not followed"),
}


def says_no(said):
    if said == {"success": False}:
        raise ValueError("it says no")


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_is_told_and_never_kept(settings, kind, keep):
    bad, words = BAD[kind]
    answer = [bad]
    service = Service("the example service", replace(settings, timeout=0.3), max_bytes=12_000, hint="ask later")
    with answering(lambda _: answer[0]) as server:
        with pytest.raises(ServiceError, match=words) as caught:
            service.get(server.url + "/a", keep=keep, check=says_no)
        assert str(caught.value).startswith(f"the example service ({server.url}/a): ")
        assert isinstance(caught.value.__cause__, NotThere) == (kind == "404")
        assert not [p for p in kept(settings) if "incoming" not in p.parts]
        answer[0] = Said({"good": 1})
        assert service.get(server.url + "/a", keep=keep, check=says_no) == {"good": 1}


@pytest.mark.parametrize("after", ["0", "in the future", "long ago", "nonsense"])
def test_a_service_that_asks_to_wait_is_waited_for(settings, monkeypatch, after):
    waits = []
    monkeypatch.setattr(download.time, "sleep", waits.append)
    date = datetime.now(timezone.utc) + timedelta(seconds=7 if after == "in the future" else -1000)
    value = format_datetime(date, usegmt=True) if after in {"in the future", "long ago"} else after
    with answering(lambda a: Said(b"", 429, {"Retry-After": value}) if a.number == 0 else Said([1])) as server:
        assert Service("s", settings).get(server.url + "/a") == [1]
    assert len(waits) == 1
    assert (5 < waits[0] <= 7) if after == "in the future" else waits[0] == 0.5


def test_many_questions_come_back_in_order(settings):
    with answering(lambda asked: Said(int(asked.query["n"]))) as server:
        service = Service("s", settings)
        asked = [(server.url + "/a", {"n": str(n)}) for n in range(20)]
        assert service.get_many(asked) == list(range(20))
        answers = service.answers(asked[:3])
        assert [a.url for a in answers] == [address_of(*one) for one in asked[:3]]
        assert len({a.sha256 for a in answers}) == 3
        assert len(server.log) == 20


def test_a_mirror_stands_in_for_a_service(settings, tmp_path):
    url = "https://example.org/api/x?a=1"
    service = Service("s", replace(settings, mirror=str(tmp_path / "mirror")))
    for keep in (True, False):
        with pytest.raises(ServiceError, match=r"the mirror does not have it; put the .* at .*mirror/example.org/api"):
            service.get(url, keep=keep)
    place = tmp_path / "mirror" / Address.of(url).place
    place.parent.mkdir(parents=True)
    place.write_text('{"from": "mirror"}')
    assert {json.dumps(service.get(url, keep=keep)) for keep in (True, False)} == {'{"from": "mirror"}'}


class Tokens:
    """A login whose first token has expired."""

    def __init__(self, tokens):
        self.tokens = list(tokens)

    def headers(self):
        return {"Authorization": f"Bearer {self.tokens[0]}"}

    def renew(self):
        self.tokens.pop(0)
        return bool(self.tokens)


def guarded(asked):
    good = asked.headers.get("authorization") == f"Bearer {CANARY}"
    return Said({"user": "me"}) if good else Said({"error": "expired"}, 401)


def test_a_token_is_renewed_once_and_leaves_no_trace(settings, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    with answering(guarded) as server:
        service = Service("s", settings, login=Tokens(["old", CANARY]), login_hint="get a token")
        assert service.get(server.url + "/me") == {"user": "me"}
        assert len(server.log) == 2
        refused = Service("s", settings, login=Tokens([CANARY + "-expired"]), login_hint="get a token")
        with pytest.raises(LoginNeeded, match=r"the server answered 401.*; get a token") as caught:
            refused.get(server.url + "/me")
        with pytest.raises(LoginNeeded):
            Service("s", settings).get(server.url + "/me")
        broken = Service("s", settings, login=Tokens([CANARY + "\n"]))
        with pytest.raises(ServiceError, match="line break") as with_break:
            broken.get(server.url + "/me")
    shown = capfd.readouterr()
    traces = ["".join(traceback.format_exception(e.value)) for e in (caught, with_break)]
    files = [p.read_text(errors="replace") for p in settings.cache.rglob("*") if p.is_file()]
    everything = [caplog.text, shown.out, shown.err, repr(service), repr(refused), *traces, *files]
    assert not [text for text in everything if CANARY in text]


def test_a_token_goes_to_one_origin(settings, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with (
        answering(lambda _: Said({"here": 1})) as other,
        answering(
            lambda a: Said(b"", 302, {"Location": other.url + "/signed"}) if a.path == "/a" else Said({})
        ) as server,
    ):
        service = Service("s", settings, login=Tokens([CANARY]))
        assert service.get(server.url + "/a") == {"here": 1}
        file = service.file(server.url + "/a")
        assert json.loads(file.path.read_text()) == {"here": 1}
        assert [a.headers.get("authorization") for a in server.log] == [f"Bearer {CANARY}"] * 2
        assert [a.headers.get("authorization") for a in other.log] == [None] * 2
        mirrored = Service("s", replace(settings, mirror=other.url), login=Tokens([CANARY]))
        mirrored.get("https://example.org/b")
        mirrored.file("https://example.org/c")
        assert not [a for a in other.log if "authorization" in a.headers]


def test_a_download_goes_on_after_its_token_expired_in_the_middle(settings):
    body = bytes(range(256)) * 400
    tag = {"ETag": '"v1"', "Content-Type": "application/octet-stream"}

    def say(asked):
        if asked.number == 0:
            return Said(body, 200, tag, fault="half")
        if asked.headers["authorization"] != "Bearer new":
            return Said(b"", 401)
        first = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
        return Said(body[first:], 206, {**tag, "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"})

    with answering(say) as server:
        file = Service("s", settings, login=Tokens(["old", "new"])).file(server.url + "/data.bin")
        assert file.path.read_bytes() == body
        assert [a.headers.get("range") for a in server.log] == [None] + [f"bytes={len(body) // 2}-"] * 2


def test_what_a_look_refuses_is_not_kept(settings):
    def look(path: Path) -> None:
        if path.read_bytes() != b"good":
            raise SourceError("a", "not what was wanted")

    answer = [Said(b"bad", headers={"ETag": '"1"'})]
    with answering(lambda _: answer[0]) as server:
        with pytest.raises(SourceError, match="not what was wanted"):
            cached(server.url + "/f", settings, check=look)
        assert not kept(settings)
        answer[0] = Said(b"good", headers={"ETag": '"2"'})
        found = cached(server.url + "/f", settings, check=look)
    assert found.path.read_bytes() == b"good"
    # By hand, too: nothing is remembered of a file that is refused.
    place = settings.cache / "volumes/example.org/f"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"bad")
    with pytest.raises(SourceError, match="not what was wanted"):
        cached("https://example.org/f", settings, check=look)
    place.write_bytes(b"good")
    assert cached("https://example.org/f", settings, check=look).path == place
    with pytest.raises(SourceError, match="not what was wanted"):
        cached(Path(__file__).as_uri(), settings, check=look)
