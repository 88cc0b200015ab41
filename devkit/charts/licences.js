// Writes the licences of all that `make charts` puts into the module: `node licences.js META > FILE`, by esbuild's own account.

const { readFileSync, readdirSync } = require("node:fs");
const { join } = require("node:path");

const inputs = Object.keys(JSON.parse(readFileSync(process.argv[2])).inputs);
const packages = new Set(inputs.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]).filter(Boolean));
const parts = Array.from(packages).sort().map((name) => {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (!file) {
    throw new Error(`${name} ${version} has no file with its licence`);
  }
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
process.stdout.write(parts.join(`\n${"-".repeat(72)}\n\n`));
