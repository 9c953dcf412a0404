"""The peer of the burst: the same server with an application that only says 200."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
@app.route("/<path:path>", methods=["GET", "POST"])
def answer(path: str) -> dict[str, str]:
    """Nothing is read, checked or kept."""
    return {"status": "ok"}
