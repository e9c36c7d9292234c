// A tool that is made with ltijs. It takes the place of a tool of the gateway.
//
//   node tool.mjs <JSON of the platform's registration>
//
// It prints its port. Its page has the token that ltijs accepted, as JSON. Its data is in memory,
// so that it needs no database.

import { createServer } from "node:http";

import { Provider as lti } from "ltijs";

/** What ltijs needs of a database. */
class Memory {
  #collections = new Map();

  async setup() {}

  async Close() {}

  async Get(_, collection, query = {}) {
    const found = this.#of(collection).filter((row) => matches(row, query));
    return found.length > 0 && structuredClone(found);
  }

  async Insert(_, collection, item, index = {}) {
    this.#of(collection).push({ ...index, ...item, createdAt: Date.now() });
  }

  async Replace(key, collection, query, item, index = {}) {
    await this.Delete(collection, query);
    await this.Insert(key, collection, item, { ...query, ...index });
  }

  async Modify(_, collection, query, changes) {
    for (const row of this.#of(collection)) if (matches(row, query)) Object.assign(row, changes);
  }

  async Delete(collection, query) {
    const rows = this.#of(collection).filter((row) => !matches(row, query));
    this.#collections.set(collection, rows);
  }

  #of(collection) {
    if (!this.#collections.has(collection)) this.#collections.set(collection, []);
    return this.#collections.get(collection);
  }
}

function matches(row, query) {
  return Object.entries(query).every(([name, value]) => row[name] === value);
}

const { issuer, client, auth, token, keys } = JSON.parse(process.argv[2]);
// ltijs creates the server itself only for a fixed port.
lti.setup("a key for cookies", { plugin: new Memory() }, { appRoute: "/", loginRoute: "/login" });
lti.onConnect((accepted, _, response) => response.json(accepted));
await lti.deploy({ serverless: true, silent: true });
await lti.registerPlatform({
  url: issuer,
  name: "Practice",
  clientId: client,
  authenticationEndpoint: auth,
  accesstokenEndpoint: token,
  authConfig: { method: "JWK_SET", key: keys },
});
const server = createServer(lti.app);
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
