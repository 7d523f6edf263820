"""Stands in for the EBRAINS spatial transform service on loopback: its answers, and its bad days.

The shapes of question and answer are those that siibra-python 1.0.1a25 sends and reads
(``siibra/locations/pointcloud.py``): ``source_space``, ``target_space``, ``source_points``; ``target_points``.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["TransformServer", "serve"]


@dataclass
class TransformServer:
    """A server that runs; ``mood`` is how it answers: ``"well"``, or what goes wrong."""

    mood: str = "well"
    #: So many answers go wrong, then all is well; always, if negative.
    times: int = -1
    questions: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    url: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


def moved(point: list[float]) -> list[float]:
    """What the server does to a point: a turn and a shift, so that mixed up axes are seen."""
    x, y, z = point
    return [y + 1.0, z - 2.0, x + 0.5]


@contextmanager
def serve() -> Iterator[TransformServer]:
    """Run a server on loopback."""
    state = TransformServer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            del args

        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            state.questions.append(question)
            state.paths.append(self.path)
            mood = state.mood if state.times else "well"
            state.times -= state.times > 0
            answer = [moved(point) for point in question["source_points"]]
            self.answer(mood, answer)

        def answer(self, mood: str, points: list[list[float]]) -> None:
            if mood in {"500", "503", "429", "400", "404", "302"}:
                self.send_response(int(mood))
                self.send_header("location", "https://example.org/")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            if mood == "hang":
                state.ended.wait(20)
                return
            kind = "text/html" if mood == "html" else "application/json"
            body = bodies(points)[mood] if mood != "stall" else bodies(points)["well"]
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body) + (10 if mood == "cut" else 0)))
            self.end_headers()
            if mood == "stall":
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                state.ended.wait(20)
            else:
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def bodies(points: list[list[float]]) -> dict[str, bytes]:
    """Give the bodies of answers, good and bad."""
    wrong = [*points[:-1], [float("nan")] * 3]
    said = {
        "well": points,
        "few": points[:-1],
        "many": [*points, points[0]],
        "backwards": points[::-1],
        "nan": wrong,
        "null": [*points[:-1], [None] * 3],
        "flat": [p[:2] for p in points],
        "words": [["a", "b", "c"] for _ in points],
        "none": None,
        "huge": points * 1000,
    }
    out = {mood: json.dumps({"target_points": value}).encode() for mood, value in said.items()}
    return {
        **out,
        "html": b"<!DOCTYPE html><html>down for maintenance</html>",
        "plain": b"upstream request timeout",
        "deep": b"[" * 100_000,
        "list": b"[]",
        "cut": out["well"],
        "empty": b"",
    }
