"""Checks the pages: their links, their index and the names of tests. Needs no program.

    python3 tests/docs/pages.py

The last line of the output is `N passed, N failed`.
"""

import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1]))

from case import Cases, conclude  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

cases = Cases()


def pages() -> list[Path]:
    """Every page: in the root of the repository, in .github/ and in docs/."""
    found = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(found) > 30, found
    return found


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", without_code(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cases.case("every link of every page leads to a file or a heading")
def links(_):
    seen = 0
    for page in pages():
        for link in re.findall(r"\]\(([^)]+)\)", without_code(page.read_text())):
            if "://" in link:
                continue
            seen += 1
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            assert target.exists(), f"{page.relative_to(ROOT)} leads to {link}"
            assert not anchor or anchor in anchors(target), (
                f"{page.relative_to(ROOT)} leads to {link}"
            )
    assert seen > 150, f"{seen} links"


@cases.case("docs/README.md and docs/decisions/README.md list every page")
def index(_):
    for directory, own in [("docs", "docs/decisions"), ("docs/decisions", None)]:
        listed = (ROOT / directory / "README.md").read_text()
        for page in (ROOT / directory).rglob("*.md"):
            name = str(page.relative_to(ROOT / directory))
            is_listed_there = own and page.is_relative_to(ROOT / own) and page.name != "README.md"
            if name != "README.md" and not is_listed_there:
                assert f"]({name}" in listed, f"{directory}/README.md does not list {name}"


@cases.case("every file and module that ARCHITECTURE, CONTRIBUTING or a decision names exists")
def named_files(_):
    seen = 0
    pages = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]
    for page in [*pages, *(ROOT / "docs/decisions").glob("*.md")]:
        for name in re.findall(r"`(\w+(?:/[\w.-]+)+)/?`", without_code(page.read_text())):
            # `web/proxy` is src/web/proxy, `v1p1/cause` is crates/lti/src/v1p1/cause.rs.
            paths = [ROOT / base / name for base in (".", "src", "crates/lti/src")]
            found = [path for path in paths if path.exists() or path.with_suffix(".rs").exists()]
            assert found, f"{page.relative_to(ROOT)} names {name}"
            seen += 1
    assert seen > 50, f"{seen} names"


@cases.case("README.md has at most 150 lines")
def short(_):
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@cases.case("every test that SECURITY.md names exists")
def named_tests(_):
    # The last column of each table names tests: in Rust by function, others by sentence.
    folders = ["tests", "crates", "src"]
    rust = "\n".join(path.read_text() for name in folders for path in (ROOT / name).rglob("*.rs"))
    cases_files = ["browser/cases/*.mjs", "clock/cases.py", "deploy/*_cases.py", "docs/cases.py"]
    sources = [path for pattern in cases_files for path in (ROOT / "tests").glob(pattern)]
    others = "\n".join(path.read_text() for path in sources)
    lines = (ROOT / "SECURITY.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    seen = 0
    for row in rows:
        tests = row.strip("| ").split(" | ")[-1]
        for name in re.findall(r"`(\w+)`", tests):
            assert re.search(rf"\bfn {name}\(", rust), f"there is no test {name}"
            seen += 1
        for sentence in re.findall(r"“([^”]+)”", tests):
            assert f'"{sentence}"' in others, f"there is no case {sentence!r}"
            seen += 1
    assert seen > 30, f"{seen} tests"


if __name__ == "__main__":
    sys.exit(conclude([case.passes(None) for case in cases]))
