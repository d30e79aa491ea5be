import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { InputError } from "../../../sdk/core/errors.ts";
import { createRedactor, type Redactor } from "../../../sdk/core/redact.ts";

function redactorOf(...secrets: readonly string[]): Redactor {
  const redactor = createRedactor();
  for (const secret of secrets) redactor.add(Buffer.from(secret));
  return redactor;
}

describe("a redactor of texts", () => {
  test.each([
    ["a token hunter22!", ["hunter22"], "a token ***!"],
    ["nothing here", ["hunter22"], "nothing here"],
    ["hunter22 and hunter2233", ["hunter22", "hunter2233"], "*** and ***"],
    ["first line\nand second line", ["first line\nsecond line\n"], "***\nand ***"],
    ['it said "one\\"two\\nthree"', ['one"two\nthree'], 'it said "***"'],
    ["abc stays, and so do empty ones", ["abc", "", "   "], "abc stays, and so do empty ones"],
    ["$& and $1 are no patterns: pa$$word", ["pa$$word"], "$& and $1 are no patterns: ***"],
  ])("%s", (text, secrets, expected) => {
    expect(redactorOf(...secrets).text(text)).toBe(expected);
  });

  test("knows what is added later", () => {
    const redactor = createRedactor();
    const stream = redactor.stream();
    expect(stream.write("hunter22 ")).toBe("hunter22 ");
    redactor.add(Buffer.from("hunter22"));
    expect(stream.write("hunter22 ")).toBe("*** ");
  });
});

describe("a redactor of streams", () => {
  const text = "a hunter22, then hunt, hunter2hunter22 and abab ababc. End: hunter2";
  const expected = "a ***, then hunt, hunter2*** and abab ***. End: hunter2";

  test.each(Array.from({ length: text.length }, (_, size) => size + 1))("pieces of %i characters", (size) => {
    const stream = redactorOf("hunter22", "ababc").stream();
    const pieces = text.match(new RegExp(`.{1,${size}}`, "g")) ?? [];
    expect([...pieces.map((piece) => stream.write(piece)), stream.end()].join("")).toBe(expected);
    expect(stream.end()).toBe("");
  });

  test("holds back nothing but the beginning of a secret", () => {
    const stream = redactorOf("hunter22").stream();
    expect(stream.write("shown at once: hun")).toBe("shown at once: ");
    expect(stream.write("dred")).toBe("hundred");
  });
});

describe("a redactor of data and errors", () => {
  test("gives back the very same value where nothing is secret", () => {
    const value = { name: "x", list: [1, { text: "y" }] };
    expect(redactorOf("hunter22").data(value)).toBe(value);
  });

  test("redacts texts in plain data, and leaves the original alone", () => {
    const value = { name: "hunter22", list: [1, { text: "say hunter22" }], bytes: new Uint8Array(2) };
    expect(redactorOf("hunter22").data(value)).toEqual({ ...value, name: "***", list: [1, { text: "say ***" }] });
    expect(value.name).toBe("hunter22");
  });

  test("redacts errors in place: message, stack, details, causes", () => {
    const cause = new Error("inner hunter22");
    const error = new InputError("INPUT_OPTION_INVALID", "outer hunter22", {
      cause: new AggregateError([cause], "hunter22"),
      hint: "not hunter22",
      details: { logs: ["hunter22"] },
    });
    expect(redactorOf("hunter22").error(error)).toBe(error);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("hunter22");
    expect(error.code).toBe("INPUT_OPTION_INVALID");
    expect(cause.message).toBe("inner ***");
  });

  test("comes to an end where errors are their own causes", () => {
    const error = new Error("hunter22");
    error.cause = error;
    expect(redactorOf("hunter22").error(error).message).toBe("***");
  });
});
