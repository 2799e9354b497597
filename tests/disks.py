"""Small disks of their own, for what happens when one is full or may not be written to. Needs root, and Linux."""

from __future__ import annotations

import subprocess
from pathlib import Path


class Disk:
    """A tmpfs of so many kilobytes, mounted on a folder that it makes. Raises OSError where that is not allowed."""

    def __init__(self, folder: Path, kilobytes: int) -> None:
        self.folder = folder
        folder.mkdir()
        _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder))

    def resize(self, kilobytes: int) -> None:
        self._remount(f"size={kilobytes}k")

    def read_only(self, yes: bool) -> None:
        self._remount("ro" if yes else "rw")

    def _remount(self, options: str) -> None:
        _run("mount", "-o", f"remount,{options}", str(self.folder))

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        _run("umount", "--lazy", str(self.folder))  # whoever still holds a file of it


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise OSError(f"{command[0]} is missing") from error
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
