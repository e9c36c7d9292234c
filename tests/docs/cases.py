"""Runs the commands of README.md and docs/, one after the other."""

import html
import re
import time
import tomllib
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

import practice
from case import Cases
from checkout import Checkout
from page import ROOT, Page
from running import TIMEOUT, free_port
from server import App
from terminal import Terminal

cases = Cases()

# The test that runs the commands of each page.
PAGES = {
    # tests/dyno runs its Python app.
    "README.md": "here",
    "docs/deploy.md": "tests/deploy/page_cases.py",
    "docs/heroku.md": "here",
    "docs/getting-started.md": "here",
    "docs/tools.md": "here",
    "docs/lti-1.3.md": "here",
    "docs/deep-linking.md": "here",
    "docs/upstreams.md": "here",
    "docs/explain.md": "tests/gateway/explain/program.rs",
    "docs/grades.md": "tests/grades/page_cases.py",
    "docs/launch.md": "tests/gateway/practice.rs",
    "docs/members.md": "tests/gateway/course/documented.rs",
    "docs/sites.md": "tests/gateway/sites/change.rs",
    "docs/registration.md": "tests/gateway/configuration/register.rs",
}


@cases.case("a test runs the commands of every page")
def every_page(binary, built):
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    with_commands = {str(page.relative_to(ROOT)) for page in pages if "```sh\n" in page.read_text()}
    assert with_commands == set(PAGES), with_commands ^ set(PAGES)
    for page, runner in PAGES.items():
        assert runner == "here" or page in (ROOT / runner).read_text(), (
            f"{runner} does not run {page}"
        )


@cases.case("docs/getting-started.md leads from a clone to a grade, and on to Heroku and edX")
def getting_started(binary, built):
    page = Page("docs/getting-started.md")
    app_port = str(free_port())
    ours = [line for block in page.blocks("sh") for line in block.splitlines()]
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env")

        assert ours.pop(0) == "cargo run"
        terminal.start("cargo run", terminal.port)
        assert "Hello, Ada Practice!" in re.sub(
            "</?bdi>", "", practice.launch(terminal, "hello").page
        )
        assert "200 OK" in terminal.run(ours.pop(0))
        assert "Wrong secret" in terminal.words("/dev")
        assert "No refusals yet." in terminal.words("/dev/refusals")

        said = terminal.run(ours.pop(0))
        assert "Edit its page: templates/quiz.html.tera" in said, said
        [template] = page.blocks("html")
        # The gateway reloads its files: the reader never restarts it.
        terminal.write("templates/quiz.html.tera", template)
        said = terminal.run(ours.pop(0))
        for words in [
            "<title>quiz</title>",
            "Welcome, guest",
            "You teach A course to practise with.",
            "Question 2:",
        ]:
            assert words in said, said
        said = practice.launch(terminal, "quiz").page
        assert (
            "Welcome, Ada Practice" in said and "Question 1:" in said and "You teach" not in said
        ), said

        [program] = page.blocks("python")
        terminal.write("counter.py", program.replace("8000", app_port))
        terminal.start(ours.pop(0), int(app_port))
        terminal.run(ours.pop(0).replace("8000", app_port))
        assert "<h1>Hello, Ada</h1>" in terminal.run(ours.pop(0))
        visit = practice.launch(terminal, "counter")
        assert "<h1>Hello, Ada Practice</h1>" in visit.page, visit.page

        tools = (checkout.root / "tools.toml").read_text()
        before, table = tools.split("[tools.counter]")
        hint, setting = page.blocks("toml")
        url, command = hint.strip().split("  # ")
        assert f"\n{url.replace('8000', app_port)}" in table and command == "python3 counter.py"
        assert f"# {setting.strip()} " in table, table
        terminal.write(
            "tools.toml",
            f"{before}[tools.counter]{table.replace(f'# {setting.strip()} ', setting.strip())}",
        )
        visit = practice.launch(terminal, "counter")
        assert "No grades yet." in terminal.words("/dev/gradebook")
        assert "Grade sent" in visit.click()
        gradebook = terminal.words("/dev/gradebook")
        assert "Ada, a learner counter, unit-1 1.0 “Well done”" in gradebook, gradebook
        assert "PUT, the result was stored" in gradebook, gradebook

        *heroku, last = ours
        said = [terminal.run(line) for line in heroku]
        released = said[heroku.index("git push heroku main")]
        assert "/lti/quiz" in released and "/lti/counter" in released, released
        assert re.fullmatch("[0-9a-f]{32}\n", terminal.run(last.strip()))


