"""A case: a sentence that holds of what is tested, and a function that checks it."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class Case:
    sentence: str
    check: Callable

    def passes(self, *subject) -> bool:
        """Whether it holds; says so in a line, and why where not."""
        try:
            self.check(*subject)
        except Exception as error:
            print(f"FAIL  {self.sentence}\n      {error}", flush=True)
            if not isinstance(error, AssertionError):
                traceback.print_exc()
            return False
        print(f"ok    {self.sentence}", flush=True)
        return True


class Cases(list[Case]):
    """Cases, each a function below its sentence."""

    def case(self, sentence: str) -> Callable[[Callable], Callable]:
        def add(check: Callable) -> Callable:
            self.append(Case(sentence, check))
            return check

        return add

    def each(self, sentence: str, variations: dict | Iterable[str]) -> Callable[[Callable], Callable]:
        """A case for each variation, which its function is given last."""
        if not isinstance(variations, dict):
            variations = {name: name for name in variations}

        def add(check: Callable) -> Callable:
            for name, value in variations.items():
                # Bound now: a plain closure would see the last value only.
                self.append(Case(f"{sentence}: {name}", lambda *subject, value=value: check(*subject, value)))
            return check

        return add


def conclude(results: list[bool]) -> int:
    """Says how many passed; the exit code."""
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or not results else 0
