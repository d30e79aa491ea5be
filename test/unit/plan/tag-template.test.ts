import { describe, expect, test } from "vitest";
import { renderTagTemplate } from "../../../sdk/plan/tag-template.ts";

const render = (template: string) => renderTagTemplate(template, { Hash: "0123456789abcdef" });

describe("what Go's text/template gives", () => {
  test.each([
    ["{{.Hash}}", "0123456789abcdef"],
    ["v-{{ .Hash }}", "v-0123456789abcdef"],
    ["6.12.59", "6.12.59"],
    ["", ""],
    ["{{slice .Hash 0 7}}", "0123456"],
    ["{{slice .Hash 13}}", "def"],
    ['{{printf "%.7s" .Hash}}', "0123456"],
    ['{{printf "%5d|%-5d|%05d|%x|%%" 5 6 7 255}}', "    5|6    |00007|ff|%"],
    ['{{.Hash | printf "%s-%s" "a"}}', "a-0123456789abcdef"],
    ["v-{{.Hash}}-{{len .Hash}}", "v-0123456789abcdef-16"],
    ["{{if .Hash}}x{{else}}y{{end}}", "x"],
    ["{{if .Foo}}a{{else if .Hash}}b{{else}}c{{end}}", "b"],
    ["{{if and .Hash .Foo}}a{{else}}{{or .Foo `raw`}}{{end}}", "raw"],
    ['{{if eq .Hash "x" "0123456789abcdef"}}a{{end}}z', "az"],
    ["{{if .Hash | len | eq 16}}yes{{end}}", "yes"],
    ['{{index . "Hash"}}', "0123456789abcdef"],
    ['{{index . "X"}}|{{index .Hash 0}}', "|48"],
    ["{{.Foo}}", "<no value>"],
    ["{{.}}", "map[Hash:0123456789abcdef]"],
    ["a {{- .Hash -}} b", "a0123456789abcdefb"],
    ["a{{- /* comment */ -}}  b{{/* another */}}", "ab"],
    ["{{-3}} }} {{true}}", "-3 }} true"],
    ['{{print .Hash 1 2 "a"}}', "0123456789abcdef1 2a"],
    ['{{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt "b" "a"}} {{ge 1 2}} {{not .Hash}}', "true true true true false false"],
    ["{{eq .Foo .Foo}} {{eq .Foo .Hash}}", "true false"],
    ["{{(slice .Hash 0 3) | len}}", "3"],
    ['{{slice "éà" 0 2}}{{printf "%.1s" "éà"}}', "éé"],
  ])("%j", (template, expected) => {
    expect(render(template)).toBe(expected);
  });
});

describe("what Go refuses, and what tags do not support", () => {
  test.each([
    "{{ .Hash",
    "{{upper .Hash}}",
    "{{.Hash.Foo}}",
    "{{}}",
    "{{nil}}",
    "{{.Hash .Hash}}",
    "{{(.Hash}}",
    "{{.Hash)}}",
    "{{..Hash}}",
    "{{len(.Hash)}}",
    '{{print .Hash"x"}}',
    "{{if .Hash}}",
    "{{if}}x{{end}}",
    "{{end}}",
    "{{else}}",
    "{{if .Hash}}a{{else}}b{{else}}c{{end}}",
    "{{if .Hash}}a{{end x}}",
    "{{slice .Hash 3 2}}",
    "{{slice .Hash 0 99}}",
    "{{len 5}}",
    "{{index .Hash 99}}",
    '{{eq 1 "a"}}',
    "{{and}}",
    "{{not}}",
    '{{"unterminated}}',
    "{{range .}}x{{end}}",
    "{{$x := .Hash}}{{$x}}",
    '{{printf "%y" .Hash}}',
    '{{printf "x" 1}}',
  ])("%j", (template) => {
    expect(() => render(template)).toThrow(expect.objectContaining({ code: "INPUT_TEMPLATE_INVALID" }));
  });

  test("the error carries the template and its place", () => {
    const location = { file: "/pkg/build.yml" };
    expect(() => renderTagTemplate("{{", {}, location)).toThrow(
      expect.objectContaining({ location, details: { template: "{{" } }),
    );
  });
});
