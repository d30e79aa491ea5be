#!/usr/bin/env node
// Makes the documents and schemas that are tables of what the code says. With --check it writes nothing and fails where
// a committed document differs.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { register } from "tsx/esm/api";
import { buildYmlSchema } from "./build-yml-schema.mjs";
import { linuxkitDocument } from "./linuxkit-document.mjs";
import { PROJECT_DIRECTORY } from "./project-files.mjs";

const unregister = register();
const { ERROR_CODES } = await import("../sdk/core/error-codes.ts");
const { BUILD_YML_SHAPE } = await import("../sdk/loaders/build-yml-shape.ts");
const { COMMANDS } = await import("../sdk/cli/commands.ts");
const { ROWS } = await import("../test/conformance/rows.ts");
const { FOREIGN_COMMANDS, LINUXKIT_FLAGS, OLD_FLAGS } = await import("../test/conformance/flag-table.ts");
await unregister();

const DOCUMENTS = {
  "docs/errors.md": errorDocument,
  "docs/layers.md": layerDocument,
  "docs/linuxkit.md": () =>
    linuxkitDocument(ROWS, {
      flags: LINUXKIT_FLAGS,
      oldFlags: OLD_FLAGS.map((flag) => `-${flag}`),
      foreignCommands: FOREIGN_COMMANDS,
      commands: COMMANDS,
    }),
  "schemas/build-yml.json": () => buildYmlSchema(BUILD_YML_SHAPE),
};

const check = process.argv.includes("--check");
const stale = [];
for (const [file, make] of Object.entries(DOCUMENTS)) {
  const path = join(PROJECT_DIRECTORY, file);
  const text = make();
  if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
  if (check) stale.push(file);
  else writeFileSync(path, text);
}
if (stale.length > 0) {
  console.error(`${stale.join(", ")}: not up to date, run \`npm run docs:tables\``);
  process.exitCode = 1;
}

function errorDocument() {
  const classes = Object.entries(ERROR_CODES).map(([name, codes]) => {
    const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
    return `## ${name}\n\n| code | meaning |\n|---|---|\n${rows.join("\n")}\n`;
  });
  return `<!-- Made by \`npm run docs:tables\` from sdk/core/error-codes.ts. -->

# Errors

Every error that kitsmith throws is a \`KitsmithError\`: it has a \`code\`, a \`message\`, a \`hint\` that says what to do next, the \`location\` in a
file of yours where there is one, plain \`details\` for programs, its \`cause\`, and \`retryable\`. Codes are API, messages are not: test the code.
The reason of an \`AbortSignal\` that you pass is never wrapped: it comes back as you gave it.

\`\`\`ts
import { isKitsmithError, pkg } from "kitsmith";

try {
  await pkg("pkg/init").push();
} catch (error) {
  if (isKitsmithError(error) && error.code === "PLAN_TREE_DIRTY") console.error("commit first");
  else throw error;
}
\`\`\`

${classes.join("\n")}`;
}

function layerDocument() {
  const layers = createRequire(import.meta.url)("./layers.json");
  const rows = layers.map(({ name, ring, imports, typeImports = [], about }) => {
    const values = imports.map((other) => (other === "*" ? "all of the rings above" : other));
    const types = typeImports.map((other) => `${other} (types)`);
    return `| ${ring} | ${name} | ${[...values, ...types].join(", ") || "–"} | ${about} |`;
  });
  return `<!-- Made by \`npm run docs:tables\` from scripts/layers.json, which the layer check reads, too. -->

# Layers

Data flows one way: loaders → pkg → plan → lower → llb → engine → outputs. Imports follow this table; every module may also import \`core\` and
itself. \`npm run check:layers\` fails for an import that is not in it, for a cycle, and when it has read fewer modules than there are files.

| ring | module | may import | what it is |
|---|---|---|---|
${rows.join("\n")}

- **pure**: no input or output, no clock, no randomness, no environment. What they need to know is an argument. Everything that can be
  decided without a daemon can be printed and tested without one.
- **effects**: talk to git, files, registries and engines. They decide nothing that a plan could decide.
- **root**: \`run\` is the only module that knows every stage; the others are faces of it.
`;
}
