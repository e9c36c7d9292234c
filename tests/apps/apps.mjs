// The apps of the matrix: the start of each app, its configurations and its checks.
//
// `start` receives `at`: `port`, `base` (the app's path below the host, or ""), `origin` (as the
// browser sees it), `directory` (empty, only for this app), `source` (the path of a file in
// sources/), `python` (the interpreter of a group) and `bin` (the programs of a group). `start`
// returns a command with its arguments. `prepare` returns the commands that run before. `configs`
// has the settings of the tool for each column of the table.

import { fileURLToPath } from "node:url";

import * as check from "./checks.mjs";

const browser = (path) => fileURLToPath(new URL(`../browser/apps/${path}`, import.meta.url));
const node = process.execPath;
const modules = (path) => fileURLToPath(new URL(`node_modules/${path}`, import.meta.url));

const DEFAULT = { column: "default" };
const PASS_HOST = { column: "one line", tool: { pass_host_header: true } };
const HOST = { column: "host", tool: { prefix: "tool" }, host: true };

/** The gateway starts the app. */
const COMMAND = { column: "command", command: true };

/** The app has the launch path as its base path. `upstream`: it answers there, too. */
const based = (setting, { upstream = true, tool } = {}) => ({
  column: "one line",
  setting,
  tool: { prefix: "tool", ...tool },
  base: true,
  upstream,
});
/** The same configuration with more keys of the tool. */
const and = (config, tool) => ({ ...config, tool: { ...config.tool, ...tool } });
const WITH_DOWNLOADS = { downloads: true };
const HOST_DOWNLOADS = and(HOST, WITH_DOWNLOADS);
const HOST_PASS = and(HOST_DOWNLOADS, { pass_host_header: true });

const NOTES = {
  page: check.page("Notes of"),
  form: check.entries("Note", "Add", ["A first note", "Bernoulli & sons"]),
  link: check.link("Again", "Notes of"),
  download: check.download("Download", "Notes:"),
  "new window": check.newWindow("About", "About"),
};
const WITH_UPLOAD = { ...NOTES, upload: check.upload("Upload") };

