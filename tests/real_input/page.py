"""The page of a launched tool (tools/templates/launch.html.tera)."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

TAGS = {"title", "dl", "dt", "dd", "output"}


@dataclass
class Page:
    params: list[tuple[str, str]] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, html: str) -> "Page":
        reader = _PageReader()
        reader.feed(html)
        reader.close()
        return reader.page

    def assert_params(self, expected: list[tuple[str, str]]) -> None:
        """All parameters, in order, with duplicates, character for character."""
        missing = [pair for pair in expected if pair not in self.params]
        foreign = [pair for pair in self.params if pair not in expected]
        assert self.params == expected, (
            f"missing {missing}, not sent {foreign}"
            if missing or foreign
            else f"in another order or number: {self.params}"
        )

    def assert_shows(self, **expected: str) -> None:
        """Values by name, with `__` for the dot."""
        for name, value in expected.items():
            name = name.replace("__", ".")
            assert self.shown.get(name) == value, (
                f"{name} is {self.shown.get(name)!r}, expected {value!r}"
            )


class _PageReader(HTMLParser):
    """Unescapes as browsers do. A tag that is not in the template is an injection."""

    def __init__(self):
        super().__init__()
        self.page = Page()
        self._name = ""
        self._text = ""

    def handle_starttag(self, tag, attrs):
        assert tag in TAGS, f"<{tag}> came from the platform"
        self._text = ""
        if tag == "output":
            self._name = dict(attrs)["name"]

    def handle_data(self, data):
        self._text += data

    def handle_endtag(self, tag):
        if tag == "dt":
            self._name = self._text
        elif tag == "dd":
            self.page.params.append((self._name, self._text))
        elif tag == "output":
            self.page.shown[self._name] = self._text
