// A web app with three kinds of logins. Each takes a person's name from the gateway's header once,
// and then believes its own cookie:
//
// - like express-session: `connect.sid`, HttpOnly
// - like PHP: `PHPSESSID`, which scripts can read
// - like JupyterHub: `jupyterhub-session-id`, HttpOnly, with a `Path` below the root
//
// It also has a download, a link to a new window and a form.

import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export class PeopleApp {
  /** The requests: URL and headers. */
  arrived = [];
  #names = new Map();
  #server;

  /** `base` is the path at which the app lives, without a slash at its end. */
  static async start(base = "") {
    const app = new PeopleApp();
    app.base = base;
    app.#server = createServer((request, response) => app.#answer(request, response));
    app.#server.listen(0, "127.0.0.1");
    await once(app.#server, "listening");
    app.url = `http://127.0.0.1:${app.#server.address().port}`;
    return app;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #answer(request, response) {
    const { url, headers } = request;
    this.arrived.push({ url, headers });
    const path = url.split("?")[0].slice(this.base.length);
    if (path === "/file") {
      response.writeHead(200, { "Content-Type": "text/plain" });
      response.end(`a file for ${headers["x-forwarded-user"]}`);
      return;
    }
    const sent = new Map((headers.cookie ?? "").split("; ").map((pair) => pair.split("=")));
    const set = [];
    const name = (cookie, attributes) => {
      if (!this.#names.has(sent.get(cookie))) {
        sent.set(cookie, randomUUID());
        this.#names.set(sent.get(cookie), headers["x-forwarded-preferred-username"]);
        set.push(`${cookie}=${sent.get(cookie)}; ${attributes}`);
      }
      return this.#names.get(sent.get(cookie));
    };
    const express = name("connect.sid", `Path=${this.base}/; HttpOnly`);
    const php = name("PHPSESSID", "path=/");
    const hub = path.startsWith("/hub") ? name("jupyterhub-session-id", `Path=${this.base}/hub/; HttpOnly`) : "";
    response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Set-Cookie": set });
    response.end(
      `<!doctype html><html lang="en"><head><title>People</title><link rel="icon" href="data:,"></head><body>` +
        `<h1>Express: ${express}, PHP: ${php}, hub: ${hub}</h1>` +
        `<a href="hub/home">Hub</a> <a href="file" download="file.txt">Download</a> ` +
        `<a href="window" target="_blank">New window</a></body></html>`,
    );
  }
}

/** Waits until a frame shows the logins of the app with this text. */
export async function greets(frame, text) {
  await frame.getByRole("heading", { name: text }).waitFor();
}
