// tests/lib/browser.mjs: a page in Chromium, looked at as a person would.
//
//   const page = await openPage("/path/report.html", { width: 390 });
//   await page.evaluate("document.title");
//   await page.dark();
//   await page.screenshot("/tmp/x.png");
//
// DevTools' protocol over the pipe that --remote-debugging-pipe makes of
// descriptors 3 and 4: JSON messages with NULs between. Nothing to install but
// the browser; CHROMIUM names it.

import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { cleanup, tmpdir } from "./harness.mjs";

const names = [process.env.CHROMIUM, "chromium", "chromium-browser",
  "google-chrome", "chrome"];

// The program, or null.
export const browser = names.find((name) => {
  try {
    return name && execFileSync(name, ["--version"], { stdio: "pipe" });
  } catch {
    return false;
  }
}) ?? null;

function connect(child) {
  const waiting = new Map();
  const events = [];
  let last = 0;
  let text = "";
  child.stdio[4].setEncoding("utf8");
  child.stdio[4].on("data", (d) => {
    text += d;
    for (let end; (end = text.indexOf("\0")) >= 0; text = text.slice(end + 1)) {
      const m = JSON.parse(text.slice(0, end));
      if (!m.id) events.push(m);
      else if (m.error) waiting.get(m.id).no(new Error(m.error.message));
      else waiting.get(m.id).yes(m.result);
    }
  });
  child.on("exit", () => waiting.forEach((w) =>
    w.no(new Error("the browser ended"))));
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((yes, no) => {
      const id = ++last;
      waiting.set(id, { yes, no });
      child.stdio[3].write(
        `${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return { send, events };
}

export async function openPage(file, { width = 1200, height = 850 } = {}) {
  const child = spawn(browser, ["--headless=new", "--no-sandbox",
    "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    `--user-data-dir=${tmpdir("runnel-chromium-")}`,
    "--remote-debugging-pipe", "about:blank"],
  { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const ended = new Promise((done) => child.on("exit", done));
  cleanup(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  const { send, events } = connect(child);
  const { targetId } = await send("Target.createTarget",
    { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget",
    { targetId, flatten: true });
  const ask = (method, params) => send(method, params, sessionId);
  const seen = (method) => events.filter((e) => e.method === method)
    .map((e) => e.params);
  for (const domain of ["Page", "Network", "Log", "Runtime"])
    await ask(`${domain}.enable`);
  const resize = (w, h = height) => ask("Emulation.setDeviceMetricsOverride",
    { width: w, height: h, deviceScaleFactor: 1, mobile: w < 600 });
  await resize(width);
  await ask("Page.navigate", { url: pathToFileURL(file).href });
  for (let i = 0; i < 200 && !seen("Page.loadEventFired").length; i++)
    await new Promise((done) => setTimeout(done, 50));
  const media = (name, value) => ask("Emulation.setEmulatedMedia",
    { features: [{ name, value }] });
  return {
    ask, resize,
    evaluate: async (expression) => {
      const r = await ask("Runtime.evaluate",
        { expression, returnByValue: true });
      if (r.exceptionDetails) throw new Error(r.exceptionDetails.text);
      return r.result.value;
    },
    dark: () => media("prefers-color-scheme", "dark"),
    light: () => media("prefers-color-scheme", "light"),
    print: () => ask("Emulation.setEmulatedMedia", { media: "print" }),
    requests: () => seen("Network.requestWillBeSent").map((p) => p.request.url),
    complaints: () => [
      ...seen("Log.entryAdded").map((p) => p.entry.text),
      ...seen("Runtime.exceptionThrown").map((p) => p.exceptionDetails.text)],
    // Name and role of all that a screen reader tells.
    spoken: async () => (await ask("Accessibility.getFullAXTree")).nodes
      .filter((n) => !n.ignored)
      .map((n) => ({ role: n.role?.value, name: n.name?.value })),
    screenshot: async (to) => writeFileSync(to, Buffer.from(
      (await ask("Page.captureScreenshot",
        { captureBeyondViewport: true })).data, "base64")),
  };
}
