"""Tokens: where they come from, what happens when one expires, and that none of them is ever seen."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from siibra_kg.build import build
from siibra_kg.config import Settings
from siibra_kg.data_errors import LoginNeeded, ServiceError
from siibra_kg.errors import BuildError, SourceError
from siibra_kg.sources import resolve
from siibra_kg.web.login import Endpoints, Login, Secret, base_url, ebrains_login
from siibra_kg.web.login import kept as keyrings
from siibra_kg.web.send import Sender
from tests.kg_instances import dataset, licence
from tests.servers.kg_stub import Stub, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "canary-7f3a-do-not-tell"


@pytest.fixture(autouse=True)
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str]:
    """Stand in for the keyring and the environment of whoever runs the tests."""
    for name in ("KG_AUTH_TOKEN", "KG_TOKEN", "KG_CLIENT_ID", "KG_CLIENT_SECRET", "KG_CLIENT_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    held: dict[tuple[str, str], str] = {}

    class Ring:
        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            return held.get((service, user))

        @staticmethod
        def set_password(service: str, user: str, text: str) -> None:
            held[service, user] = text

        @staticmethod
        def delete_password(service: str, user: str) -> None:
            del held[service, user]

    monkeypatch.setattr(keyrings, "_keyring", lambda: Ring)
    monkeypatch.setattr("siibra_kg.sources.ebrains_kg.service.time.sleep", lambda _: None)
    return held


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serve(Stub([licence(), *dataset("one")])) as running:
        yield running


def settings(stub: Stub, folder: Path) -> Settings:
    return Settings(home=folder / "home", cache=folder / "cache", ebrains_host=stub.host, timeout=5.0)


def pulled(stub: Stub, folder: Path) -> int:
    return len(list(resolve("kg", settings(stub, folder)).documents()))


def at_terminal(stub: Stub, told: list[str], waited: list[float]) -> Login:
    """Make a login of somebody who watches."""
    base = f"http://{stub.host}/v3/"
    found = ebrains_login(base, Sender(base, None, 5.0))
    return Login(found.host, found.ends, found.sender, told.append, waited.append)


# -- the ways to a token ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["KG_AUTH_TOKEN", "KG_TOKEN"])
def test_a_token_of_the_environment_is_used(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "good\n")
    assert pulled(stub, tmp_path) == 6


def test_the_first_variable_counts_and_an_expired_token_gives_way_to_the_keyring(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: dict[tuple[str, str], str]
) -> None:
    monkeypatch.setenv("KG_AUTH_TOKEN", "old")
    monkeypatch.setenv("KG_TOKEN", "good")
    with pytest.raises(SourceError, match="token of KG_AUTH_TOKEN was refused"):
        pulled(stub, tmp_path)
    ring["siibra-kg", stub.host] = "good"
    assert pulled(stub, tmp_path) == 6


def test_a_refresh_token_of_the_keyring_buys_tokens_and_its_successor_is_kept(
    stub: Stub, tmp_path: Path, ring: dict[tuple[str, str], str]
) -> None:
    ring["siibra-kg", f"{stub.host}/refresh"] = "r1"
    stub.grants["refresh_token"] = [(200, {"access_token": "fresh", "refresh_token": "r2"})]
    assert pulled(stub, tmp_path) == 6
    assert ring["siibra-kg", f"{stub.host}/refresh"] == "r2"
    assert stub.forms[0]["refresh_token"] == "r1"


def test_a_client_with_a_secret_buys_tokens_and_another_one_in_mid_pull(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KG_CLIENT_ID", "me")
    monkeypatch.setenv("KG_CLIENT_SECRET", "s3cret")
    stub.grants["client_credentials"] = [(200, {"access_token": f"t{n}"}) for n in range(5)]
    stub.expires = {"t0": 2, "t1": 1}
    assert pulled(stub, tmp_path) == 6
    assert [form["grant_type"] for form in stub.forms] == ["client_credentials"] * 3
    assert stub.forms[0]["client_secret"] == "s3cret"


def test_a_token_that_expires_in_mid_pull_leaves_what_has_come_for_the_next_one(
    stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KG_AUTH_TOKEN", "short")
    stub.tokens.add("short")
    stub.expires = {"short": 3}
    with pytest.raises(SourceError, match="may have expired"):
        pulled(stub, tmp_path)
    monkeypatch.setenv("KG_AUTH_TOKEN", "good")
    stub.log.clear()
    assert pulled(stub, tmp_path) == 6
    kinds = [line.rpartition("type=")[2].partition("&")[0][-8:] for line in stub.log if "/instances?" in line]
    assert len(kinds) == 4  # of six types two had come


def test_people_at_a_terminal_are_shown_where_to_log_in(stub: Stub) -> None:
    page = "https://iam.example.org/device?user_code=AB"
    stub.grants["device"] = [
        (
            200,
            {"device_code": "d", "user_code": "AB", "verification_uri_complete": page, "interval": 2, "expires_in": 60},
        )
    ]
    stub.grants["device_code"] = [
        (400, {"error": "authorization_pending"}),
        (400, {"error": "slow_down"}),
        (200, {"access_token": "mine", "refresh_token": "r"}),
    ]
    stub.grants["refresh_token"] = [(200, {"access_token": "next"})]
    told: list[str] = []
    waited: list[float] = []
    login = at_terminal(stub, told, waited)
    assert login.token().reveal() == "mine"
    assert page in told[0]
    assert "AB" in told[0]
    assert waited == [2.0, 2.0, 7.0]
    assert login.renew()
    assert login.token().reveal() == "next"
    with pytest.raises(LoginNeeded, match="login at a terminal"):
        login.renew()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([(400, {"error": "expired_token"})], "in time"),
        ([(400, {"error": "authorization_pending"})], "in time"),
        ([(400, {"error": "access_denied"})], "refused (access_denied)"),
    ],
)
def test_a_login_that_nobody_agrees_to_ends(stub: Stub, answers: list[Any], said: str) -> None:
    stub.grants["device"] = [(200, {"device_code": "d", "verification_uri": "https://x.org/", "expires_in": 20})]
    stub.grants["device_code"] = answers
    waited: list[float] = []
    with pytest.raises(LoginNeeded) as caught:
        at_terminal(stub, [], waited).token()
    assert said in str(caught.value)
    assert sum(waited) <= 20


def test_nobody_is_waited_for_without_a_terminal(stub: Stub, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        pulled(stub, tmp_path)
    for word in ("a token is needed", "KG_AUTH_TOKEN", "keyring", "KG_CLIENT_ID"):
        assert word in str(caught.value)
    assert not stub.log


def test_where_anybody_may_ask_nothing_is_sent_without_a_token(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    base = f"http://{stub.host}/v3/"
    login = ebrains_login(base, Sender(base, None, 5.0))
    assert login.headers() == {}
    monkeypatch.setenv("KG_TOKEN", "good")
    assert login.headers() == {"Authorization": "Bearer good"}


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  ", "two words", "line\nbreak", "n\u00f6", "nul\0"])
def test_a_text_that_cannot_be_a_token_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(LoginNeeded) as caught:
        Secret(text, "KG_TOKEN")
    assert "KG_TOKEN" in str(caught.value)
    assert not text.strip() or text not in repr(caught.value)


@pytest.mark.parametrize("url", ["http://iam.example.org/token", "ftp://x/", "https//x", "http://localhost.evil.org/"])
def test_a_secret_is_sent_encrypted_or_not_at_all(url: str) -> None:
    with pytest.raises(ServiceError, match="https"):
        Endpoints("EBRAINS", url)


@pytest.mark.parametrize("host", ["core.kg.ebrains.eu", "localhost.evil.org", "localhost.evil.org:80"])
def test_only_this_machine_is_asked_without_encryption(host: str, tmp_path: Path) -> None:
    made = base_url(Settings(home=tmp_path, cache=tmp_path, ebrains_host=host))
    assert made == f"https://{host}/v3/"


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(CANARY, "KG_TOKEN")
    assert CANARY not in f"{secret} {secret!r} {dir(secret)}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == CANARY


def _everything(error: BaseException | None) -> str:
    """Give all that an error shows, its causes and their attributes included, as deep as they go."""
    seen: list[str] = []
    while error is not None:
        seen += ["".join(traceback.format_exception(error)), repr(error), str(vars(error)), str(error.args)]
        request = getattr(error, "request", None)
        seen.append(str(getattr(request, "headers", "")) + str(getattr(request, "body", "")))
        error = error.__cause__ or error.__context__
    return "\n".join(seen)


@pytest.mark.parametrize("fault", ["", "401", "403", "429", "500", "html", "half", "hang"])
def test_a_canary_is_in_no_log_cache_manifest_error_or_picture_of_anything(
    stub: Stub,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    ring: dict[tuple[str, str], str],
    fault: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    ring["siibra-kg", stub.host] = f"{CANARY}-ring"
    for name in ("KG_AUTH_TOKEN", "KG_CLIENT_SECRET", "KG_CLIENT_TOKEN"):
        monkeypatch.setenv(name, f"{CANARY}-{name}")
    monkeypatch.setenv("KG_CLIENT_ID", "me")
    stub.tokens = {f"{CANARY}-KG_AUTH_TOKEN"} if fault != "401" else set()
    stub.grants["client_credentials"] = [(400, {"error": "invalid_client"})]
    stub.faults = {"/instances?": (fault, 1000)} if fault not in ("", "401") else {}
    used = Settings(home=tmp_path / "home", cache=tmp_path / "cache", ebrains_host=stub.host, timeout=0.4)
    shown = [repr(used), repr(resolve("kg", used))]
    try:
        report = build(["kg"], settings=used)
        shown += [repr(report), str(report), report.to_json().decode()]
        assert not fault
    except BuildError as error:
        assert fault
        shown.append(_everything(error))
    shown += [caplog.text, *map(str, (r.__dict__ for r in caplog.records)), *capfd.readouterr()]
    assert CANARY not in "\n".join(shown)
    for path in tmp_path.rglob("*"):
        assert CANARY not in str(path)
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_the_address_never_has_the_token(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_AUTH_TOKEN", "good")
    pulled(stub, tmp_path)
    assert "good" not in json.dumps(stub.log)
