// tests/lib/lakehouse_tds.mjs: the tests' own Synapse: what a TDS client finds
// behind an endpoint of a dedicated or a serverless SQL pool, and the REST calls
// of a pipeline.
//
//   const syn = await startSynapse({ store, kind: "dedicated" });
//   syn.port, syn.user, syn.password, syn.database, syn.ca
//   syn.connection()                    an ODBC connection string for FreeTDS
//   await syn.sql("SELECT …")           [[cell]], as the administrator
//   syn.rule = (q) => q.op === "copy" && q.n === 1 && { drop: true };
//   syn.login = (login, n) => n === 1 && { error: { number: 40613 } };
//   syn.log                             every statement: { op, label, status }
//
// A statement q: { op, n, text, label, user }, where op is copy, select,
// insert, create_table, commit, …, and n counts those of its kind. A rule gives
// nothing or one of these deeds:
//
//   { error: { number, message } }  it is refused, and not done
//   { lose: true }     the connection breaks, and nothing was done
//   { drop: true }     it is done, then the connection breaks: no answer
//   { late: ms }       the connection breaks now, it is done that much later
//                      ("end" for true, or how: "end": it is closed in order)
//   { after: { number } }  it is done, then an error comes
//   { delay: ms }      later
//   { silent: true }   never answered (until an attention or the end)
//   { rows: n }        says that so many rows were affected
//   { lag: n }         the next n SELECTs still see what was there before
//   { tamper: (store, table) => … }  something else happens to the table
//
// A login may be answered with { error }, { drop: true } or { delay: ms }.
// Options: encryption: "none" for speed · managedIdentity: the pool has one
// · gen2: storage has a hierarchical namespace · public: containers anybody
// may read · denied: permissions the login lacks · pipelines: see
// lakehouse_pipeline.mjs.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "./azurite.mjs";
import { cleanup, sleep } from "./harness.mjs";
import { listenTds } from "./lakehouse_tds_wire.mjs";
import { Pool, Session } from "./lakehouse_pool.mjs";
import { defineFunctions } from "./lakehouse_tsql_types.mjs";

const taught = new WeakSet(); // stores that know T-SQL's functions

export async function startSynapse(options) {
  const { store, kind = "dedicated", encryption = "required",
    user = "loader", password = "S3cret;x y!", database = "pool" } = options;
  const dir = mkdtempSync(join(tmpdir(), "runnel-synapse-"));
  cleanup(() => rmSync(dir, { recursive: true, force: true }));
  const files = options.certificate ?? makeCertificate(dir);
  if (!taught.has(store)) defineFunctions(store.connection);
  taught.add(store);

  const server = {
    rule: () => undefined,
    login: () => undefined,
    logins: 0,
    sessions: new Set(),
  };
  const pool = new Pool({ store, kind, database, options });
  pool.server = server;

  async function open(login, connection) {
    const deed = server.login(login, ++server.logins) ?? {};
    if (deed.delay) await sleep(deed.delay);
    if (deed.drop) return connection.cut(deed.drop);
    if (deed.error) return { error: { class: 17, message:
      "Database 'pool' on server is not currently available.", ...deed.error } };
    if (login.user !== user || login.password !== password)
      return { error: { number: 18456, state: 1, class: 14,
        message: `Login failed for user '${login.user}'.` } };
    if (login.database && login.database.toLowerCase() !==
        database.toLowerCase())
      return { error: { number: 4060, state: 1, class: 11, message: "Cannot " +
        `open database "${login.database}" requested by the login. The ` +
        "login failed." } };
    const session = new Session(pool, login, connection);
    server.sessions.add(session);
    return session;
  }

  const tds = await listenTds({ encryption, open,
    tls: { cert: readFileSync(files.cert), key: readFileSync(files.key) } });

  // Without a wire between: what a test wants to know or to prepare.
  async function sql(text) {
    const rows = [];
    let problem;
    const answer = { columns() {}, done() {}, info() {}, transaction() {},
      error: (e) => { problem ??= e; },
      row: (r) => rows.push(r.map((v) => typeof v === "bigint" ? String(v) :
        v)) };
    const session = new Session(pool, { user: "admin" }, { cut() {} });
    const rule = server.rule;
    server.rule = () => undefined;
    try {
      await session.batch(text, answer);
    } finally {
      server.rule = rule;
      await session.close();
    }
    if (problem) throw problem;
    return rows;
  }

  let open_ = true;
  async function stop() {
    if (!open_) return;
    open_ = false;
    await tds.close();
  }
  cleanup(stop);

  // Values of a connection string with anything special stand in braces.
  const braced = (v) => /[;{}[\](),?*=!@ ]/.test(v) ?
    `{${v.replaceAll("}", "}}")}}` : v;

  return {
    host: "127.0.0.1",
    port: tds.port,
    user, password, database, pool, store, stop, sql,
    ca: files.ca,
    log: pool.log,
    problems: tds.problems,
    tlsErrors: tds.tlsErrors,
    tds,
    get logins() { return server.logins; },
    get rule() { return server.rule; },
    set rule(fn) { server.rule = fn; },
    get login() { return server.login; },
    set login(fn) { server.login = fn; },
    forget() {
      pool.log.length = 0;
      pool.counts = {};
      server.logins = 0;
      server.rule = () => undefined;
      server.login = () => undefined;
    },
    connection: (more = {}) => Object.entries({ Driver: "FreeTDS",
      Server: "127.0.0.1", Port: tds.port, Database: database, UID: user,
      PWD: password, TDS_Version: "7.4", ClientCharset: "UTF-8",
      Encryption: encryption === "none" ? "off" : "require", ...more })
      .map(([k, v]) => `${k}=${braced(String(v))}`).join(";"),
    count: async (name, where = "") => Number((await sql(
      `SELECT COUNT_BIG(*) FROM ${name} ${where}`))[0][0]),
  };
}

export { startPipelines } from "./lakehouse_pipeline.mjs";
