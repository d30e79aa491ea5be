import { TemplateFault } from "./template-fault.ts";
import { readTemplate, type TemplatePiece, type Token } from "./template-lexer.ts";

/** A node of a parsed template. */
export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Expression }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly body: readonly TemplateNode[];
      readonly otherwise: readonly TemplateNode[];
    };

/** What gives a value. */
export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | undefined }
  | { readonly kind: "data" }
  | { readonly kind: "field"; readonly of: Expression; readonly name: string }
  | { readonly kind: "call"; readonly name: FunctionName; readonly args: readonly Expression[] };

/** The functions that a template may call. */
export const FUNCTION_NAMES = [
  "slice",
  "printf",
  "print",
  "len",
  "index",
  "eq",
  "ne",
  "lt",
  "le",
  "gt",
  "ge",
  "and",
  "or",
  "not",
] as const;
/** One of them. */
export type FunctionName = (typeof FUNCTION_NAMES)[number];

const LITERALS: ReadonlyMap<string, boolean | undefined> = new Map([
  ["true", true],
  ["false", false],
  ["nil", undefined],
]);

/** Reads a whole template; a `TemplateFault` says what is wrong with it. */
export function parseTemplate(template: string): readonly TemplateNode[] {
  const pieces = readTemplate(template);
  const { nodes, next, stop } = parseNodes(pieces, 0);
  if (stop !== undefined) throw new TemplateFault(`unexpected {{${stop}}}`);
  return next === pieces.length ? nodes : [];
}

interface Block {
  readonly nodes: readonly TemplateNode[];
  /** Position after the block, and after the keyword that ended it. */
  readonly next: number;
  readonly stop?: "else" | "end";
  /** What followed `else`. */
  readonly tokens?: readonly Token[];
}

function parseNodes(pieces: readonly TemplatePiece[], from: number): Block {
  const nodes: TemplateNode[] = [];
  let position = from;
  while (position < pieces.length) {
    const piece = pieces[position];
    position += 1;
    if (piece === undefined) break;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const [first, ...tokens] = piece.tokens;
    const keyword = first?.kind === "word" ? first.name : "";
    if (keyword === "end" || keyword === "else") return { nodes, next: position, stop: keyword, tokens };
    if (keyword === "if") {
      const branch = parseIf(pieces, tokens, position);
      nodes.push(branch.node);
      position = branch.next;
    } else nodes.push({ kind: "print", pipeline: parseExpression(piece.tokens) });
  }
  return { nodes, next: position };
}

function parseIf(pieces: readonly TemplatePiece[], condition: readonly Token[], from: number) {
  const then = parseNodes(pieces, from);
  const node = { kind: "if", condition: parseExpression(condition), body: then.nodes } as const;
  if (then.stop === undefined) throw new TemplateFault("{{if}} without {{end}}");
  if (then.stop === "end") return { node: { ...node, otherwise: endOf(then) }, next: then.next };
  const [first, ...rest] = then.tokens ?? [];
  if (first?.kind === "word" && first.name === "if") {
    const nested: { node: TemplateNode; next: number } = parseIf(pieces, rest, then.next);
    return { node: { ...node, otherwise: [nested.node] }, next: nested.next };
  }
  if (first !== undefined) throw new TemplateFault("unexpected words after {{else");
  const otherwise = parseNodes(pieces, then.next);
  if (otherwise.stop !== "end") throw new TemplateFault("{{else}} without {{end}}");
  endOf(otherwise);
  return { node: { ...node, otherwise: otherwise.nodes }, next: otherwise.next };
}

function endOf(block: Block): readonly TemplateNode[] {
  if (block.tokens?.length) throw new TemplateFault("unexpected words after {{end");
  return [];
}

function parseExpression(tokens: readonly Token[]): Expression {
  const { expression, next } = parsePipeline(tokens, 0);
  if (next < tokens.length) throw new TemplateFault('unexpected ")"');
  return expression;
}

function parsePipeline(tokens: readonly Token[], from: number): { expression: Expression; next: number } {
  let position = from;
  let piped: Expression | undefined;
  for (;;) {
    const command = parseCommand(tokens, position, piped);
    piped = command.expression;
    position = command.next;
    const token = tokens[position];
    if (token?.kind !== "mark" || token.mark !== "|") return { expression: piped, next: position };
    position += 1;
  }
}

function parseCommand(tokens: readonly Token[], from: number, piped: Expression | undefined) {
  const operands: Expression[] = [];
  let name: FunctionName | undefined;
  let position = from;
  for (;;) {
    const token = tokens[position];
    if (token === undefined || (token.kind === "mark" && (token.mark === "|" || token.mark === ")"))) break;
    if (token.kind === "word" && position === from && !LITERALS.has(token.name)) {
      name = functionName(token.name);
      position += 1;
      continue;
    }
    if (token.attached && position > from) throw new TemplateFault("a blank is missing between two values");
    const operand = parseOperand(tokens, position);
    operands.push(operand.expression);
    position = operand.next;
  }
  if (piped !== undefined) operands.push(piped);
  if (name !== undefined) return { expression: { kind: "call", name, args: operands } as const, next: position };
  const [only, second] = operands;
  if (only === undefined) throw new TemplateFault("missing value for command");
  if (only.kind === "literal" && only.value === undefined) throw new TemplateFault("nil is not a command");
  if (second !== undefined) throw new TemplateFault("only a function can be given arguments");
  return { expression: only, next: position };
}

function parseOperand(tokens: readonly Token[], from: number): { expression: Expression; next: number } {
  let { expression, next } = parsePrimary(tokens, from);
  for (;;) {
    const token = tokens[next];
    if (token?.kind !== "field" || !token.attached) return { expression, next };
    if (expression.kind === "literal" || expression.kind === "data")
      throw new TemplateFault(`unexpected .${token.name} after this value`);
    expression = { kind: "field", of: expression, name: token.name };
    next += 1;
  }
}

function parsePrimary(tokens: readonly Token[], from: number): { expression: Expression; next: number } {
  const token = tokens[from];
  const next = from + 1;
  if (token?.kind === "string" || token?.kind === "integer") {
    return { expression: { kind: "literal", value: token.value }, next };
  }
  if (token?.kind === "field") return { expression: { kind: "field", of: { kind: "data" }, name: token.name }, next };
  if (token?.kind === "word") return { expression: parseWord(token.name), next };
  if (token?.mark === ".") return { expression: { kind: "data" }, next };
  const inner = parsePipeline(tokens, next);
  const close = tokens[inner.next];
  if (close?.kind !== "mark" || close.mark !== ")") throw new TemplateFault("unclosed parenthesis");
  return { expression: inner.expression, next: inner.next + 1 };
}

function parseWord(name: string): Expression {
  if (LITERALS.has(name)) return { kind: "literal", value: LITERALS.get(name) };
  return { kind: "call", name: functionName(name), args: [] };
}

function functionName(name: string): FunctionName {
  const known = FUNCTION_NAMES.find((candidate) => candidate === name);
  if (known === undefined) throw new TemplateFault(`${JSON.stringify(name)} is not defined or not supported in tags`);
  return known;
}
