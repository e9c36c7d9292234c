// A learning platform on another site: it is http://localhost, the gateway is http://127.0.0.1.
// Its course pages launch into frames when they load, or into a new window after a click.

import { once } from "node:events";
import { createServer } from "node:http";

export class Platform {
  #pages = new Map();
  #server;

  static async start() {
    const platform = new Platform();
    platform.#server = createServer((request, response) => platform.#answer(request, response));
    platform.#server.listen(0, "127.0.0.1");
    await once(platform.#server, "listening");
    platform.origin = `http://localhost:${platform.#server.address().port}`;
    return platform;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** The URL of a course page with these launches (`{ url, form }`), each in a frame of 800 by 600
   *  named `block-1`, `block-2`, …. Every load sends the same forms with the same signatures. */
  course(...launches) {
    const blocks = launches.map(({ url, form }, index) => {
      const name = `block-${index + 1}`;
      return `<iframe name="${name}" width="800" height="600"></iframe>${formHtml(url, form, name)}`;
    });
    return this.page(blocks.join("\n") + SUBMIT);
  }

  /** The URL of a page that launches in the same window. */
  samePlace({ url, form }) {
    return this.page(formHtml(url, form, "_self") + SUBMIT);
  }

  /** The URL of a course page with a button that launches into a new window. */
  newWindow({ url, form }) {
    return this.page(formHtml(url, form, "_blank", "<button>Open in a new window</button>"));
  }

  /** The URL of a page with this body. */
  page(body) {
    const path = `/course/${this.#pages.size + 1}`;
    this.#pages.set(path, body);
    return this.origin + path;
  }

  /** The return URL of a launch. */
  get returnUrl() {
    return `${this.origin}/return?course=1`;
  }

  /** The return URL of a launch by Canvas, whose page only works in the frame. */
  get frameReturnUrl() {
    return `${this.origin}/courses/1/external_content/success/external_tool_redirect`;
  }

  #answer(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    const isReturn = [this.returnUrl, this.frameReturnUrl].some((url) => new URL(url).pathname === pathname);
    const body = isReturn ? "<h1>Back in the course</h1>" : this.#pages.get(pathname);
    response.writeHead(body === undefined ? 404 : 200, {
      "Content-Type": "text/html; charset=utf-8",
    });
    response.end(
      `<!doctype html><html lang="en"><head><title>Course</title><link rel="icon" href="data:,"></head>` +
        `<body style="margin: 0">${body ?? "nothing here"}</body></html>`,
    );
  }
}

const SUBMIT =
  "<script>for (const form of document.forms) HTMLFormElement.prototype.submit.call(form)</script>";

function formHtml(url, form, target, more = "") {
  const inputs = form.map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  );
  return `<form method="post" action="${escape(url)}" target="${target}">${inputs.join("")}${more}</form>`;
}

export function escape(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
