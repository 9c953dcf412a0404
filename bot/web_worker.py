"""gunicorn's threaded worker that lets open streams end when it is told to stop."""

from __future__ import annotations

from types import FrameType

from gunicorn.workers.gthread import ThreadWorker

from bot import streams


class WebWorker(ThreadWorker):
    """Without this each open stream would be cut off at the end of the time of grace."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: streams look at this about once a second."""
        streams.stopping.set()
        super().handle_exit(sig, frame)
