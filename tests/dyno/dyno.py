"""One dyno: the gateway and the apps that it starts, as on Heroku, but in a read-only directory and
without HOME.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from checkout import REPOSITORY
from page import Page
from running import TIMEOUT, Running, Visit
from signed_launch import signed_launch

APPS = REPOSITORY / "tests" / "browser" / "apps"
PYTHON = REPOSITORY / "target" / "apps-env" / "bin"

PUBLIC_URL = "https://tools.example"
SECRETS = {
    "GATEWAY_SECRET": "dyno-gateway-secret-0123456789abcdef",
    "PLOTS_SECRET": "dyno-plots-secret-0123456789",
    "TOOL_SECRET": "dyno-tool-secret-0123456789",
}

# README stands for the app in README.md, DATABASE_FILE for a writable file.
TOOLS = """
[gateway]
secret = { env = "GATEWAY_SECRET" }

README
directory = "apps/streamlit"
environment = { STREAMLIT_BROWSER_GATHER_USAGE_STATS = "false" }

[tools.notes]
key = "notes-key"
secret = { env = "TOOL_SECRET" }
command = ["gunicorn", "--bind", "127.0.0.1:{port}", "--threads", "8", "notes:application"]
directory = "apps/django"
environment = { DATABASE = "DATABASE_FILE", PYTHONDONTWRITEBYTECODE = "1" }

[tools.forms]
key = "forms-key"
secret = { env = "TOOL_SECRET" }
command = ["python3", "app.py", "{port}"]
directory = "apps/fastapi"
pass_host_header = true
"""

# For each tool: text on the front page of its app.
PAGES = {"plots": "Streamlit", "notes": "Notes of", "forms": "Notes of"}


class Dyno(Running):
    """The program and its apps. Nobody may write into their directory, not even root."""

    def __init__(self, binary: Path):
        self._temporary = tempfile.TemporaryDirectory(prefix="lti-gateway-dyno-")
        temporary = Path(self._temporary.name)
        database = temporary / "notes.sqlite3"
        self._tree = temporary / "app"
        shutil.copytree(APPS, self._tree / "apps")
        shutil.copy(REPOSITORY / "Rocket.toml", self._tree)
        for name in ("templates", "static"):
            shutil.copytree(REPOSITORY / name, self._tree / name)
        tools = self._tree / "tools.toml"
        streamlit = self._tree / "apps" / "streamlit"
        (streamlit / "counter.py").rename(streamlit / "plots.py")
        [readme] = Page("README.md").blocks("toml", "## Quick start")
        text = TOOLS.replace("README", readme.strip())
        tools.write_text(text.replace("DATABASE_FILE", str(database)))
        program = self._tree / "lti-gateway"
        shutil.copy2(binary, program)
        for path in [self._tree, *self._tree.rglob("*")]:
            path.chmod(path.stat().st_mode & ~0o222)
        subprocess.run(
            [PYTHON / "python3", "notes.py", "prepare"],
            cwd=self._tree / "apps" / "django",
            env={"PATH": os.environ["PATH"], "DATABASE": str(database)},
            check=True,
            timeout=TIMEOUT,
        )
        settings = {
            **SECRETS,
            "DYNO": "web.1",
            "LTI_GATEWAY_PUBLIC_URL": PUBLIC_URL,
            "PATH": f"{PYTHON}:{os.environ['PATH']}",
        }
        super().__init__(program, tools, settings)
        self.forbid(*SECRETS.values())

    def __exit__(self, *_) -> None:
        processes = self.processes()
        super().__exit__()
        for process in processes:
            process.signal(signal.SIGKILL)
        for path in [self._tree, *self._tree.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)
        self._temporary.cleanup()

    def start(self) -> None:
        if os.geteuid() == 0:
            # Without its capabilities, root may not write into a read-only directory either.
            self._command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", *self._command]
        super().start()

    def visit(self, tool: str) -> Visit:
        """Launches a tool, again while its app starts."""
        path = f"/lti/{tool}"
        deadline = time.monotonic() + TIMEOUT
        while True:
            secret = SECRETS["PLOTS_SECRET" if tool == "plots" else "TOOL_SECRET"]
            form = signed_launch(PUBLIC_URL + path, f"{tool}-key", secret)
            try:
                return self.open(path, form)
            except AssertionError as error:
                starts = str(error).startswith("503 from the app")
                if not starts or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def app(self, tool: str) -> "Process":
        """The process that the gateway started for a tool."""
        word = {"plots": "plots.py", "notes": "notes:application", "forms": "app.py"}[tool]
        gateway = self._process.pid
        found = [one for one in self.processes() if one.parent == gateway and word in one.command]
        assert len(found) == 1, f"{len(found)} processes of {tool}: {found}; {self.log()}"
        return found[0]

    def processes(self) -> list["Process"]:
        """The gateway and all processes below it."""
        everything = all_processes()
        members = [one for one in everything if one.pid == self._process.pid]
        for member in members:
            members += [one for one in everything if one.parent == member.pid]
        return members


@dataclass
class Process:
    """A process, as /proc describes it."""

    pid: int
    parent: int
    command: str

    def memory(self) -> int:
        """Its share of the memory in use (PSS), in bytes."""
        try:
            text = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return 0
        return 1024 * int(re.search(r"^Pss: +(\d+) kB$", text, re.MULTILINE)[1])

    def signal(self, number: int) -> None:
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            pass

    def runs(self) -> bool:
        """Whether it still runs. A process that nobody has waited for has ended."""
        try:
            return stat_fields(self.pid)[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False


def all_processes() -> list[Process]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append(Process(pid, int(stat_fields(pid)[1]), command))
        except (FileNotFoundError, ProcessLookupError):
            pass  # it has ended
    return found


def stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
