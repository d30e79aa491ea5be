import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadPackage, MAX_BUILD_YML_BYTES } from "../../../sdk/loaders/load-package.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "kitsmith-loaders-"));
  const files = {
    "both/build.yml": "image: both\n",
    "both/other.yml": "image: other\n",
    "both/sub/other.yml": "image: sub\n",
    "both/Dockerfile": "FROM scratch\n",
    "Only-Dockerfile/Dockerfile": "FROM scratch\n",
    "neither/file": "",
    "directory/build.yml/file": "",
    "large/build.yml": "#".repeat(10 * 1024 * 1024),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const load = (name: string, options = {}) => loadPackage(join(directory, name), options);

describe("which loader", () => {
  test("build.yml wins over the Dockerfile", async () => {
    expect(await load("both/")).toMatchObject({
      image: "both",
      origin: { loader: "build.yml" },
      source: { ignoreFiles: false },
    });
  });

  test("another file can be named", async () => {
    expect(await load("both", { buildYml: "other.yml" })).toMatchObject({ image: "other" });
    expect(await load("both", { buildYml: "sub/other.yml" })).toMatchObject({
      image: "sub",
      directory: join(directory, "both"),
    });
  });

  test("a directory with only a Dockerfile is named like the directory", async () => {
    const options = { org: "acme", tag: "v1", network: true, disableCache: true };
    expect(await load("Only-Dockerfile", options)).toMatchObject({
      image: "only-dockerfile",
      org: "acme",
      tag: "v1",
      network: true,
      disableCache: true,
      origin: { loader: "dockerfile", file: join(directory, "Only-Dockerfile/Dockerfile") },
      source: { kind: "dockerfile", dockerfile: "Dockerfile", ignoreFiles: true },
    });
  });

  test("neither: the error lists what was looked for", async () => {
    await expect(load("neither")).rejects.toMatchObject({
      code: "INPUT_PACKAGE_NOT_FOUND",
      details: { looked: [join(directory, "neither/build.yml"), join(directory, "neither/Dockerfile")] },
    });
    await expect(load("nowhere")).rejects.toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
    await expect(load("directory")).rejects.toMatchObject({ code: "INPUT_PACKAGE_NOT_FOUND" });
    await expect(load("Only-Dockerfile", { buildYml: "other.yml" })).rejects.toMatchObject({
      code: "INPUT_PACKAGE_NOT_FOUND",
      details: { looked: [join(directory, "Only-Dockerfile/other.yml")] },
    });
  });

  test("ten megabytes are refused without reading them", async () => {
    await expect(load("large")).rejects.toMatchObject({
      code: "INPUT_YAML_INVALID",
      details: { sizeBytes: 10 * 1024 * 1024, limitBytes: MAX_BUILD_YML_BYTES },
    });
  });

  test("an aborted signal ends with its own reason", async () => {
    const reason = new Error("enough");
    await expect(load("both", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