@cases.case("a push to Heroku needs the secrets that docs/getting-started.md sets")
def no_push(binary, built):
    page = Page("docs/getting-started.md")
    lines = page.blocks("sh", "## 5. Heroku")[0].splitlines()
    for name in ["GATEWAY_SECRET", "STAFF_SECRET"]:
        with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
            for line in lines[: lines.index("git push heroku main")]:
                terminal.run(
                    re.sub(rf"{name}=\S+ [^)]*\)", "OTHER_SECRET=$(openssl rand -hex 16)", line)
                )
            try:
                terminal.run("git push heroku main")
            except AssertionError as refused:
                assert name in str(refused), refused
            else:
                raise AssertionError(f"{name} is not needed")


@cases.case("README.md leads from a clone to a grade in the practice gradebook")
def readme_starts(binary, built):
    [start] = Page("README.md").blocks("sh", "## Quick start")
    gateway, adder, launch = [line.partition(" #")[0].strip() for line in start.splitlines()]
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env")
        address = f"127.0.0.1:{free_port()}"
        terminal.replace("tools.toml", "127.0.0.1:9000", address)
        terminal.start(gateway, terminal.port)
        terminal.variables["ADDRESS"] = address
        terminal.start(adder, int(address.partition(":")[2]))
        assert "200 OK" in terminal.run(launch)
        assert "I'm up" == terminal.get("/is_up")
        assert "Practice platform" in terminal.words("/dev")
        assert "Launch URL" in terminal.words("/")
        visit = practice.launch(terminal, "adder")
        left, right = re.search(r"(\d+) \+ (\d+) =", visit.page).groups()
        exercise = re.search(r'name="id" value="(\d+)"', visit.page)[1]
        visit.submit("answer", id=exercise, sum=int(left) + int(right))
        assert "Ada, a learner Adder, unit-1 1.0" in terminal.words("/dev/gradebook")


@cases.case("README.md sends a grade with one call")
def readme_grade(binary, built):
    [call] = [block for block in Page("README.md").blocks("sh") if "/grades" in block]
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal, App() as app:
        terminal.run("rm .env")
        terminal.run(f"lti-gateway new exercise --upstream {app.origin}")
        terminal.replace("tools.toml", "# grades = true", "grades = true")
        terminal.start("cargo run", terminal.port)
        practice.launch(terminal, "exercise")
        _, headers = app.arrived[-1]
        terminal.variables["GRADE_TOKEN"] = headers["X-LTI-Grade-Token"]
        assert '"status":"delivered"' in terminal.run(call)
        assert "Ada, a learner exercise, unit-1 0.92 “Well done”" in terminal.words(
            "/dev/gradebook"
        )


@cases.case("README.md's tools.toml passes `check`, also in production")
def readme_tools(binary, built):
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env")
        terminal.write("tools.toml", "\n".join(Page("README.md").blocks("toml")))
        assert "/lti/plots" in terminal.run("lti-gateway check")
        names = ["GATEWAY_SECRET", "HELLO_SECRET", "PLOTS_SECRET"]
        secrets = " ".join(f"{name}=$(openssl rand -hex 32)" for name in names)
        checked = terminal.run(f"{secrets} {binary} check")
        assert "https://our-tools.example/lti/hello" in checked, checked


@cases.case("the steps of docs/heroku.md deploy to Heroku, and run foreman")
def heroku(binary, built):
    page = Page("docs/heroku.md")
    lines = [line for block in page.blocks("sh", "## Five steps") for line in block.splitlines()]
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        said = {line: terminal.run(line) for line in lines}
        assert "/lti/hello" in said["git push heroku main"]
        assert re.fullmatch("[0-9a-f]{32}\n", said["heroku config:get HELLO_SECRET"])
    quoted = re.findall(r"`([^`]+)`", page.section("## The same Procfile under foreman"))
    commands = [line for line in quoted if " " in line]
    assert commands == ["cargo build --release", "cp .env.example .env", "foreman start"], (
        "see tests/foreman"
    )


