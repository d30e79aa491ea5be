import { TemplateFault } from "./template-fault.ts";
import { printValue, type TemplateValue } from "./template-value.ts";

const VERB = /%([-0]*)(\d*)(?:\.(\d*))?([a-zA-Z%])/g;

/** Go's Sprintf for the verbs that tags use: `%s %v %d %x %q %%` with width, precision and `-`. */
export function formatGo(format: string, args: readonly TemplateValue[]): string {
  let used = 0;
  if (/%/.test(format.replace(VERB, "")))
    throw new TemplateFault(`the format ${JSON.stringify(format)} is not supported`);
  const text = format.replace(
    VERB,
    (directive, flags: string, width: string, precision: string | undefined, verb: string) => {
      if (verb === "%") return "%";
      if (used >= args.length) return `%!${verb}(MISSING)`;
      const value = args[used];
      used += 1;
      const formatted = formatVerb(verb, value, precision === undefined ? undefined : Number(precision), directive);
      return pad(formatted, Number(width), flags, typeof value === "number");
    },
  );
  if (used < args.length) throw new TemplateFault("printf has more values than its format");
  return text;
}

function formatVerb(verb: string, value: TemplateValue, precision: number | undefined, directive: string): string {
  if (verb === "v" && precision === undefined) return value === undefined ? "<nil>" : printValue(value);
  if (typeof value === "string") {
    const text = precision === undefined ? value : [...value].slice(0, precision).join("");
    if (verb === "s" || verb === "v") return text;
    if (verb === "q" && /^[ !#-[\]-~]*$/.test(text)) return `"${text}"`;
    if (verb === "x") return Buffer.from(text, "utf8").toString("hex");
  }
  if (typeof value === "number" && precision === undefined) {
    if (verb === "d") return String(value);
    if (verb === "x") return value.toString(16);
  }
  throw new TemplateFault(`${directive} is not supported for this value`);
}

function pad(text: string, width: number, flags: string, numeric: boolean): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!flags.includes("0")) return text.padStart(width);
  if (!numeric) throw new TemplateFault("the flag 0 is only supported for numbers");
  return text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
}
