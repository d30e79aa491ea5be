import type { TagInput } from "../../plan/tag-inputs.ts";
import type { TagDifference } from "../../run/tagging/tag-comparison.ts";
import type { Command, Invocation } from "../command.ts";
import { PACKAGE_FLAGS } from "../package-flags.ts";
import { registryOptions } from "../registry-options.ts";

/** `kitsmith pkg explain-tag`. */
export const pkgExplainTag: Command = {
  name: "pkg explain-tag",
  summary: "Tell what a package's tag is made from, and what makes it differ from an image that exists",
  usage: "DIR",
  flags: {
    ...PACKAGE_FLAGS,
    against: { kind: "text", value: "REF", help: "an image to compare with, in the cache or in its registry" },
    json: { kind: "boolean", help: "print JSON" },
  },
  positionals: { min: 1, max: 1 },
  run: (invocation) => explain(invocation),
};

async function explain(invocation: Invocation): Promise<number> {
  const { packageOf } = await import("../package-arguments.ts");
  const { signal, stdout, positionals } = invocation;
  const [directory = "."] = positionals;
  const source = packageOf(invocation, directory);
  const against = invocation.text("against");
  const explanation = await source.explainTag({ signal });
  const differences = against ? await differencesFrom(invocation, directory, against) : undefined;
  if (invocation.boolean("json")) {
    stdout.write(
      `${JSON.stringify({ ...explanation, ...(differences ? { against, differences } : {}) }, undefined, 2)}\n`,
    );
    return 0;
  }
  stdout.write(`${explanation.reference}\n${explanation.inputs.map(inputLine).join("")}`);
  if (differences === undefined) return 0;
  stdout.write(`\n${differences.length === 0 ? "nothing differs from" : "what differs from"} ${against}\n`);
  stdout.write(differences.map(differenceLine).join(""));
  return 0;
}

async function differencesFrom(invocation: Invocation, directory: string, against: string) {
  const { packageOf } = await import("../package-arguments.ts");
  const cacheDirectory = invocation.text("cache");
  return await packageOf(invocation, directory).compareTag(against, {
    signal: invocation.signal,
    ...registryOptions(invocation),
    ...(cacheDirectory ? { cacheDirectory } : {}),
  });
}

function inputLine({ kind, name, value, platform, inTag }: TagInput): string {
  const where = platform === undefined ? "" : ` (${platform})`;
  return `  ${inTag ? "in the tag" : "beside it "}  ${kind} ${name}${where}: ${value}\n`;
}

/** Digests of inputs tell people nothing but that they differ. */
function differenceLine({ kind, name, theirs, ours, hint }: TagDifference): string {
  const note = hint === undefined ? "" : `    ${hint}\n`;
  const where = theirs === undefined ? "only here" : ours === undefined ? "only there" : undefined;
  if (DIGESTED.has(kind)) return `  ${kind} ${name}: ${where ?? "another value there"}\n${note}`;
  if (kind === "file" && where !== undefined) return `  file ${name}: ${where}\n`;
  return `  ${kind} ${name}: there ${theirs ?? "none"}, here ${ours ?? "none"}\n${note}`;
}

const DIGESTED: ReadonlySet<TagDifference["kind"]> = new Set([
  "buildArg",
  "dependency",
  "directory",
  "recipe",
  "setting",
]);
