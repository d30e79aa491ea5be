import { describe, expect, test } from "vitest";
import type { Command, Flags } from "../../../sdk/cli/command.ts";
import { parseCommandLine } from "../../../sdk/cli/command-line.ts";

const command = (name: string, flags: Flags): Command => ({
  name,
  summary: name,
  flags,
  positionals: { min: 0, max: 9 },
  run: async () => 0,
});
const COMMANDS = [
  command("pkg build", {
    platforms: { kind: "list", help: "" },
    network: { kind: "boolean", help: "" },
    org: { kind: "text", help: "" },
  }),
  command("pkg show-tag", { canonical: { kind: "boolean", help: "" } }),
  { ...command("pkg manifest", {}), aliases: ["pkg index"] },
  command("plan", {}),
];
const GLOBALS: Flags = {
  quiet: { kind: "boolean", short: "q", help: "" },
  verbose: { kind: "number", short: "v", help: "" },
};
const parse = (line: string) => parseCommandLine(COMMANDS, GLOBALS, line.split(" ").filter(Boolean));

describe("parseCommandLine", () => {
  test.each([
    ["pkg build a b", "pkg build", ["a", "b"]],
    ["-q pkg build a", "pkg build", ["a"]],
    ["--verbose 2 pkg --quiet show-tag x", "pkg show-tag", ["x"]],
    ["pkg build --org acme plan", "pkg build", ["plan"]],
    ["--org acme pkg build p", "pkg build", ["p"]],
    ["pkg build -- --org", "pkg build", ["--org"]],
    ["plan", "plan", []],
    ["pkg build -org=acme p", "pkg build", ["p"]],
    ["-org acme pkg build p", "pkg build", ["p"]],
    ["pkg build -network=false -org acme p", "pkg build", ["p"]],
    ["pkg build -v=2 p", "pkg build", ["p"]],
    ["pkg build -v2 p", "pkg build", ["p"]],
    ["pkg index p", "pkg manifest", ["p"]],
    ["pkg build -- -org=x", "pkg build", ["-org=x"]],
  ])("%s", (line, name, positionals) => {
    const parsed = parse(line);
    expect(parsed.command?.name).toBe(name);
    expect(parsed.positionals).toEqual(positionals);
  });

  test.each([
    ["--network", true],
    ["--network=true", true],
    ["--network=1", true],
    ["--network=false", false],
    ["--network=F", false],
    ["--no-network", false],
  ])("booleans as pflag takes them: %s", (flag, value) => {
    expect(parse(`pkg build ${flag} a`).values.get("network")?.at(-1)).toBe(value);
  });

  test.each([
    ["-org=acme", "org", "acme"],
    ["-org acme", "org", "acme"],
    ["-network", "network", true],
    ["-network=0", "network", false],
    ["-no-network", "network", false],
    ["-v=2", "verbose", "2"],
    ["-q=false", "quiet", false],
  ])("long flags with one dash, as older documents write them: %s", (flag, name, value) => {
    expect(parse(`pkg build ${flag} a`).values.get(name)?.at(-1)).toBe(value);
  });

  test("repeated flags add up", () => {
    expect(parse("pkg build --platforms a,b --platforms=c p").values.get("platforms")).toEqual(["a,b", "c"]);
  });

  test.each([
    ["pkg build --pratforms x", "Did you mean --platforms?"],
    ["pkg build --network=maybe p", undefined],
    ["pkg build -pratforms=x", "Did you mean --platforms?"],
    ["pkg build --nonsense-altogether p", "See --help for the flags of this command."],
  ])("%s is refused", (line, hint) => {
    expect(() => parse(line)).toThrowError(expect.objectContaining({ code: "INPUT_OPTION_INVALID", hint }));
  });

  test("what names no command is given back", () => {
    expect(parse("pkg bild x")).toMatchObject({ command: undefined, words: ["pkg", "bild", "x"] });
  });
});
