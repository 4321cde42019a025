// The service that is tested: the demonstration, in a directory of its own.

import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { existsSync, openSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { today } from "./api.mjs";

const LONGEST_START_MS = 600_000;

// A port on which nothing listens.
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

const KEPT = ["demo.db", "leling.keys", "sign-ins.json"];

// Lives through a demonstration, stops it and gives the directory that holds it, to be served from. `leave()` deletes it.
export async function liveThrough({ binary }) {
  const dir = await mkdtemp(join(tmpdir(), "leling-demo-"));
  const service = await start({ binary, dir, command: ["demo", "--sign-ins", "sign-ins.json"] });
  try {
    await service.ready(() => existsSync(join(dir, "sign-ins.json")));
  } finally {
    await service.stop();
  }
  return { dir, leave: () => rm(dir, { recursive: true, force: true }) };
}

// Serves a copy of the demonstration in the directory `from`.
export async function startDemo({ binary, from }) {
  const dir = await mkdtemp(join(tmpdir(), "leling-browser-"));
  for (const name of KEPT) await cp(join(from, name), join(dir, name));
  const service = await start({ binary, dir, command: ["serve"] });
  const stop = async () => {
    await service.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await service.ready(() => true);
  } catch (error) {
    await stop();
    throw error;
  }
  const signIns = JSON.parse(await readFile(join(dir, "sign-ins.json"), "utf8"));
  const beside = ({ tls }) => startSecure({ binary, dir, name: tls });
  // The keys are made when a demonstration begins, for which that day is today; midnight may have passed since.
  const livedOn = today(undefined, (await stat(join(from, "leling.keys"))).mtime);
  return { base: service.base, database: join(dir, "demo.db"), signIns, livedOn, beside, stop };
}

// Starts `binary` in this directory.
async function start({ binary, dir, command, database = "demo.db" }) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const log = openSync(join(dir, "log"), "w");
  const flags = ["--database-url", `sqlite:${database}`, "--bind", `127.0.0.1:${port}`];
  const child = spawn(resolve(binary), [...flags, ...command], { cwd: dir, stdio: ["ignore", log, log] });
  const ended = new Promise((done) => child.once("exit", done));
  const said = () => readFile(join(dir, "log"), "utf8");
  return {
    base, said,
    // Waits until it answers and `also` holds.
    async ready(also) {
      const until = Date.now() + LONGEST_START_MS;
      while (Date.now() < until) {
        if (child.exitCode !== null) throw new Error(`it ended by itself\n${(await said()).split("\n").slice(-20).join("\n")}`);
        const answers = await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false);
        if (answers && (await also())) return;
        await new Promise((done) => setTimeout(done, 100));
      }
      throw new Error("it was not ready in time");
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

// Another one on the same database, over HTTPS with a certificate for this name that nobody has signed.
async function startSecure({ binary, dir, name }) {
  const port = await freePort();
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  await promisify(execFile)("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", key, "-out", cert,
  ]);
  const log = openSync(join(dir, "secure.log"), "w");
  const flags = ["--database-url", "sqlite:demo.db", "--bind", `127.0.0.1:${port}`, "--tls-cert", cert, "--tls-key", key, "serve"];
  const child = spawn(resolve(binary), flags, { cwd: dir, stdio: ["ignore", log, log] });
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const listens = () => new Promise((done) => {
    const line = connect(port, "127.0.0.1", () => done(true)).once("error", () => done(false));
    line.once("connect", () => line.destroy());
  });
  const until = Date.now() + 60_000;
  while (!(await listens())) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(await readFile(join(dir, "secure.log"), "utf8"));
    await new Promise((done) => setTimeout(done, 100));
  }
  return { port, stop };
}

const CODE = /[0-9A-Z]{5}-[0-9A-Z]{5}/;

// Starts `binary` with a database in which there is nothing, and reads the code of its first run.
export async function startEmpty({ binary }) {
  const dir = await mkdtemp(join(tmpdir(), "leling-empty-"));
  const service = await start({ binary, dir, database: "empty.db", command: ["serve"] });
  const stop = async () => {
    await service.stop();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await service.ready(async () => CODE.test(await service.said()));
  } catch (error) {
    await stop();
    throw error;
  }
  const [code] = (await service.said()).match(CODE);
  return { base: service.base, database: join(dir, "empty.db"), code, binary, signIns: [], stop };
}