ONE_DYNO = "## One dyno: the gateway and Python apps"
TWO_APPS = "## Two apps: the second verifies"


def with_apps(terminal: Terminal) -> None:
    """Adds the programs of the web apps to the terminal, as Python's buildpack does."""
    environment = ROOT / "target/apps-env/bin"
    terminal.variables["PATH"] = f"{environment}:{terminal.variables['PATH']}"


def assert_tested(requirements: str) -> None:
    """The tests run the packages of the page in the same versions."""
    tested = (ROOT / "tests/browser/apps/requirements.txt").read_text().splitlines()
    for line in requirements.splitlines():
        assert line in tested, line


@cases.case("docs/heroku.md puts two Python apps on the gateway's dyno")
def one_dyno(binary, built):
    page = Page("docs/heroku.md")
    [quiz] = page.blocks("python", ONE_DYNO)
    requirements, version = page.blocks("text", ONE_DYNO)
    [tables] = page.blocks("toml", ONE_DYNO)
    [commands] = page.blocks("sh", ONE_DYNO)
    assert_tested(requirements)
    assert re.fullmatch(r"3\.1[0-9]\n", version), version
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        for name in ["plots", "quiz"]:
            (checkout.root / "apps" / name).mkdir(parents=True)
        shown = (ROOT / "tests/browser/apps/streamlit/counter.py").read_text()
        terminal.write("apps/plots/plots.py", shown)
        terminal.write("apps/quiz/quiz.py", quiz)
        terminal.write("requirements.txt", requirements)
        terminal.write(".python-version", version)
        terminal.write("tools.toml", (checkout.root / "tools.toml").read_text() + "\n" + tables)
        with_apps(terminal)
        for line in "".join(page.blocks("sh", "## Five steps")).splitlines():
            if line.startswith(("heroku create", "heroku config:set")):
                terminal.run(line)
        said = "".join(terminal.run(line) for line in commands.splitlines())
        assert "/lti/plots" in said and "/lti/quiz" in said, said
        assert "warning" not in said.partition("tools.plots")[2], said

        terminal.run("rm .env")
        terminal.start("cargo run", terminal.port)
        eventually(lambda: "Quiz for Ada Practice" in practice.launch(terminal, "quiz").page)
        eventually(lambda: "Streamlit" in practice.launch(terminal, "plots").page)


