// A learning platform of LTI 1.3 on another site: it is http://localhost, the gateway is
// http://127.0.0.1. Its course pages have frames that begin with the gateway's login. It signs
// tokens with node's own crypto, and can offer storage to the pages in its frames.

import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

import { escape } from "./platform.mjs";

const CLAIM = "https://purl.imsglobal.org/spec/lti/claim/";
const KEY_ID = "key-1";
export const CLIENT_ID = "client-1";

/** The frame of the storage, if it is not the course page itself. */
const STORAGE_FRAME = "post_message_forwarding";

export class TokenPlatform {
  /** The queries of all requests for a token. */
  asked = [];
  /** Whether the platform shows a page in place of a launch. */
  holdsLaunches = false;
  #keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  #pages = new Map();
  #launches = new Map();
  #server;

  static async start() {
    const platform = new TokenPlatform();
    platform.#server = createServer((request, response) => platform.#answer(request, response));
    platform.#server.listen(0, "127.0.0.1");
    await once(platform.#server, "listening");
    const { port } = platform.#server.address();
    platform.origin = `http://localhost:${port}`;
    /** Another origin, which the platform does not own. The server is the same. */
    platform.otherOrigin = `http://127.0.0.1:${port}`;
    return platform;
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** The table of this platform, named `lms`. */
  get table() {
    return `[platforms.lms]
issuer = "${this.origin}"
auth_url = "${this.origin}/auth"
token_url = "${this.origin}/token"
jwks_url = "${this.origin}/jwks"
client_id = "${CLIENT_ID}"
`;
  }

  /** The URL of a login for a launch of this tool, with these claims in place of the ordinary
   *  ones. `storage` is the name of the frame with the platform's storage. */
  login(gateway, tool, claims = {}, storage = undefined) {
    const hint = `hint-${this.#launches.size + 1}`;
    const target = `${gateway.origin}/lti/${tool}`;
    this.#launches.set(hint, { [`${CLAIM}target_link_uri`]: target, ...claims });
    const query = new URLSearchParams({
      iss: this.origin,
      client_id: CLIENT_ID,
      login_hint: "user-1",
      lti_message_hint: hint,
      target_link_uri: target,
      ...(storage && { lti_storage_target: storage }),
    });
    return `${gateway.origin}/~login?${query}`;
  }

  /** The URL of a course page with a frame for each login, named `block-1`, `block-2`, …. `more`
   *  is further HTML before the frames. */
  course(logins, more = "") {
    const frames = logins.map(
      (url, index) =>
        `<iframe name="block-${index + 1}" src="${escape(url)}" width="800" height="600"></iframe>`,
    );
    return this.page(more + frames.join("\n"));
  }

  /** The URL of a page with this body. */
  page(body, origin = this.origin) {
    const path = `/course/${this.#pages.size + 1}`;
    this.#pages.set(path, body);
    return origin + path;
  }

  /** A frame with this page, for the storage. */
  storageFrame(url) {
    return `<iframe name="${STORAGE_FRAME}" src="${escape(url)}" width="1" height="1"></iframe>`;
  }

  #answer(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname === "/jwks") {
      const key = this.#keys.publicKey.export({ format: "jwk" });
      const keys = [{ ...key, kid: KEY_ID, alg: "RS256", use: "sig" }];
      response.writeHead(200, { "Content-Type": "application/json" });
      response.end(JSON.stringify({ keys }));
      return;
    }
    const body = url.pathname === "/auth" ? this.#launch(url.searchParams) : this.#pages.get(url.pathname);
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": "text/html; charset=utf-8" });
    response.end(
      `<!doctype html><html lang="en"><head><title>Course</title><link rel="icon" href="data:,"></head>` +
        `<body style="margin: 0">${body ?? "nothing here"}</body></html>`,
    );
  }

  /** The page that posts the token. A hint is valid once, as Canvas's is. */
  #launch(query) {
    this.asked.push(Object.fromEntries(query));
    if (this.holdsLaunches) return "<h1>Please wait</h1>";
    const hint = query.get("lti_message_hint");
    const claims = this.#launches.get(hint);
    this.#launches.delete(hint);
    if (!claims) return "<h1>This launch is over</h1>";
    const fields = { id_token: this.#token(query, claims), state: query.get("state") };
    const inputs = Object.entries(fields).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`,
    );
    return `<form method="post" action="${escape(query.get("redirect_uri"))}">${inputs.join("")}</form>
      <script>document.forms[0].submit()</script>`;
  }

  #token(query, claims) {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: this.origin,
      aud: query.get("client_id"),
      sub: query.get("login_hint"),
      nonce: query.get("nonce"),
      iat: now,
      exp: now + 60,
      name: "Ada Lovelace",
      [`${CLAIM}version`]: "1.3.0",
      [`${CLAIM}message_type`]: "LtiResourceLinkRequest",
      [`${CLAIM}deployment_id`]: "1",
      [`${CLAIM}resource_link`]: { id: "block-1", title: "First steps" },
      [`${CLAIM}context`]: { id: "course-1", title: "Analytical Engines" },
      [`${CLAIM}roles`]: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
      [`${CLAIM}launch_presentation`]: { locale: "en" },
      [`${CLAIM}tool_platform`]: { guid: "lms", name: "Example University" },
      ...claims,
    };
    const header = { alg: "RS256", typ: "JWT", kid: KEY_ID };
    const signed = [header, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const signature = createSign("RSA-SHA256").update(signed).sign(this.#keys.privateKey);
    return `${signed}.${signature.toString("base64url")}`;
  }
}

/** The claim of another resource link. */
export function link(id) {
  return { [`${CLAIM}resource_link`]: { id } };
}

/** The script of a storage (1EdTech `lti-cs-pm`). It stores values by sender. `reply` changes or
 *  withholds a response: a JavaScript function of it. */
export function storage(reply = "(response) => response") {
  return `<script>
    const stored = new Map();
    window.received = [];
    addEventListener("message", ({ data, origin, source }) => {
      const { subject, message_id, key, value } = data;
      if (!/^lti\\.(put|get)_data$/.test(subject)) return;
      window.received.push({ subject, origin });
      const place = origin + " " + key;
      if (subject === "lti.put_data") stored.set(place, value);
      const response = { subject: subject + ".response", message_id, key, value: stored.get(place) };
      const changed = (${reply})(response, source, origin);
      if (changed) source.postMessage(changed, origin);
    });
  </script>`;
}
