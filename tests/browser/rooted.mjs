// A web app that knows nothing of the gateway: all URLs in its pages begin at the root of its host.

import { once } from "node:events";
import { createServer } from "node:http";

const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="10"/>`;

const FILES = {
  "/static/style.css": ["text/css", `h1 { color: rgb(1, 2, 3); background: url("/static/back.svg") }`],
  "/static/back.svg": ["image/svg+xml", PICTURE],
  "/picture.svg": ["image/svg+xml", PICTURE],
  "/static/part.js": ["text/javascript", `export const read = async (url, init) => (await fetch(url, init)).json();`],
  "/static/app.js": [
    "text/javascript",
    `import { read } from "/static/part.js";
     const me = await read("/api/me?x=%2F");
     const init = { method: "PUT", body: JSON.stringify({ oauth_token: me.person }), headers: { "Content-Type": "application/json" } };
     const kept = await read("/api/kept", init);
     new EventSource("/events").onmessage = ({ data }) => {
       document.documentElement.dataset.seen = [me.person, me.url, kept.oauth_token, data].join(" ");
     };`,
  ],
};

export class RootedApp {
  /** Method, URL and person of every request. */
  arrived = [];
  #notes = new Map();
  #server;

  static async start() {
    const app = new RootedApp();
    app.#server = createServer((request, response) => app.#answer(request, response));
    app.#server.listen(0, "127.0.0.1");
    await once(app.#server, "listening");
    /** The `upstream` of a tool. */
    app.url = `http://127.0.0.1:${app.#server.address().port}`;
    return app;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #answer(request, response) {
    const { method, url } = request;
    const person = request.headers["x-forwarded-user"];
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    this.arrived.push({ method, url, person, body });
    const { pathname } = new URL(url, this.url);
    const send = (type, text) => response.writeHead(200, { "Content-Type": type }).end(text);
    const json = (value) => send("application/json", JSON.stringify(value));

    const notes = this.#notes.get(person) ?? [];
    if (FILES[pathname]) return send(...FILES[pathname]);
    if (pathname === "/api/me") return json({ person, url });
    if (pathname === "/api/kept") return json(JSON.parse(body));
    if (pathname === "/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      return response.write(`data: ${person}\n\n`);
    }
    if (method === "POST") {
      const multipart = /name="note"\r\n\r\n([^\r]*)/.exec(body);
      this.#notes.set(person, [...notes, multipart?.[1] ?? new URLSearchParams(body).get("note")]);
      return response.writeHead(303, { Location: url }).end();
    }
    send("text/html; charset=utf-8", page(pathname, person, notes));
  }
}

function page(pathname, person, notes) {
  const form = (id, attributes) =>
    `<form id="${id}" method="post" ${attributes}><input name="note"><button>Add</button></form>`;
  return `<!doctype html><title>Rooted</title><link rel="stylesheet" href="/static/style.css">
<script type="module" src="/static/app.js"></script>
<main><h1>${pathname} of ${person}</h1><ul>${notes.map((note) => `<li>${note}</li>`).join("")}</ul>
<img src="/picture.svg" alt=""><a href="/">Home</a> <a href="/chapter/1?x=%2F">Chapter 1</a>
${form("root", `action="/"`)}${form("multipart", `action="/notes" enctype="multipart/form-data"`)}
${form("here", "")}${form("here-multipart", `enctype="multipart/form-data"`)}</main>`;
}
