// Collects pages as they were sent, and checks them all at once: the checker starts slowly.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const VNU = createRequire(import.meta.url).resolve("vnu-jar/build/dist/vnu.jar");

export class Html {
  static async open() {
    const collected = new Html();
    collected.dir = await mkdtemp(join(tmpdir(), "leling-html-"));
    collected.count = 0;
    return collected;
  }

  async keep(name, text) {
    this.count += 1;
    await writeFile(join(this.dir, `${name.replaceAll(/[^\w.-]+/g, "_")}.html`), text);
  }

  // Every fault as a sentence.
  async faults() {
    const run = promisify(execFile);
    const asked = ["-Xss8m", "-jar", VNU, "--format", "json", "--skip-non-html", this.dir];
    const { stderr } = await run("java", asked, { maxBuffer: 64 * 1024 * 1024 }).catch((error) => error);
    const { messages } = JSON.parse(stderr);
    return messages
      .filter(({ type, subType }) => type === "error" || subType === "warning")
      .map(({ url, lastLine, message }) => `${url.split("/").pop()}:${lastLine}: ${message}`);
  }

  async close() {
    await rm(this.dir, { recursive: true, force: true });
  }
}
