import { describe, expect, test } from "vitest";
import { encodeConfigLabel } from "../../../sdk/pkg/config-label.ts";
import { formatGoString } from "../../../sdk/pkg/go-json.ts";

test("keys stand in the label's order, not in that of the object", () => {
  const config = { runtime: { mkdir: ["/x"] }, uid: 64, binds: ["/a:/a"], capabilities: ["all"], readonly: false };
  expect(encodeConfigLabel(config)).toBe(
    '{"capabilities":["all"],"binds":["/a:/a"],"readonly":false,"uid":64,"runtime":{"mkdir":["/x"],"bindNS":{}}}',
  );
});

test("empty lists and maps stay, empty texts go, absent members go", () => {
  const config = { binds: [], sysctl: {}, cwd: "", cgroupsPath: "", env: null, tmpfs: undefined };
  expect(encodeConfigLabel(config)).toBe('{"binds":[],"cgroupsPath":"","sysctl":{}}');
  expect(encodeConfigLabel({})).toBe("{}");
});

test("records write what Go always writes", () => {
  const config = {
    mounts: [{}, { destination: "/x", options: [] }],
    devices: [{ path: "all", type: "b" }],
    uidMappings: [{ hostID: 1, size: 2 }],
    runtime: { interfaces: [{ name: "eth0" }] },
    resources: { blockIO: { weightDevice: [{ major: 8, weight: 5 }] }, pids: {} },
  };
  expect(encodeConfigLabel(config)).toBe(
    '{"mounts":[{"destination":""},{"destination":"/x"}],"devices":[{"path":"all","type":"b","major":0,"minor":0}],' +
      '"resources":{"pids":{"limit":0},"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":5}]}},' +
      '"uidMappings":[{"containerID":0,"hostID":1,"size":2}],' +
      '"runtime":{"interfaces":[{"name":"eth0","createInRoot":false}],"bindNS":{}}}',
  );
});

test("map keys are sorted by their bytes, numbers may be large", () => {
  const config = { annotations: { "\u{1f600}": "1", "\uffff": "2", a: "3", B: "4" }, uid: 18446744073709551615n };
  expect(encodeConfigLabel(config)).toBe(
    '{"uid":18446744073709551615,"annotations":{"B":"4","a":"3","\uffff":"2","\u{1f600}":"1"}}',
  );
});

test.each([
  ["a && b <c>", '"a \\u0026\\u0026 b \\u003cc\\u003e"'],
  ["\u2028\u2029", '"\\u2028\\u2029"'],
  ['"\\\n\r\t\b\f', '"\\"\\\\\\n\\r\\t\\b\\f"'],
  ["\u0000\u001b", '"\\u0000\\u001b"'],
  ["é \u007f 😀 \ufeff/", '"é \u007f 😀 \ufeff/"'],
  ["\ud800x", '"\ufffdx"'],
])("text %j as Go writes it", (text, expected) => {
  expect(formatGoString(text)).toBe(expected);
});

describe("what does not fit", () => {
  test.each([
    [{ capabilites: [] }, "INPUT_FIELD_UNKNOWN"],
    [{ uidMappings: [{ hostid: 1 }] }, "INPUT_FIELD_UNKNOWN"],
    [{ binds: "a" }, "INPUT_OPTION_INVALID"],
    [{ binds: [1] }, "INPUT_OPTION_INVALID"],
    [{ readonly: "yes" }, "INPUT_OPTION_INVALID"],
    [{ oomScoreAdj: 1.5 }, "INPUT_OPTION_INVALID"],
    [{ resources: { cpu: { shares: -1 } } }, "INPUT_OPTION_INVALID"],
    [{ resources: [] }, "INPUT_OPTION_INVALID"],
    [{ uid: true }, "INPUT_OPTION_INVALID"],
  ])("%j", (config, code) => {
    expect(() => encodeConfigLabel(config)).toThrow(expect.objectContaining({ code }));
  });

  test("an unknown key names the nearest one", () => {
    expect(() => encodeConfigLabel({ capabilites: [] })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('"capabilities"') }),
    );
  });
});
