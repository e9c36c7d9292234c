"""The gateway under test, with its tools, its log and its memory."""

import os
import subprocess
import tempfile
from pathlib import Path

from log_reader import LogReader
from running import Running

# The host of the public URL. Nothing listens there: the tests connect to the port.
HOST = "localhost:5000"
ORIGIN = f"http://{HOST}"

SECRET = "the secret of the gateway of the soak, for nobody else"
CONSUMERS = {
    "course-a": "open sesame & so on, and on",
    "course-b": "another secret of 100% and more",
    "course-c": "a third secret = a third course",
}

# Production listens on every address by default.
ROCKET = '[default]\naddress = "127.0.0.1"\n'

TOOLS = """
[gateway]
secret = {{ env = "GATEWAY_SECRET" }}
clock_skew = "10s"
state = "./state"
outcome_hosts = ["127.0.0.1"]

[tools.hello]
template = "hello"
consumers = [{all}]

[tools.staff]
template = "hello"
roles = ["staff"]
consumers = [{one}]

[tools.notebook]
upstream = "{upstream}"
consumers = [{all}]

[tools.wiki]
upstream = "{upstream}/base"
prefix = "tool"
consumers = [{all}]

[tools.exercise]
upstream = "{upstream}"
grades = true
timeout = "{timeout}"
consumers = [{one}]
"""
CONSUMER = '{{ key = "{key}", secret = {{ env = "{name}" }} }}'
TEMPLATE = "<p>Hello, {{ launch.user.id }}, from {{ tool.name }}</p>"

# The tool that sends grades waits so long for the platform.
GRADE_TIMEOUT = "2s"


class Production(Running):
    """A gateway in production mode. A debug build always runs in development mode."""

    def __init__(self, binary: Path, upstream: str):
        self._home = tempfile.TemporaryDirectory(prefix="lti-gateway-soak-")
        home = Path(self._home.name)
        variables = {name_of(key): secret for key, secret in CONSUMERS.items()}
        consumers = [CONSUMER.format(key=key, name=name_of(key)) for key in CONSUMERS]
        file = home / "tools.toml"
        file.write_text(
            TOOLS.format(
                upstream=upstream,
                timeout=GRADE_TIMEOUT,
                all=", ".join(consumers),
                one=consumers[0],
            )
        )
        (home / "templates").mkdir()
        (home / "templates" / "hello.html.tera").write_text(TEMPLATE)
        (home / "Rocket.toml").write_text(ROCKET)
        variables |= {"GATEWAY_SECRET": SECRET, "LTI_GATEWAY_PUBLIC_URL": ORIGIN}
        super().__init__(binary, file, variables)

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._directory,
            env=self._settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self.reader = LogReader(self._process.stdout, [SECRET, *CONSUMERS.values()])

    def __exit__(self, *_) -> None:
        self.reader.go_on()
        super().__exit__()
        self._home.cleanup()

    def log(self) -> str:
        """The last lines of stdout, and all of stderr."""
        return "\n".join([*self.reader.last(), "stderr:", super().log()])

    def errors(self) -> str:
        """All of stderr."""
        return super().log()

    def exit_code(self) -> int | None:
        """None while the process runs."""
        return self._process.poll()

    def resident(self) -> int:
        """The resident set in KiB. Readable also if the process is not dumpable."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def descriptors(self) -> int | None:
        """The number of open files. None if this user may not see it."""
        try:
            return len(os.listdir(f"/proc/{self._process.pid}/fd"))
        except PermissionError:
            return None


def name_of(key: str) -> str:
    """The environment variable with a consumer's secret."""
    return f"{key.upper().replace('-', '_')}_SECRET"
