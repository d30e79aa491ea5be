import { expect, test } from "vitest";
import { digestOf } from "../../../sdk/core/digest.ts";
import { encodeOp } from "../../../sdk/llb/encoding/op-encoder.ts";
import type { Op } from "../../../sdk/llb/op.ts";

// Made with BuildKit's own Go packages; test/contract/llb-oracle.test.ts compares with them at every run.
const VECTORS: readonly { name: string; op: Op; hex?: string; sha256: string }[] = [
  {
    name: "image source with platform",
    op: {
      inputs: [],
      platform: { os: "linux", architecture: "amd64" },
      constraints: [],
      body: { kind: "source", identifier: "docker-image://docker.io/library/alpine:latest", attributes: {} },
    },
    sha256: "a7f9733e307dd352c82d43053b783dd17bb2ec2c36214908ce393e41545c8b51",
  },
  {
    name: "local source: attributes are sorted, an empty value is kept",
    op: {
      inputs: [],
      constraints: [],
      body: {
        kind: "source",
        identifier: "local://context",
        attributes: { "local.unique": "", "local.session": "s", a: "b" },
      },
    },
    hex: "5a001a3f0a0f6c6f63616c3a2f2f636f6e7465787412060a016112016212120a0d6c6f63616c2e73657373696f6e12017312100a0c6c6f63616c2e756e697175651200",
    sha256: "b79a8b05bfaeecfcd9798286e24a0a6fd55e378d36b89c23831c71b234b91e9f",
  },
  {
    name: "exec: the body stands after platform and constraints",
    op: {
      inputs: [{ digest: "sha256:aa", index: 0 }],
      platform: { os: "linux", architecture: "amd64" },
      constraints: [],
      body: {
        kind: "exec",
        args: ["/bin/true"],
        env: [],
        cwd: "/",
        removeMountStubsRecursive: true,
        mounts: [{ input: 0, dest: "/", output: 0, type: "bind" }],
      },
    },
    hex: "0a0b0a097368613235363a6161520e0a05616d64363412056c696e75785a0012170a100a092f62696e2f747275651a012f580112031a012f",
    sha256: "5f678d404e615e5fab82539119a7664a798407978f616bbf7634f7568540bf0b",
  },
  {
    name: "file: negative numbers take ten bytes",
    op: {
      inputs: [{ digest: "sha256:aa", index: 0 }],
      constraints: [],
      body: {
        kind: "file",
        actions: [
          {
            input: 0,
            secondaryInput: -1,
            output: 0,
            action: { kind: "mkdir", path: "/a", mode: 0o755, timestampNs: -1n },
          },
        ],
      },
    },
    hex: "0a0b0a097368613235363a61615a002221121f10ffffffffffffffffff0132120a022f6110ed0328ffffffffffffffffff01",
    sha256: "8946b1e13eafcad6e3b4a287acb735880a23eea87d68b94f0b329d15a0eac521",
  },
];

test.each(VECTORS)("$name", ({ op, hex, sha256 }) => {
  const bytes = encodeOp(op);
  if (hex !== undefined) expect(Buffer.from(bytes).toString("hex")).toBe(hex);
  expect(digestOf(bytes)).toBe(`sha256:${sha256}`);
});
