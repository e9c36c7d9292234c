// A learning platform of LTI 1.3 on another site. Its course pages begin logins in frames, its
// `/auth` answers them with a signed token, and its pages may offer storage (1EdTech lti-cs-pm).

import { createSign, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

const CLAIM = "https://purl.imsglobal.org/spec/lti/claim/";
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const KEYS = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "key-1", use: "sig", alg: "RS256" }] };

export class OpenIdPlatform {
  #pages = new Map();
  #server;
  /** The parameters of each request of `/auth`. A hint is valid once, as in Canvas. */
  logins = [];

  static async start() {
    const platform = new OpenIdPlatform();
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

  /** Its table in tools.toml. */
  get table() {
    return [
      "[platforms.course]",
      `issuer = "${this.origin}"`,
      `auth_url = "${this.origin}/auth"`,
      `token_url = "${this.origin}/token"`,
      `jwks_url = "${this.origin}/jwks"`,
      'client_id = "client-1"',
    ].join("\n");
  }

  /** The URL of a course page with this number of frames, each of which begins a login to the tool
   *  at `url`. `storage` is `answers`, `silent` or empty, if the platform offers none. */
  course(url, { storage = "", count = 1 } = {}) {
    const blocks = Array.from({ length: count }, (_, index) => {
      const login = new URLSearchParams({
        iss: this.origin,
        login_hint: `hint-${this.#pages.size + 1}-${index + 1}`,
        target_link_uri: url,
        client_id: "client-1",
        lti_message_hint: `block-${index + 1}`,
        ...(storage && { lti_storage_target: "_parent" }),
      });
      const src = `${new URL(url).origin}/~login?${login}`.replaceAll("&", "&amp;");
      return `<iframe name="block-${index + 1}" width="800" height="600" src="${src}"></iframe>`;
    });
    const script = storage === "answers" ? `<script>(${storageOfPlatform})()</script>` : "";
    return this.page(script + blocks.join("\n"));
  }

  /** The URL of a page with this body. */
  page(body) {
    const path = `/course/${this.#pages.size + 1}`;
    this.#pages.set(path, body);
    return this.origin + path;
  }

  #answer(request, response) {
    const url = new URL(request.url, this.origin);
    const respond = (status, type, body) => {
      response.writeHead(status, { "Content-Type": type });
      response.end(body);
    };
    if (url.pathname === "/jwks") return respond(200, "application/json", JSON.stringify(KEYS));
    const body = url.pathname === "/auth" ? this.#form(url.searchParams) : this.#pages.get(url.pathname);
    respond(
      body === undefined ? 404 : 200,
      "text/html; charset=utf-8",
      `<!doctype html><html lang="en"><head><title>Course</title><link rel="icon" href="data:,"></head>` +
        `<body style="margin: 0">${body ?? "nothing here"}</body></html>`,
    );
  }

  /** The form with which it answers a login. */
  #form(params) {
    const login = Object.fromEntries(params);
    const isUsed = this.logins.some(({ login_hint }) => login_hint === login.login_hint);
    this.logins.push(login);
    const { redirect_uri, state, nonce, lti_message_hint } = login;
    const form = isUsed
      ? { error: "launch_no_longer_valid", state }
      : { id_token: this.#token(nonce, redirect_uri, lti_message_hint), state };
    const inputs = Object.entries(form).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    );
    return `<form method="post" action="${redirect_uri}">${inputs.join("")}</form>
      <script>document.forms[0].submit()</script>`;
  }

  #token(nonce, target, link) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.origin,
      aud: "client-1",
      sub: "user-1",
      nonce,
      iat: now,
      exp: now + 60,
      name: "Ada Lovelace",
      [`${CLAIM}deployment_id`]: "1",
      [`${CLAIM}version`]: "1.3.0",
      [`${CLAIM}message_type`]: "LtiResourceLinkRequest",
      [`${CLAIM}target_link_uri`]: target,
      [`${CLAIM}roles`]: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
      [`${CLAIM}resource_link`]: { id: link, title: "First steps" },
      [`${CLAIM}context`]: { id: "course-1", title: "Analytical Engines" },
    };
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${encode({ alg: "RS256", kid: "key-1", typ: "JWT" })}.${encode(claims)}`;
    return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
  }
}

/** The script of a page that offers storage. */
function storageOfPlatform() {
  const stored = new Map();
  window.messages = [];
  window.addEventListener("message", ({ data, origin, source }) => {
    window.messages.push({ subject: data.subject, origin });
    const { message_id, key } = data;
    const of = `${origin} ${key}`;
    if (data.subject === "lti.put_data") stored.set(of, data.value);
    const reply = { subject: `${data.subject}.response`, message_id, key, value: stored.get(of) };
    source.postMessage(reply, origin);
  });
}
