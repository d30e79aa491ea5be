import {
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
} from "yaml";
import type { SourceLocation } from "../core/errors.ts";
import { createPlaces, type YamlPath, type YamlPlaces } from "./yaml-places.ts";

/** A scalar with the text that the author wrote; its type is decided by the field that it is for. */
export class YamlScalar {
  readonly text: string;
  /** False for quoted and block scalars. */
  readonly plain: boolean;

  constructor(text: string, plain: boolean) {
    this.text = text;
    this.plain = plain;
    Object.freeze(this);
  }
}

/** What a YAML file holds: maps as objects, lists, `YamlScalar`, and null for empty and null scalars. */
export type YamlValue = YamlScalar | null | readonly YamlValue[] | { readonly [key: string]: YamlValue };

/** Something wrong with a file, and where. */
export interface YamlProblem {
  readonly message: string;
  readonly location: SourceLocation;
}

/** A YAML file, read. */
export interface YamlFile {
  /** Undefined where the file is empty or its syntax is broken. */
  readonly value: YamlValue | undefined;
  /** Errors of syntax, duplicate keys, anchors. */
  readonly problems: readonly YamlProblem[];
  /** Where the value at a path begins, or the nearest value around it. */
  readonly placeOf: (path: YamlPath) => SourceLocation;
  /** Where the key at a path stands. */
  readonly keyPlaceOf: (path: YamlPath) => SourceLocation;
}

const MAX_NODES = 100_000;
const MAX_DEPTH = 100;
const NULLS = new Set(["", "~", "null", "Null", "NULL"]);

/**
 * Reads the first document of a YAML text; the scalars keep their text. Never throws for bad text.
 *
 * @param file the name that places carry
 */
export function readYaml(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter();
  const places = createPlaces(file, lineCounter);
  const document = firstDocument(text, lineCounter);
  if (document === undefined || document === "too deep") {
    const message = document === undefined ? "the file is empty" : "the file is nested too deeply";
    return { value: undefined, problems: [{ message, location: { file, line: 1, column: 1 } }], ...places };
  }
  const problems: YamlProblem[] = document.errors.map((error) => ({
    message: firstLine(error.message),
    location: places.at(error.pos[0]),
  }));
  const broken = document.errors.some((error) => error.code !== "DUPLICATE_KEY");
  if (!broken && document.contents === null) problems.push({ message: "the file is empty", location: places.at(0) });
  if (broken || document.contents === null) return { value: undefined, problems, ...places };
  const reading: Reading = { document, places, problems, nodes: 0, open: new Set() };
  return { value: convert(document.contents, [], reading), problems, ...places };
}

function firstDocument(text: string, lineCounter: LineCounter): Document.Parsed | "too deep" | undefined {
  const composer = new Composer({ schema: "failsafe", merge: true, prettyErrors: false });
  try {
    for (const document of composer.compose(shallowTokens(text, lineCounter))) return document;
    return undefined;
  } catch (error) {
    if (error instanceof NestingError) return "too deep";
    throw error;
  }
}

/** The tokens of a text, ended by an error where they nest deeper than any real file: the parser's stack is finite. */
function* shallowTokens(text: string, lineCounter: LineCounter): Generator<CST.Token> {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) throw new NestingError();
  }
  yield* parser.end();
}

class NestingError extends Error {}

interface Reading {
  readonly document: Document.Parsed;
  readonly places: YamlPlaces;
  readonly problems: YamlProblem[];
  /** Nodes that are being read, to find an alias of a node in itself. */
  readonly open: Set<Node>;
  nodes: number;
}

function convert(node: Node, path: YamlPath, reading: Reading): YamlValue {
  reading.nodes += 1;
  if (reading.nodes === MAX_NODES) reading.problems.push(problemAt(node, reading, "aliases make the file too large"));
  if (reading.nodes >= MAX_NODES) return null;
  if (isAlias(node)) {
    const target = node.resolve(reading.document);
    if (target !== undefined && !reading.open.has(target)) return convert(target, path, reading);
    reading.problems.push(problemAt(node, reading, `the alias *${node.source} has no anchor, or stands inside of it`));
    return null;
  }
  reading.places.note(path, startOf(node));
  reading.open.add(node);
  try {
    return convertContent(node, path, reading);
  } finally {
    reading.open.delete(node);
  }
}

function convertContent(node: Node, path: YamlPath, reading: Reading): YamlValue {
  if (isSeq(node))
    return node.items.map((item, index) => (isNode(item) ? convert(item, [...path, index], reading) : null));
  if (isScalar(node)) return convertScalar(node);
  if (!isMap(node)) return null;
  const members = new Map<string, YamlValue>();
  const merged = new Map<string, YamlValue>();
  for (const { key, value } of node.items) {
    if (!isScalar(key)) {
      reading.problems.push(problemAt(isNode(key) ? key : node, reading, "a key must be text"));
      continue;
    }
    const name = String(key.source ?? key.value);
    const isMerge = name === "<<" && key.type === "PLAIN";
    const content = isNode(value) ? convert(value, isMerge ? path : [...path, name], reading) : null;
    if (isMerge) mergeInto(merged, content, key, reading);
    else {
      reading.places.noteKey([...path, name], startOf(key));
      members.set(name, content);
    }
  }
  return Object.fromEntries([...merged, ...members]);
}

function mergeInto(merged: Map<string, YamlValue>, content: YamlValue, key: Node, reading: Reading): void {
  for (const source of isYamlList(content) ? content : [content]) {
    if (source === null || source instanceof YamlScalar || isYamlList(source)) {
      reading.problems.push(problemAt(key, reading, "<< takes a map or a list of maps"));
      return;
    }
    for (const [name, value] of Object.entries(source)) if (!merged.has(name)) merged.set(name, value);
  }
}

function isYamlList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}

function convertScalar(node: { value: unknown; source?: string; type?: unknown; tag?: string }): YamlValue {
  const plain = node.type === "PLAIN" && node.tag !== "tag:yaml.org,2002:str";
  const text = typeof node.value === "string" ? node.value : (node.source ?? "");
  return (plain && NULLS.has(text)) || node.tag === "tag:yaml.org,2002:null" ? null : new YamlScalar(text, plain);
}

function problemAt(node: Node, reading: Reading, message: string): YamlProblem {
  return { message, location: reading.places.at(startOf(node)) };
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function firstLine(message: string): string {
  return message.split("\n", 1)[0] ?? "";
}
