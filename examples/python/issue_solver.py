"""An agent that solves an issue in a repository: it reads, searches, edits, and runs the tests until they pass.

Its tools reach nothing outside the repository. The tests run what the model wrote, so they run in bubblewrap where that
is installed: without network, keys or home folder. Elsewhere they have your rights, and the program says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

from kimistream import Kimi, Text, ToolCall, ToolProgress, ToolResult

ISSUE = (
    "Login form submits twice on slow networks: a second click before the server has answered sends a second request."
)
REPOSITORY = {
    "login.py": '''\
"""The form of the login page."""


class LoginForm:
    def __init__(self, send):
        self.send = send
        self.sent = False

    def submit(self, name, password):
        """Sends it, once."""
        if self.sent:
            return None
        answer = self.send(name, password)
        self.sent = True
        return answer
''',
    "test_login.py": """\
import unittest

from login import LoginForm


class TestLoginForm(unittest.TestCase):
    def test_a_click_while_the_server_is_slow_sends_nothing(self):
        sent = []

        def slow_server(name, password):
            sent.append(name)
            if len(sent) < 3:
                form.submit(name, password)  # the user is impatient
            return "welcome"

        form = LoginForm(slow_server)
        self.assertEqual(form.submit("ada", "secret"), "welcome")
        self.assertEqual(sent, ["ada"])
""",
}


class Repository:
    """The tools, and the folder that they are confined to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def _file(self, path: str) -> Path:
        file = (self.folder / path).resolve()  # as it is with all links followed
        if not file.is_relative_to(self.folder) or ".git" in file.relative_to(self.folder).parts:
            raise ValueError(f"{path} is outside of the repository")
        return file

    def list_files(self) -> list[str]:
        """The files of the repository."""
        found = (file for file in self.folder.rglob("*.py") if not file.is_symlink())
        return sorted(str(file.relative_to(self.folder)) for file in found)

    def read_file(self, path: str) -> str:
        """The text of a file."""
        return self._file(path).read_text("utf-8")

    def search_code(self, text: str) -> list[str]:
        """The lines of all files that hold a text: the first hundred."""
        return [
            f"{path}:{number}: {line}"
            for path in self.list_files()
            for number, line in enumerate(self.read_file(path).splitlines(), 1)
            if text in line
        ][:100]

    def edit_file(self, path: str, old: str, new: str) -> str:
        """Puts a text in place of another.

        Args:
            path: the file
            old: lines that stand in the file exactly once, letter for letter
            new: what takes their place
        """
        text = self.read_file(path)
        if (count := text.count(old)) != 1:
            raise ValueError(f"old stands in {path} {count} times, not once")
        self._file(path).write_text(text.replace(old, new), "utf-8")
        return "done"

    def run_tests(self) -> Generator[str, None, str]:
        """Runs the tests of the repository, and tells what they said."""
        walls = sandbox(self.folder)
        yield "in bubblewrap" if walls else "bubblewrap is not here: with the rights of whoever runs this program"
        done = subprocess.run(
            [*walls, sys.executable, "-B", "-m", "unittest"],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"]},  # no key is in it
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done.stderr[-4000:]


def sandbox(folder: Path) -> list[str]:
    """The words before a command that confine it to a folder; none where bubblewrap cannot be used."""
    seen = [
        word
        for place in ("/usr", "/bin", "/lib", "/lib64", sys.base_prefix, sys.prefix)
        for word in ("--ro-bind-try", place, place)
    ]
    own = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--bind", str(folder), str(folder)]
    kept = ["--ro-bind-try", f"{folder}/.git", f"{folder}/.git"]  # its configuration can name programs to run
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", *seen, *own, *kept]
    works = shutil.which("bwrap") and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if works else []


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Kimi() as client:
        for name, text in REPOSITORY.items():
            Path(folder, name).write_text(text, "utf-8")
        subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
        subprocess.run(["git", "add", "."], cwd=folder, check=True)

        it = Repository(Path(folder))
        run = client.run(
            f"Issue: {ISSUE}",
            [it.list_files, it.read_file, it.search_code, it.edit_file, it.run_tests],
            system="You are a senior engineer. Fix the described bug in the repository, and run its tests.",
            max_steps=30,
            on_break="continue",
        )
        for event in run:
            match event:
                case Text(text):
                    print(text, end="", flush=True)
                case ToolCall(name=name, arguments=arguments):
                    print(f"> {name} {arguments}")
                case ToolProgress(content=content):
                    print(f"  {content}")
                case ToolResult(error=Exception() as error):
                    print(f"  {error}")
                case ToolResult(content=str(content)):
                    print("  " + content.rstrip().replace("\n", "\n  "))
        print(f"\n{run.stopped} after {run.steps} steps\n")
        subprocess.run(["git", "--no-pager", "diff"], cwd=folder, check=True)


if __name__ == "__main__":
    main()
