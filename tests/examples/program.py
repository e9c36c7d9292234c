"""The programs of the docs that verify assertions, as processes."""

import os
import subprocess
import sys
from pathlib import Path

from page import ROOT, Page

FOLDER = Path(__file__).parent
SECTION = "## Verifying the assertion"

# In seconds. A program that waits longer hangs.
TIMEOUT = 60


class Program:
    """Reads assertions from standard input and prints their users."""

    def __init__(self, command: list[str | Path]):
        self._command = command

    def run(self, issuer: str, assertions: list[str]) -> subprocess.CompletedProcess:
        # A clean environment, without a proxy of the caller.
        return subprocess.run(
            self._command,
            env={"PATH": os.environ["PATH"], "LTI_ISSUER": issuer},
            input="".join(f"{assertion}\n" for assertion in assertions),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )


def source(page: Page, language: str) -> str:
    [block] = page.blocks(language, SECTION)
    return block


def python(page: Page, directory: Path) -> Program:
    file = directory / "verify.py"
    file.write_text(source(page, "python"))
    return Program([sys.executable, "-B", file])


def node(page: Page, directory: Path) -> Program:
    modules = FOLDER / "node_modules"
    assert (modules / "jose").is_dir(), f"{modules} is missing: script/test installs it"
    (directory / "node_modules").symlink_to(modules)
    file = directory / "verify.mjs"
    file.write_text(source(page, "js"))
    return Program(["node", file])


def rust(page: Page, target: Path) -> Program:
    """The Rust program is a crate beside this file, with a lock file."""
    crate = FOLDER / "rust"
    written = (crate / "src/main.rs").read_text()
    shown = source(page, "rust")
    assert shown == written, f"{crate.relative_to(ROOT)}/src/main.rs differs from the docs"
    build = ["cargo", "build", "--locked", "--quiet"]
    where = ["--manifest-path", crate / "Cargo.toml", "--target-dir", target]
    subprocess.run([*build, *where], check=True, stdin=subprocess.DEVNULL)
    return Program([target / "debug/verify-assertion"])
