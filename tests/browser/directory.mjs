// A temporary directory, which is removed at every kind of exit.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class TemporaryDirectory {
  path = mkdtempSync(join(tmpdir(), "lti-gateway-browser-"));

  constructor() {
    process.once("exit", this.remove);
  }

  remove = () => {
    process.off("exit", this.remove);
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  };
}
