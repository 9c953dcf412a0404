"""The set-up script on a machine without Python 3.10."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import ROOT

pytestmark = pytest.mark.alone

TOOLS = ("sh", "cat", "cut", "dirname", "grep", "rm", "sha256sum")


def test_a_machine_without_python_3_10_is_told_what_to_do(tmp_path: Path) -> None:
    if any(Path(p).exists() for p in ("/usr/bin/python3.10", "/usr/local/bin/python3.10")):
        pytest.skip("this machine has a system-wide Python 3.10")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name) or "")
    done = subprocess.run(
        ["sh", "scripts/setup.sh", "base"],
        cwd=tmp_path,
        env={"PATH": str(tools), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "No working Python 3.10 was found" in done.stderr
    assert "pyenv install 3.10" in done.stderr
    assert not (tmp_path / ".venv").exists()
