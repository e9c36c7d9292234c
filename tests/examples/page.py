"""The testable parts of a page of the docs: code blocks and tables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Page:
    def __init__(self, path: str):
        self.text = (ROOT / path).read_text()

    def section(self, heading: str) -> str:
        """The text below a heading, up to the next heading of its level or above."""
        level = len(heading) - len(heading.lstrip("#"))
        _, _, after = f"\n{self.text}".partition(f"\n{heading}\n")
        assert after, f"there is no heading {heading!r}"
        return re.split(rf"^#{{1,{level}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]

    def blocks(self, language: str, heading: str | None = None) -> list[str]:
        """The code blocks of a language ("" if none), in one section or in all."""
        text = self.text if heading is None else self.section(heading)
        found = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
        return [block for known, block in found if known == language]

    def rows(self, head: str) -> list[list[str]]:
        """The cells of the table with this header row."""
        lines = iter(self.text.splitlines())
        assert f"| {head} |" in lines, f"there is no table {head!r}"
        next(lines)
        rows = []
        for line in lines:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        return rows


def code(cell: str) -> list[str]:
    """The texts in backticks in a cell."""
    return re.findall(r"`([^`]*)`", cell)
