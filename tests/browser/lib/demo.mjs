// The service that is tested: the demonstration, in a directory of its own.

import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { existsSync, openSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const LONGEST_START_MS = 600_000;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// Starts `binary` in a new directory. `from` is a directory with the demo.db, leling.keys and sign-ins.json of an
// earlier demonstration, which is copied and served instead of living through a new one.
export async function startDemo({ binary, from }) {
  const dir = await mkdtemp(join(tmpdir(), "leling-browser-"));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const log = openSync(join(dir, "log"), "w");
  const flags = ["--database-url", "sqlite:demo.db", "--bind", `127.0.0.1:${port}`];
  let command = ["demo", "--sign-ins", "sign-ins.json"];
  if (from) {
    for (const name of ["demo.db", "leling.keys", "sign-ins.json"]) await cp(join(from, name), join(dir, name));
    command = ["serve"];
  }
  const child = spawn(resolve(binary), [...flags, ...command], { cwd: dir, stdio: ["ignore", log, log] });
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await ready(child, base, join(dir, "sign-ins.json"), Boolean(from));
  } catch (error) {
    const said = await readFile(join(dir, "log"), "utf8").catch(() => "");
    await stop();
    throw new Error(`${error.message}\n${said.split("\n").slice(-20).join("\n")}`);
  }
  const signIns = JSON.parse(await readFile(join(dir, "sign-ins.json"), "utf8"));
  return { base, signIns, beside: ({ tls }) => startSecure({ binary, dir, name: tls }), stop };
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

// Starts `binary` with a database in which there is nothing, and reads the code of its first run.
export async function startEmpty({ binary }) {
  const dir = await mkdtemp(join(tmpdir(), "leling-empty-"));
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const log = openSync(join(dir, "log"), "w");
  const flags = ["--database-url", "sqlite:empty.db", "--bind", `127.0.0.1:${port}`, "serve"];
  const child = spawn(resolve(binary), flags, { cwd: dir, stdio: ["ignore", log, log] });
  const ended = new Promise((done) => child.once("exit", done));
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  const said = () => readFile(join(dir, "log"), "utf8");
  try {
    for (let tries = 0; !/[0-9A-Z]{5}-[0-9A-Z]{5}/.test(await said()); tries += 1) {
      if (child.exitCode !== null || tries > 240) throw new Error(`it does not start\n${await said()}`);
      await new Promise((done) => setTimeout(done, 250));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const [code] = (await said()).match(/[0-9A-Z]{5}-[0-9A-Z]{5}/);
  return { base, code, binary, signIns: [], stop };
}

// The demonstration writes its sign-ins when its day is over.
async function ready(child, base, signIns) {
  const until = Date.now() + LONGEST_START_MS;
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error("the demonstration ended by itself");
    const answers = await fetch(`${base}/readyz`).then((answer) => answer.ok, () => false);
    if (answers && existsSync(signIns)) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error("the demonstration was not ready in time");
}
