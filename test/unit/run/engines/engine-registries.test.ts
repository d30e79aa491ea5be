import { resolve } from "node:path";
import { expect, test } from "vitest";
import { engineAccess } from "../../../../sdk/run/engines/engine-registries.ts";

test("engines get what they can be told", () => {
  expect(engineAccess({})).toEqual({});
  expect(
    engineAccess({
      mirrors: { "index.docker.io": "https://hub.example/" },
      plainHttp: ["plain.example:5000"],
      certificateFiles: ["ca.pem"],
    }),
  ).toEqual({
    mirrors: { "docker.io": ["https://hub.example"] },
    registries: ["plain.example:5000"],
    certificateFiles: [resolve("ca.pem")],
  });
});

test("a mirror for every registry counts for the common ones, unless they have their own", () => {
  const { mirrors = {} } = engineAccess({ mirrors: { "*": "https://all.example", "ghcr.io": "https://gh.example" } });
  expect(mirrors).toMatchObject({ "docker.io": ["https://all.example"], "ghcr.io": ["https://gh.example"] });
  expect(mirrors).not.toHaveProperty("*");
});

test("a mirror that is none is refused", () => {
  expect(() => engineAccess({ mirrors: { "docker.io": "hub.example" } })).toThrow(
    expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
  );
});