export const APPS = {
  sphinx: {
    title: "Sphinx",
    prepare: ({ python, source, directory }) => [[python("async"), "-m", "sphinx", "-q", source("sphinx"), `${directory}/html`]],
    start: ({ python, port, directory }) => [python("async"), "-m", "http.server", String(port), "--bind", "127.0.0.1", "--directory", `${directory}/html`],
    up: "/index.html",
    configs: [DEFAULT, HOST_DOWNLOADS],
    checks: {
      page: check.page("Sphinx course"),
      link: check.link("This is second", "With words to search"),
      search: async (x) => {
        await x.frame.locator("input[name=q]").first().fill("bernoulli");
        await x.frame.locator("input[name=q]").first().press("Enter");
        await check.shows(x.frame, "found one page");
      },
      download: async (x) => {
        await x.launch({});
        await check.download("Download", "some notes")(x);
      },
    },
  },
  tensorboard: {
    title: "TensorBoard",
    prepare: ({ python, source, directory }) => [[python("plots"), source("tensorboard_log.py"), `${directory}/log`]],
    start: ({ python, port, base, directory }) => [
      ...[python("plots"), "-m", "tensorboard.main", "--host=127.0.0.1", `--port=${port}`],
      ...[`--logdir=${directory}/log`, ...(base ? [`--path_prefix=${base}`] : [])],
    ],
    up: "/",
    configs: [DEFAULT, HOST],
    checks: { page: check.page("loss") },
  },
  mlflow: {
    title: "MLflow",
    start: ({ python, port, base, directory }) => [
      ...[python("plots"), "-m", "mlflow", "server", "--host=127.0.0.1", `--port=${port}`, "--workers=1"],
      ...[`--backend-store-uri=sqlite:///${directory}/mlflow.db`, ...(base ? [`--static-prefix=${base}`] : [])],
    ],
    up: "/health",
    // MLflow itself has no such page without logins.
    missing: /users\/current$/,
    env: ({ bin }) => ({ PATH: `${bin("plots")}:${process.env.PATH}` }),
    configs: [DEFAULT, HOST],
    checks: {
      page: check.page("Experiments"),
      form: async (x) => {
        // The request that its dialog "New experiment" sends.
        const status = await x.frame.evaluate(async () => {
          const headers = { "Content-Type": "application/json" };
          const body = JSON.stringify({ name: `trial ${Date.now()}` });
          return (await fetch("ajax-api/2.0/mlflow/experiments/create", { method: "POST", headers, body })).status;
        });
        if (status !== 200) throw new Error(`POST experiments/create: ${status}`);
      },
    },
  },
  nicegui: {
    title: "NiceGUI",
    start: ({ python, port, source }) => [python("async"), source("nicegui_app.py"), String(port)],
    up: "/notes.txt",
    configs: [DEFAULT, HOST_DOWNLOADS],
    checks: {
      page: check.page("NiceGUI app"),
      click: check.click("Count", "Counted to 1"),
      download: check.download("Download", "some notes"),
      "new window": check.newWindow("New window", "This is second"),
      link: check.link("Second page", "This is second"),
    },
  },
  panel: {
    title: "Panel",
    start: ({ python, port, source }) => [python("plots"), source("panel_app.py"), String(port)],
    up: "/",
    configs: [DEFAULT, HOST_DOWNLOADS],
    checks: {
      page: check.page("Counted to 0"),
      click: check.click("Count", "Counted to 1"),
      download: check.download((frame) => frame.getByText("Download").first(), "some notes"),
    },
  },
  shiny: {
    title: "Shiny (Python)",
    start: ({ python, port, source }) => [python("async"), source("shiny_app.py"), String(port)],
    up: "/",
    configs: [DEFAULT, HOST_DOWNLOADS, COMMAND],
    checks: {
      page: check.page("Counted to 0"),
      click: check.click("Count", "Counted to 1"),
      download: check.download((frame) => frame.locator("#notes"), "some notes"),
    },
  },
  marimo: {
    title: "marimo",
    start: ({ python, port, source }) => [python("async"), "-m", "marimo", "run", source("marimo_app.py"), "--headless", "--host=127.0.0.1", `--port=${port}`],
    up: "/health",
    configs: [DEFAULT, HOST_DOWNLOADS],
    checks: {
      page: check.page("Counted to 0"),
      click: check.click("Count", "Counted to 1"),
      download: check.download((frame) => frame.getByText("Download").first(), "some notes"),
    },
  },
  shellinabox: {
    title: "shellinabox",
    start: ({ port, user }) => ["shellinaboxd", "-t", `--port=${port}`, "--localhost-only", "--user=" + user.name, "--group=" + user.group, `--service=/:${user.name}:${user.group}:/:/bin/cat`],
    up: "/",
    configs: [DEFAULT, HOST, and(HOST, { path: "/launch" })],
    checks: {
      page: async (x) => {
        await x.frame.locator("#vt100, #scrollable").first().waitFor();
        await x.frame.locator("#cursor").first().waitFor();
      },
      type: async (x) => {
        await x.frame.locator("#scrollable").first().click();
        await x.page.keyboard.type("bernoulli");
        await x.page.keyboard.press("Enter");
        await check.shows(x.frame, "bernoulli");
      },
    },
  },
  streamlit: {
    title: "Streamlit",
    start: ({ python, port }) => [
      ...[python("env"), "-m", "streamlit", "run", browser("streamlit/counter.py"), "--server.headless=true"],
      ...["--server.address=127.0.0.1", `--server.port=${port}`, "--server.fileWatcherType=none"],
      "--browser.gatherUsageStats=false",
    ],
    up: "/_stcore/health",
    upText: "ok",
    configs: [DEFAULT, HOST, COMMAND],
    checks: {
      page: check.page("Counted to 0"),
      click: check.click("Count", "Counted to 1"),
      upload: async (x) => {
        const buffer = Buffer.alloc(3_000, 1);
        await x.frame.locator("input[type=file]").setInputFiles({ name: "some.bin", mimeType: "application/octet-stream", buffer });
        await check.shows(x.frame, "some.bin has 3000 bytes");
      },
    },
  },
  gradio: {
    title: "Gradio",
    start: ({ python, port, base, source }) => [python("async"), source("gradio_app.py"), String(port), ...(base ? [base] : [])],
    env: () => ({ GRADIO_ANALYTICS_ENABLED: "False" }),
    up: "/gradio_api/startup-events",
    configs: [DEFAULT, based("Gradio's `root_path`", { upstream: false, tool: WITH_DOWNLOADS }), HOST_DOWNLOADS, COMMAND],
    checks: {
      page: check.page("Greet"),
      form: async (x) => {
        await x.frame.getByLabel("Name").fill("Grace Hopper");
        await x.frame.getByRole("button", { name: "Greet" }).click();
        await x.frame.waitForFunction(() => [...document.querySelectorAll("textarea, input")].some((one) => one.value === "Hello, Grace Hopper!"), undefined, { polling: 100 });
      },
      upload: async (x) => {
        const buffer = Buffer.alloc(3_000, "\u0001\r\n");
        await x.frame.locator("input[type=file]").first().setInputFiles({ name: "some.bin", mimeType: "application/octet-stream", buffer });
        await x.frame.waitForFunction(() => [...document.querySelectorAll("textarea, input")].some((one) => one.value === "3000 bytes"), undefined, { polling: 100 });
      },
      download: check.download((frame) => frame.getByRole("button", { name: "Download", exact: true }).first(), "some notes"),
    },
  },
  dash: {
    title: "Dash",
    start: ({ python, port, base, source }) => [python("plots"), source("dash_app.py"), String(port), ...(base ? [base] : [])],
    up: "/_dash-layout",
    configs: [DEFAULT, based("Dash's `requests_pathname_prefix`", { upstream: false, tool: WITH_DOWNLOADS }), HOST_DOWNLOADS],
    checks: {
      page: check.page("This is the front page"),
      form: async (x) => {
        await x.frame.locator("#name").fill("Grace Hopper");
        await x.frame.getByText("Greet").click();
        await check.shows(x.frame, "Hello, Grace Hopper!");
      },
      download: check.download("Download", "some notes"),
      "new window": check.newWindow("New window", "Dash app"),
      link: check.link("Second page", "This is second"),
    },
  },
  voila: {
    title: "Voila",
    prepare: ({ python, source, directory }) => [[python("jupyter"), source("notebook.py"), `${directory}/notes.ipynb`]],
    start: ({ python, port, base, directory }) => [python("jupyter"), "-m", "voila", `${directory}/notes.ipynb`, "--no-browser", "--Voila.ip=127.0.0.1", `--port=${port}`, ...(base ? [`--base_url=${base}/`] : [])],
    env: ({ bin }) => ({ PATH: `${bin("jupyter")}:${process.env.PATH}` }),
    up: "/voila/static/voila.js",
    upText: "",
    configs: [DEFAULT, based("Voila's `base_url`"), HOST],
    checks: { page: check.page("Counted to 0"), click: check.click("Count", "Counted to 1") },
  },
  dokuwiki: {
    title: "DokuWiki",
    packages: "dokuwiki",
    prepare: ({ source, directory, base }) => [["bash", source("dokuwiki.sh"), directory, base]],
    start: ({ port, directory }) => ["php", "-d", "include_path=.:/usr/share/php", "-S", `127.0.0.1:${port}`, "-t", `${directory}/root`],
    env: () => ({ PHP_CLI_SERVER_WORKERS: "4" }),
    up: "/doku.php",
    configs: [DEFAULT, based("DokuWiki's `basedir`"), HOST],
    checks: {
      page: check.page("Trial wiki"),
      form: async (x) => {
        const text = `Bernoulli and sons, ${Date.now()}`;
        await x.frame.locator("a[href*='do=edit']:visible").first().click();
        await x.frame.locator("#wiki__text").fill(text);
        await x.frame.locator("#edbtn__save").click();
        await check.shows(x.frame, text);
      },
      link: async (x) => {
        await x.frame.locator("a[href*='do=recent']:visible").first().click();
        await check.shows(x.frame, "The following pages were changed recently");
      },
    },
  },
  vite: {
    title: "Vite SPA",
    prepare: ({ directory, base, source }) => [
      ["cp", "-r", source("vite"), `${directory}/vite`],
      [node, modules("vite/bin/vite.js"), "build", `${directory}/vite`, "--logLevel=warn", ...(base ? [`--base=${base}/`] : [])],
    ],
    start: ({ port, directory, base }) => [node, modules("vite/bin/vite.js"), "preview", `${directory}/vite`, "--host=127.0.0.1", `--port=${port}`, "--strictPort", ...(base ? [`--base=${base}/`] : [])],
    up: "/",
    configs: [DEFAULT, based("Vite's `base`", { tool: WITH_DOWNLOADS }), HOST_DOWNLOADS],
    checks: {
      page: check.page("This is the front page"),
      picture: async (x) => {
        await x.frame.waitForFunction(() => document.querySelector("img")?.naturalWidth > 0, undefined, { polling: 100 });
      },
      download: check.download("Download", "some notes"),
      "new window": check.newWindow("New window", "This is second"),
      link: check.link("Second page", "This is second"),
    },
  },
  datasette: {
    title: "Datasette",
    prepare: ({ python, source, directory }) => [[python("async"), source("datasette_data.py"), `${directory}/course.db`]],
    start: ({ python, port, base, directory }) => [python("async"), "-m", "datasette", "serve", `${directory}/course.db`, "--host=127.0.0.1", `--port=${port}`, ...(base ? ["--setting", "base_url", `${base}/`] : [])],
    up: "/-/versions.json",
    upBase: false,
    configs: [
      DEFAULT,
      based("Datasette's `base_url`", { upstream: false, tool: WITH_DOWNLOADS }),
      based("Datasette's `base_url`, also in `upstream`", { tool: WITH_DOWNLOADS }),
      HOST_DOWNLOADS,
    ],
    checks: {
      page: check.page("course"),
      link: async (x) => {
        await x.frame.locator("h2 a, h3 a").first().click();
        await x.frame.locator("h2 a, h3 a").first().click();
        await check.shows(x.frame, "three");
      },
      download: async (x) => {
        await check.shows(x.frame, "Advanced export");
        await check.download((frame) => frame.locator("form[action*='.csv'] input[type=submit]").first(), "three")({
          ...x,
          frame: await (async () => {
            await x.frame.locator("input[name=_dl]").check();
            return x.frame;
          })(),
        });
      },
    },
  },
  notebook: jupyter("Notebook 7", "notebook", "/api"),
  nbclassic: jupyter("nbclassic", "nbclassic", "/api"),
  jupyterhub: {
    title: "JupyterHub (header login)",
    start: ({ python, source }) => [python("jupyter"), "-m", "jupyterhub", `--config=${source("jupyterhub_config.py")}`],
    env: ({ port, base, morePorts, bin }) => ({
      PATH: `${bin("jupyter")}:${process.env.PATH}`,
      PORT: String(port),
      BASE: base,
      HUB_PORT: String(morePorts[0]),
      PROXY_PORT: String(morePorts[1]),
      PROXY: `${node} ${modules("configurable-http-proxy/bin/configurable-http-proxy")}`,
    }),
    up: "/hub/health",
    upText: "",
    stopMs: 30_000,
    configs: [DEFAULT, based("JupyterHub's `bind_url`"), HOST],
    checks: {
      page: async (x) => {
        await x.frame.locator(".jp-Launcher, .jp-DirListing-content").first().waitFor({ timeout: 120_000 });
      },
      people: async (x) => {
        for (const person of ["user-1", "user-2", "user-1"]) {
          await x.launch({ user_id: person });
          await x.frame.locator(".jp-Launcher, .jp-DirListing-content").first().waitFor({ timeout: 120_000 });
          const { pathname } = new URL(x.frame.url());
          if (!pathname.includes(`/user/${x.tool}-key-${person}/`)) throw new Error(`${person} sees ${pathname}`);
        }
      },
    },
  },
  express: {
    title: "Express + csurf",
    start: ({ port, base }) => [node, browser("express/app.mjs"), String(port), ...(base ? [base] : [])],
    up: "/up",
    configs: [DEFAULT, based("the base path in the app", { tool: WITH_DOWNLOADS }), HOST_DOWNLOADS],
    checks: { ...WITH_UPLOAD, people: check.people() },
  },
  socketio: {
    title: "socket.io",
    start: ({ port, base, source }) => [node, source("socketio_app.mjs"), String(port), ...(base ? [base] : [])],
    up: "/",
    configs: [DEFAULT, based("socket.io's `path`"), HOST],
    checks: { page: check.page("socket.io app"), click: check.click("Count", "Counted to 1") },
  },
  next: {
    title: "Next.js 16",
    prepare: ({ directory, source }) => [
      ["cp", "-r", source("next"), `${directory}/next`],
      ["ln", "-s", modules("").replace(/\/$/, ""), `${directory}/next/node_modules`],
      // Turbopack follows no link out of the directory.
      [node, modules("next/dist/bin/next"), "build", "--webpack", `${directory}/next`],
    ],
    start: ({ port, directory }) => [node, modules("next/dist/bin/next"), "start", `${directory}/next`, "--hostname=127.0.0.1", `--port=${port}`],
    env: ({ base }) => ({ BASE: base, NEXT_TELEMETRY_DISABLED: "1", NODE_OPTIONS: "--max-old-space-size=2048" }),
    up: "/second",
    prepareMs: 400_000,
    configs: [
      DEFAULT,
      PASS_HOST,
      and(based("Next's `basePath`"), WITH_DOWNLOADS),
      and(based("Next's `basePath`"), { ...WITH_DOWNLOADS, pass_host_header: true }),
      HOST_DOWNLOADS,
      HOST_PASS,
    ],
    checks: {
      page: check.page("Next app"),
      form: check.form("Note", "Add", "Bernoulli and sons"),
      download: check.download("Download", "some notes"),
      "new window": check.newWindow("New window", "This is second"),
      link: check.link("Second page", "This is second"),
    },
  },
  runserver: django("Django (runserver)", ({ python, port }) => [python("env"), browser("django/notes.py"), "runserver", "--noreload", `127.0.0.1:${port}`], ({ tool }) =>
    // Without the browser's host, its scheme does not matter either.
    tool?.pass_host_header ? { SECURE: "1" } : {}),
  gunicorn: django("Django (gunicorn)", ({ python, port }) => [python("env"), "-m", "gunicorn", `--chdir=${browser("django")}`, `--bind=127.0.0.1:${port}`, "--threads=8", "notes:application"]),
  fastapi: {
    title: "FastAPI `url_for`, docs",
    start: ({ python, port, base }) => [python("env"), browser("fastapi/app.py"), String(port), ...(base ? [base] : [])],
    up: "/up",
    upBase: false,
    configs: [
      DEFAULT,
      PASS_HOST,
      based("FastAPI's `root_path`", { upstream: false, tool: WITH_DOWNLOADS }),
      based("FastAPI's `root_path`", { upstream: false, tool: { ...WITH_DOWNLOADS, pass_host_header: true } }),
      HOST_DOWNLOADS,
      HOST_PASS,
    ],
    checks: {
      ...NOTES,
      "new window": check.newWindow("New window", "Notes of"),
      docs: async (x) => {
        await x.frame.getByText("API", { exact: true }).click();
        await check.shows(x.frame, "/notes.txt");
      },
    },
  },
  sinatra: {
    title: "Sinatra",
    packages: "ruby-sinatra puma",
    start: ({ port, source }) => ["ruby", source("sinatra_app.rb"), String(port)],
    up: "/up",
    configs: [DEFAULT, PASS_HOST, HOST_DOWNLOADS, HOST_PASS],
    checks: { ...NOTES, people: check.people() },
  },
  php: {
    title: "PHP",
    packages: "php-cli",
    prepare: ({ directory, base }) => [
      ["mkdir", "-p", `${directory}/root${base}`],
      ["cp", browser("php/index.php"), browser("php/style.css"), `${directory}/root${base}/`],
    ],
    start: ({ port, directory }) => ["php", "-S", `127.0.0.1:${port}`, "-t", `${directory}/root`],
    env: ({ base }) => ({ BASE: base }),
    up: "/style.css",
    configs: [DEFAULT, based("the base path in the app", { tool: WITH_DOWNLOADS }), HOST_DOWNLOADS],
    checks: { ...WITH_UPLOAD, "new window": check.newWindow("About", "Notes of"), people: check.people() },
  },
  wordpress: {
    title: "WordPress",
    packages: "wordpress mariadb-server-core",
    prepare: ({ source, directory, base }) => [["bash", source("wordpress.sh"), "prepare", directory, base]],
    start: ({ source, directory, base, port }) => ["bash", source("wordpress.sh"), "start", directory, base, String(port)],
    env: ({ origin, base }) => ({ HOME_URL: origin + base }),
    up: "/readme.html",
    upText: "WordPress",
    prepareMs: 300_000,
    configs: [
      DEFAULT,
      PASS_HOST,
      based("WordPress's `WP_HOME`"),
      based("WordPress's `WP_HOME`", { tool: { pass_host_header: true } }),
      HOST,
      and(HOST, { pass_host_header: true }),
    ],
    checks: {
      page: check.page("Hello world!"),
      link: check.link("Hello world!", "Welcome to WordPress"),
      form: async (x) => {
        await x.frame.locator("#comment").fill(`Bernoulli and sons ${Date.now()}`);
        await x.frame.locator("#author").fill("Ada");
        await x.frame.locator("#email").fill("ada@example.edu");
        await x.frame.locator("#submit").click();
        await check.shows(x.frame, "Bernoulli and sons");
      },
    },
  },
  rails: {
    title: "Rails",
    packages: "ruby-rails puma",
    start: ({ port, source }) => ["puma", "-b", `tcp://127.0.0.1:${port}`, source("rails_app.ru")],
    env: ({ config }) => ({ RAILS_ENV: "production", ORIGIN_CHECK: config.originCheck ?? "on" }),
    up: "/up",
    configs: [
      DEFAULT,
      PASS_HOST,
      { column: "one line", setting: "`forgery_protection_origin_check = false`", originCheck: "off" },
      HOST_DOWNLOADS,
      HOST_PASS,
    ],
    checks: { ...NOTES, people: check.people() },
  },
};

