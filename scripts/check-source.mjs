#!/usr/bin/env node
// House rules that neither the compiler nor the linter knows.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { listFiles, PROJECT_DIRECTORY } from "./project-files.mjs";

const MAX_CODE_LINES = 300;
/** Literal tables may be longer. */
const TABLES = ["sdk/core/error-codes.ts"];
const FORBIDDEN_NAMES = /(?:^|\/)(?:utils?|helpers?|common|types|misc)\.[a-z]+$/;

/** Who may ask the environment: those who find engines and credentials, start programs, and put a run together. */
const ENVIRONMENT = [
  /^sdk\/engine\//,
  /^sdk\/credentials\//,
  /^sdk\/cli\//,
  /^sdk\/run\//,
  /^sdk\/testing\//,
  /^sdk\/git\//,
  /^sdk\/loaders\/load-options\.ts$/,
  /^sdk\/oci\/layout\//,
  /^sdk\/proto\/generate\.mjs$/,
];
const layers = createRequire(import.meta.url)("./layers.json");
const PURE = layers.filter(({ ring }) => ring === "pure").map(({ path }) => new RegExp(`^sdk/${path}`));
/** Waiting is what this module is for. */
const CLOCKS = ["sdk/core/abort.ts"];
const IMPURE = {
  "Date.now": "take the time as an argument",
  "performance.now": "take the time as an argument",
  "Math.random": "take what is random as an argument",
  setTimeout: "pure modules do not wait",
  setInterval: "pure modules do not wait",
  fetch: "pure modules do no input or output",
  randomUUID: "take what is random as an argument",
  randomBytes: "take what is random as an argument",
};

const problems = [];

for (const file of listFiles()) {
  if (!/^sdk\/.*\.(?:ts|mjs)$/.test(file) || file.startsWith("sdk/proto/gen/")) continue;
  const text = readFileSync(join(PROJECT_DIRECTORY, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  if (FORBIDDEN_NAMES.test(file)) problems.push(`${file}: name the idea, not the kind of file`);
  const lines = codeLines(source);
  if (lines > MAX_CODE_LINES && !TABLES.includes(file)) {
    problems.push(`${file}: ${lines} lines of code, at most ${MAX_CODE_LINES}`);
  }
  visit(source, source, file);
}

for (const problem of problems) console.error(problem);
console.log(`${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function visit(node, source, file) {
  const complaint = complain(node, file);
  if (complaint !== undefined) {
    const { line } = source.getLineAndCharacterOfPosition(node.getStart());
    problems.push(`${file}:${line + 1}: ${complaint}`);
  }
  node.forEachChild((child) => visit(child, source, file));
}

function complain(node, file) {
  if (isBareError(node) && file.endsWith(".ts")) {
    return "throw a class of sdk/core/errors.ts, with a code";
  }
  if (ts.isExportAssignment(node)) return "no default exports";
  if (
    ts.isPropertyAccessExpression(node) &&
    node.getText() === "process.env" &&
    !ENVIRONMENT.some((path) => path.test(file))
  ) {
    return "take the environment as an argument";
  }
  if (!PURE.some((path) => path.test(file)) || CLOCKS.includes(file) || file.endsWith(".mjs")) return undefined;
  if (ts.isCallExpression(node)) {
    const why = Object.hasOwn(IMPURE, node.expression.getText()) ? IMPURE[node.expression.getText()] : undefined;
    return why === undefined ? undefined : `${node.expression.getText()}: ${why}`;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments ?? []).length === 0) {
    return "new Date(): take the time as an argument";
  }
  return undefined;
}

/** A reason that is handed to a stream comes back through it, and is wrapped there. */
function isBareError(node) {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "Error") return false;
  const { parent } = node;
  return !(ts.isCallExpression(parent) && /\.(?:destroy|abort|cancel)$/.test(parent.expression.getText()));
}

/** Lines that hold a token: comments and blank lines do not count. */
function codeLines(source) {
  const lines = new Set();
  const mark = (node) => {
    if (node.getChildCount(source) === 0) {
      const first = source.getLineAndCharacterOfPosition(node.getStart(source)).line;
      const last = source.getLineAndCharacterOfPosition(node.getEnd()).line;
      for (let line = first; line <= last && node.getEnd() > node.getStart(source); line += 1) lines.add(line);
    }
    for (const child of node.getChildren(source)) if (child.kind !== ts.SyntaxKind.JSDoc) mark(child);
  };
  mark(source);
  return lines.size;
}
