import { digestOf } from "../../core/digest.ts";
import { decodeOp } from "../decoding/op-decoder.ts";
import type { Definition } from "../definition.ts";
import type { FileChange, Op } from "../op.ts";

/** A vertex to draw. */
interface Drawn {
  readonly digest: string;
  readonly op: Op;
  readonly label: string;
  readonly shape: string;
}

const SHAPES = {
  source: "ellipse",
  exec: "box",
  build: "box3d",
  merge: "invtriangle",
  diff: "doublecircle",
  file: "note",
} as const;

/**
 * The graph in the language of Graphviz: what `buildctl debug dump-llb --dot` prints.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/cmd/buildctl/debug/dumpllb.go
 */
export function definitionToDot(definition: Definition): string {
  const vertices = drawn(definition);
  const nodes = vertices.map(
    ({ digest, label, shape }) => `  ${quote(digest)} [label=${quote(label)} shape=${quote(shape)}];`,
  );
  const edges = vertices.flatMap(({ digest, op }) =>
    op.inputs.map(
      (input, index) => `  ${quote(input.digest)} -> ${quote(digest)} [label=${quote(edgeLabel(op, index))}];`,
    ),
  );
  return `${["digraph {", ...nodes, ...edges, "}"].join("\n")}\n`;
}

/**
 * The graph as a Mermaid flowchart, for Markdown.
 *
 * @throws GraphError `LLB_DECODE_FAILED`
 */
export function definitionToMermaid(definition: Definition): string {
  const vertices = drawn(definition);
  const names = new Map(vertices.map(({ digest }, index) => [digest, `v${index}`]));
  const lines = vertices.flatMap(({ digest, op, label }) => {
    const name = names.get(digest) ?? "";
    const text = op.body === undefined ? "result" : label;
    const edges = op.inputs.map((input, index) => {
      const at = edgeLabel(op, index);
      return `  ${names.get(input.digest) ?? "missing"} -->${at === "" ? "" : `|${mermaidText(at)}|`} ${name}`;
    });
    return [`  ${name}[${mermaidText(text)}]`, ...edges];
  });
  return `${["flowchart TD", ...lines].join("\n")}\n`;
}

function drawn({ ops }: Definition): readonly Drawn[] {
  return ops.map((bytes) => {
    const op = decodeOp(bytes);
    const digest = digestOf(bytes);
    const kind = op.body?.kind;
    const shape = kind === undefined || kind === "passthrough" ? "plaintext" : SHAPES[kind];
    return { digest, op, label: opLabel(op) ?? digest, shape };
  });
}

/** What an op does, for people; undefined for one that only hands on. */
export function opLabel({ body }: Op): string | undefined {
  switch (body?.kind) {
    case "source":
      return body.identifier;
    case "exec":
      return body.args.join(" ");
    case "file":
      return body.actions.map(({ action }) => changeLabel(action)).join(",");
    case "build":
    case "merge":
    case "diff":
      return body.kind;
    default:
      return undefined;
  }
}

function changeLabel(change: FileChange): string {
  switch (change.kind) {
    case "copy":
      return `copy{src=${change.src}, dest=${change.dest}}`;
    case "symlink":
      return `symlink{oldpath=${change.oldPath}, newpath=${change.newPath}}`;
    default:
      return `${change.kind}{path=${change.path}}`;
  }
}

/** Where an input is mounted, unless that is the root. */
function edgeLabel({ body }: Op, input: number): string {
  if (body?.kind !== "exec") return "";
  return body.mounts.findLast((mount) => mount.input === input && mount.dest !== "/")?.dest ?? "";
}

/** A text in quotes as Go's %q has it. */
function quote(text: string): string {
  const escaped = text.replace(/["\\\p{C}\p{Zl}\p{Zp}\p{Zs}]/gu, escapeCharacter);
  return `"${escaped}"`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  " ": " ",
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

function mermaidText(text: string): string {
  return `"${text.replace(/[#"<>&\n]/g, (character) => (character === "\n" ? " " : `#${character.charCodeAt(0)};`))}"`;
}