function jupyter(title, module, up) {
  return {
    title,
    prepare: ({ python, source, directory }) => [
      ["mkdir", `${directory}/work`],
      [python("jupyter"), source("notebook.py"), `${directory}/work/notes.ipynb`],
    ],
    start: ({ python, port, base, source, directory }) => [
      ...[python("jupyter"), "-m", module, `--config=${source("jupyter_config.py")}`, `--ServerApp.port=${port}`],
      ...[`--ServerApp.root_dir=${directory}/work`, ...(base ? [`--ServerApp.base_url=${base}/`] : [])],
    ],
    env: ({ bin }) => ({ PATH: `${bin("jupyter")}:${process.env.PATH}` }),
    up,
    upText: "version",
    stopMs: 15_000,
    configs: [DEFAULT, based("Jupyter's `base_url`", { tool: WITH_DOWNLOADS }), HOST_DOWNLOADS],
    checks: {
      page: check.page("notes.ipynb"),
      "new window": async (x) => {
        const name = x.frame.getByText("notes.ipynb").first();
        const opens = x.profile.context.waitForEvent("page", { timeout: 20_000 });
        await Promise.all([opens, module === "notebook" ? name.dblclick() : name.click()]);
        const window = await opens;
        try {
          const cell = window.locator(".jp-CodeCell .cm-content, .code_cell .CodeMirror").first();
          await cell.click({ timeout: 45_000 });
          await window.keyboard.press("Control+Enter");
          const output = window.locator(".jp-OutputArea-output, .output_subarea");
          await output.filter({ hasText: "Counted to 0" }).first().waitFor({ timeout: 90_000 });
        } finally {
          await window.close();
        }
      },
    },
  };
}

function django(title, start, more = () => ({})) {
  const env = ({ base, directory, config }) => ({ BASE: base, DATABASE: `${directory}/notes.sqlite3`, ...more(config) });
  return {
    title,
    prepare: ({ python }) => [[python("env"), browser("django/notes.py"), "prepare"]],
    start,
    env,
    up: "/up",
    upBase: false,
    configs: [
      DEFAULT,
      PASS_HOST,
      based("Django's `FORCE_SCRIPT_NAME`", { upstream: false, tool: WITH_DOWNLOADS }),
      based("Django's `FORCE_SCRIPT_NAME`", { upstream: false, tool: { ...WITH_DOWNLOADS, pass_host_header: true } }),
      HOST_DOWNLOADS,
      HOST_PASS,
    ],
    checks: {
      ...NOTES,
      people: check.people(),
      admin: async (x) => {
        await x.frame.getByText("Admin", { exact: true }).click();
        await x.frame.getByLabel("Username").fill("admin");
        await x.frame.getByLabel("Password").fill("admin");
        await x.frame.getByRole("button", { name: "Log in" }).click();
        await check.shows(x.frame, "Site administration");
      },
    },
  };
}
