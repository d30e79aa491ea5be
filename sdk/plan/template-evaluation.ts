import { TemplateFault } from "./template-fault.ts";
import { formatGo } from "./template-format.ts";
import type { Expression, FunctionName, TemplateNode } from "./template-parser.ts";
import { printValue, type TemplateData, type TemplateValue } from "./template-value.ts";

/** The text that a template gives for the data. */
export function evaluateTemplate(nodes: readonly TemplateNode[], data: TemplateData): string {
  return nodes.map((node) => render(node, data)).join("");
}

function render(node: TemplateNode, data: TemplateData): string {
  if (node.kind === "text") return node.text;
  if (node.kind === "print") return printValue(evaluate(node.pipeline, data));
  return evaluateTemplate(isTrue(evaluate(node.condition, data)) ? node.body : node.otherwise, data);
}

function evaluate(expression: Expression, data: TemplateData): TemplateValue {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "data") return data;
  if (expression.kind === "field") return fieldOf(evaluate(expression.of, data), expression.name);
  return call(expression.name, expression.args, data);
}

function fieldOf(value: TemplateValue, name: string): TemplateValue {
  if (typeof value !== "object") throw new TemplateFault(`there is no field ${name} in this value`);
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function isTrue(value: TemplateValue): boolean {
  return typeof value === "object" ? Object.keys(value).length > 0 : Boolean(value);
}

function call(name: FunctionName, args: readonly Expression[], data: TemplateData): TemplateValue {
  if (name === "and" || name === "or") return shortCircuit(name, args, data);
  return FUNCTIONS[name](args.map((argument) => evaluate(argument, data)));
}

/** Later arguments are evaluated only where they count. */
function shortCircuit(name: "and" | "or", args: readonly Expression[], data: TemplateData): TemplateValue {
  if (args.length === 0) throw new TemplateFault(`${name} needs an argument`);
  let value: TemplateValue;
  for (const argument of args) {
    value = evaluate(argument, data);
    if (isTrue(value) === (name === "or")) return value;
  }
  return value;
}

type Callable = (args: readonly TemplateValue[]) => TemplateValue;

const FUNCTIONS: Readonly<Record<Exclude<FunctionName, "and" | "or">, Callable>> = {
  slice: ([text, ...bounds]) => sliceText(text, bounds),
  printf: ([format, ...args]) => {
    if (typeof format !== "string") throw new TemplateFault("printf needs a format");
    return formatGo(format, args);
  },
  print: (args) => printAll(args),
  len: (args) => lengthOf(args),
  index: ([value, ...keys]) => keys.reduce<TemplateValue>(indexInto, value),
  eq: ([first, ...others]) => {
    if (others.length === 0) throw new TemplateFault("eq needs two values");
    return others.some((other) => isEqual(first, other));
  },
  ne: ([first, ...others]) => {
    if (others.length !== 1) throw new TemplateFault("ne needs two values");
    return !isEqual(first, others[0]);
  },
  lt: (args) => comparePair(args) < 0,
  le: (args) => comparePair(args) <= 0,
  gt: (args) => comparePair(args) > 0,
  ge: (args) => comparePair(args) >= 0,
  not: (args) => {
    if (args.length !== 1) throw new TemplateFault("not needs one value");
    return !isTrue(args[0]);
  },
};

function sliceText(value: TemplateValue, bounds: readonly TemplateValue[]): string {
  if (typeof value !== "string" || bounds.length > 2)
    throw new TemplateFault("slice needs a text and at most two bounds");
  const bytes = Buffer.from(value, "utf8");
  const [start = 0, end = bytes.length] = bounds;
  const valid =
    typeof start === "number" && typeof end === "number" && 0 <= start && start <= end && end <= bytes.length;
  if (!valid) throw new TemplateFault(`slice: the bounds are outside of the ${bytes.length} bytes of the text`);
  return bytes.subarray(start, end).toString("utf8");
}

function lengthOf(args: readonly TemplateValue[]): number {
  const [value] = args;
  if (args.length !== 1) throw new TemplateFault("len needs one value");
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "object") return Object.keys(value).length;
  throw new TemplateFault("len needs a text");
}

function indexInto(value: TemplateValue, key: TemplateValue): TemplateValue {
  if (typeof value === "object" && typeof key === "string") return Object.hasOwn(value, key) ? value[key] : "";
  if (typeof value === "string" && typeof key === "number") {
    const byte = Buffer.from(value, "utf8")[key];
    if (byte !== undefined) return byte;
  }
  throw new TemplateFault("index: there is no such element");
}

function printAll(args: readonly TemplateValue[]): string {
  let text = "";
  for (const [index, value] of args.entries()) {
    const blank = index > 0 && typeof value !== "string" && typeof args[index - 1] !== "string" ? " " : "";
    text += blank + (value === undefined ? "<nil>" : printValue(value));
  }
  return text;
}

function comparePair(args: readonly TemplateValue[]): number {
  if (args.length !== 2) throw new TemplateFault("a comparison needs two values");
  return compare(args[0], args[1]);
}

/** A missing value equals only another one. */
function isEqual(left: TemplateValue, right: TemplateValue): boolean {
  return left === undefined || right === undefined ? left === right : compare(left, right) === 0;
}

function compare(left: TemplateValue, right: TemplateValue): number {
  if (typeof left !== typeof right || typeof left === "object" || left === undefined || right === undefined) {
    throw new TemplateFault("values of different kinds cannot be compared");
  }
  return left === right ? 0 : left < right ? -1 : 1;
}
