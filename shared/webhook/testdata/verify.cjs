// Verifies one signed request with the reference library of Standard Webhooks. It reads
// {secret, body, headers, now} as JSON and writes "ok" or the library's complaint.
const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const load = createRequire(join(__dirname, "..", "..", "..", "infra", "local", "package.json"));
const { Webhook } = load("standardwebhooks");

const { secret, body, headers, now } = JSON.parse(readFileSync(0, "utf8"));
Date.now = () => now; // the library accepts only fresh requests
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length ? args : [now]));
  }
};
try {
  new Webhook(secret).verify(body, headers);
  process.stdout.write("ok");
} catch (error) {
  process.stdout.write(error.message);
}
