import { InputError, type SourceLocation } from "../core/errors.ts";
import { evaluateTemplate } from "./template-evaluation.ts";
import { TemplateFault } from "./template-fault.ts";
import { parseTemplate } from "./template-parser.ts";

/**
 * Renders a tag template: the part of Go's text/template that tags use. Text, fields, `if`, `else`, `end`, trim markers,
 * comments, pipes, parentheses, literals, and the functions `slice printf print len index eq ne lt le gt ge and or not`.
 *
 * @throws InputError `INPUT_TEMPLATE_INVALID` where Go reports an error, and for what is not in this part
 * @source https://pkg.go.dev/text/template@go1.24.0
 */
export function renderTagTemplate(
  template: string,
  data: Readonly<Record<string, string>>,
  location?: SourceLocation,
): string {
  try {
    return evaluateTemplate(parseTemplate(template), data);
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    throw new InputError("INPUT_TEMPLATE_INVALID", `tag template ${JSON.stringify(template)}: ${error.message}`, {
      hint: "A tag template is text with {{.Hash}} in it, such as v1.2-{{slice .Hash 0 7}}.",
      details: { template },
      ...(location === undefined ? {} : { location }),
    });
  }
}