def eventually(is_true: Callable[[], bool]) -> None:
    """An app starts: until then, people see a page with a status that is no success."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            assert is_true()
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@cases.case("docs/heroku.md has a second app that only accepts people whom the gateway sends")
def two_apps(binary, built):
    page = Page("docs/heroku.md")
    [app] = page.blocks("python", TWO_APPS)
    requirements, version, procfile = page.blocks("text", TWO_APPS)
    [table] = page.blocks("toml", TWO_APPS)
    create, deploy = page.blocks("sh", TWO_APPS)
    assert_tested(requirements)
    assert re.fullmatch(r"3\.1[0-9]\n", version), version
    port = free_port()
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        with_apps(terminal)
        for line in [*create.splitlines()[:2], *deploy.splitlines()[:1]]:
            terminal.run(line)
        terminal.run("rm .env")
        url = tomllib.loads(table)["tools"]["exam"]["upstream"]
        assert re.fullmatch(r"https://[\w-]+\.herokuapp\.com", url), url
        table = table.replace(url, f"http://127.0.0.1:{port}")
        terminal.write("tools.toml", (checkout.root / "tools.toml").read_text() + "\n" + table)
        terminal.run(f"lti-gateway new other --upstream http://127.0.0.1:{port}")
        terminal.start("cargo run", terminal.port)
        terminal.write("app.py", app)
        web = re.fullmatch("web: (.+)\n", procfile)[1]
        issuer = f"LTI_ISSUER=http://localhost:{terminal.port}"
        terminal.start(f"env PORT={port} {issuer} {web}", port)
        assert "Exam for Ada Practice" in practice.launch(terminal, "exam").page
        # Without an assertion, and with that of another tool.
        status, _, _ = practice.ask(terminal, "GET", "localhost", "/", {}, port=port)
        assert status == 401, status
        try:
            practice.launch(terminal, "other")
        except AssertionError as refused:
            assert str(refused).startswith("401: "), refused
        else:
            raise AssertionError("the app accepts the assertion of another tool")


@cases.case("CONTRIBUTING.md names both tiers of tests, and both are executable")
def tiers(binary, built):
    block, soak = Page("CONTRIBUTING.md").blocks("sh", "## Tests")
    scripts = [line.partition(" #")[0].strip() for line in block.splitlines()]
    assert scripts == ["script/test-fast", "script/test"], scripts
    for script in [*scripts, *{line.split()[0] for line in soak.splitlines()}]:
        assert (ROOT / script).stat().st_mode & 0o111, script


@cases.case("docs/tools.md adds tools of each kind")
def new_tools(binary, built):
    [tools, platform] = Page("docs/tools.md").blocks("sh")
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env")
        terminal.run("mkdir -p book/_build/html")
        for line in tools.splitlines():
            assert "LTI passport" in terminal.run(line), line
        for line in platform.splitlines():
            said = terminal.run(line)
            assert "/.well-known/jwks/moodle.json" in said, said
        assert "/lti/quiz" in terminal.run("lti-gateway check")


@cases.case("docs/lti-1.3.md adds a platform, and a tool that it launches")
def new_platform(binary, built):
    [block] = Page("docs/lti-1.3.md").blocks("sh")
    platform, tool, ask = block.splitlines()
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env tools.toml templates/hello.html.tera")
        assert "/.well-known/jwks/moodle.json" in terminal.run(platform)
        assert "/lti/hello" in terminal.run(tool)
        # The platform of the page does not exist.
        values = terminal.run(ask.removesuffix(" --ask"))
        assert "/.well-known/jwks/moodle.json" in values, values
        assert "/lti/hello" in terminal.run("lti-gateway check")


@cases.case("docs/upstreams.md starts Streamlit")
def streamlit(binary, built):
    [block] = Page("docs/upstreams.md").blocks("sh")
    port = str(free_port())
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        with_apps(terminal)
        terminal.write("counter.py", (ROOT / "tests/browser/apps/streamlit/counter.py").read_text())
        terminal.start(block.strip().replace("8501", port), int(port))
        assert "Streamlit" in terminal.get("/", int(port))


@cases.case("docs/deep-linking.md: an instructor picks links, and an app has its own picker")
def deep_linking(binary, built):
    page = Page("docs/deep-linking.md")
    [tools] = page.blocks("toml")
    [program] = page.blocks("python")
    asks, own = ([*block.splitlines()] for block in page.blocks("sh"))
    port = str(free_port())
    with Checkout(binary) as checkout, Terminal(checkout, built) as terminal:
        terminal.run("rm .env templates/hello.html.tera")
        terminal.write("tools.toml", tools.replace("9000", port))
        terminal.write("picker.py", program.replace("9000", port))
        terminal.start("cargo run", terminal.port)
        for ask in asks:
            said = terminal.run(ask)
            for words in ["<h1>Notebook</h1>", "Week 1", "Sums up to ten", "Add to course"]:
                assert words in said, said
        start, ask = own
        terminal.start(start, int(port))
        assert "Week 2: Products" in terminal.run(ask)

        visit = practice.launch(terminal, "quiz", person="instructor-1", message="links")
        headers = {
            "Origin": f"http://{visit.host}",
            "Cookie": visit.cookies,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        action = visit.path.rpartition("/")[0] + "/choose"
        body = urlencode({"week": "2"})
        status, answer, _ = practice.ask(terminal, "POST", visit.host, action, headers, body)
        assert status == 303, terminal.output()
        url = urlsplit(answer["Location"])
        assert url.path == "/~links", url
        path = f"{url.path}?{url.query}"
        status, _, sent = practice.ask(terminal, "GET", visit.host, path, {})
        assert status == 200, sent
        # The page sends itself to the practice platform.
        sent = html.unescape(sent)
        assert "/dev/platform/links" in sent and '"title":"Week 2"' in sent, sent
