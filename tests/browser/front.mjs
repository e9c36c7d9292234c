// A TLS proxy before the gateway, as in production. Its certificate is self-signed, so a profile
// needs `ignoreHTTPSErrors`.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";

import { TemporaryDirectory } from "./directory.mjs";

export class Front {
  /** The port of the gateway, which may start later. */
  port;
  #server;
  #sockets = new Set();

  static async start() {
    const directory = new TemporaryDirectory();
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(directory.path, name));
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", "/CN=127.0.0.1"];
    await promisify(execFile)("openssl", [...args, "-keyout", key, "-out", cert]);
    const front = new Front();
    const options = { key: await readFile(key), cert: await readFile(cert) };
    directory.remove();
    front.#server = createServer(options, (socket) => front.#forward(socket));
    front.#server.on("tlsClientError", () => {});
    front.#server.listen(0, "127.0.0.1");
    await once(front.#server, "listening");
    return front;
  }

  /** Its origin at this host: the `public_url` of the gateway behind it, for example. */
  origin(host = "127.0.0.1") {
    return `https://${host}:${this.#server.address().port}`;
  }

  async stop() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }

  #forward(socket) {
    const gateway = connect(this.port, "127.0.0.1");
    const ends = [socket, gateway];
    for (const [index, end] of ends.entries()) {
      const other = ends[1 - index];
      this.#sockets.add(end);
      end.pipe(other);
      end.on("error", () => other.destroy());
      end.on("close", () => {
        this.#sockets.delete(end);
        other.destroy();
      });
    }
  }
}
