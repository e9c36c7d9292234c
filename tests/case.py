"""A test case: the behavior as a sentence, and a function that checks it."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class Case:
    sentence: str
    check: Callable

    def passes(self, *subject) -> bool:
        """Runs the check. Prints one line with the result, and the reason of a failure."""
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
    """A list of cases. The decorators add functions to it."""

    def case(self, sentence: str) -> Callable[[Callable], Callable]:
        def add(check: Callable) -> Callable:
            self.append(Case(sentence, check))
            return check

        return add

    def each(
        self, sentence: str, variations: dict | Iterable[str]
    ) -> Callable[[Callable], Callable]:
        """Adds a case for each variation, which is the last argument of the function."""
        if not isinstance(variations, dict):
            variations = {name: name for name in variations}

        def add(check: Callable) -> Callable:
            for name, value in variations.items():
                # The default argument binds the value now. A closure would see the last one.
                self.append(
                    Case(
                        f"{sentence}: {name}", lambda *subject, value=value: check(*subject, value)
                    )
                )
            return check

        return add


def conclude(results: list[bool]) -> int:
    """Prints the number of passed and failed cases. Returns the exit code."""
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed or not results else 0
