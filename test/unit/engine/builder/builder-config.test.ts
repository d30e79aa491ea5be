import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packBuilderFiles, unpackBuilderFiles } from "../../../../sdk/engine/builder/builder-archive.ts";
import { hasBuilderFiles, readBuilderConfig } from "../../../../sdk/engine/builder/builder-config.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-config-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  return path;
}

async function read(text: string) {
  return await readBuilderConfig(await write("buildkitd.toml", text));
}

describe("the settings of a buildkitd", () => {
  test("name certificates and keys where they lie in the container", async () => {
    const [ca, other] = [await write("a/ca.pem", "A"), await write("b/ca.pem", "B")];
    const [key, cert] = [await write("key.pem", "KEY"), await write("cert.pem", "CERT")];
    const files = await read(`
      debug = true # why
      [registry."box:5000"]
      http = false
      ca = ["${ca}", "${other}"]
      [[registry."box:5000".keypair]]
      key = "${key}"
      cert = "${cert}"
      [registry.".."]
      ca = ["${ca}"]
    `);
    const below = "certs/box_5000";
    expect(Object.fromEntries([...files].filter(([path]) => path !== "buildkitd.toml"))).toEqual({
      [`${below}/ca.pem`]: "A",
      [`${below}/2-ca.pem`]: "B",
      [`${below}/key.pem`]: "KEY",
      [`${below}/cert.pem`]: "CERT",
      "certs/_/ca.pem": "A",
    });
    const config = files.get("buildkitd.toml");
    expect(config).toContain(`ca = [ "/etc/buildkit/${below}/ca.pem", "/etc/buildkit/${below}/2-ca.pem" ]`);
    expect(config).toContain(`key = "/etc/buildkit/${below}/key.pem"`);
    expect(config).not.toContain(directory);
  });

  test("are the same whatever their layout, and others with another value or certificate", async () => {
    const ca = await write("ca.pem", "A");
    const files = await read(`debug = true\nroot = "/x"\n[registry."a"]\nca = ["${ca}"]\n`);
    const same = await read(`# same\nroot = '/x'\ndebug = true\nregistry.a.ca = ["${ca}"]\n`);
    expect(hasBuilderFiles(files, same)).toBe(true);
    expect(hasBuilderFiles(files, await read(`debug = false\n[registry."a"]\nca = ["${ca}"]\n`))).toBe(false);
    expect(hasBuilderFiles(new Map(), files)).toBe(false);
    expect(hasBuilderFiles(new Map([["buildkitd.toml", "not toml at all"]]), files)).toBe(false);
    await write("ca.pem", "B");
    expect(hasBuilderFiles(files, await read(`registry.a.ca = ["${ca}"]\ndebug = true\nroot = "/x"\n`))).toBe(false);
  });

  test.each([
    ["no TOML", "a = = 1", { code: "INPUT_OPTION_INVALID", location: { line: 1 } }],
    ["a certificate that is not there", 'registry.a.ca = ["/no/such/file"]', { code: "INPUT_SOURCE_MISSING" }],
  ])("%s", async (_, text, failure) => {
    await expect(read(text)).rejects.toMatchObject(failure);
  });

  test("a certificate that is too large, and no file at all", async () => {
    const large = await write("large.pem", "x".repeat((1 << 20) + 1));
    await expect(read(`registry.a.ca = ["${large}"]`)).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
    await expect(readBuilderConfig(join(directory, "none"))).rejects.toMatchObject({ code: "INPUT_SOURCE_MISSING" });
  });
});

describe("tars of settings", () => {
  const files = new Map([
    ["buildkitd.toml", "debug = true\n"],
    ["certs/a/ca.pem", "A"],
  ]);

  test("equal settings give equal bytes, over the container's root", async () => {
    const bytes = async () => await buffer(Readable.from(packBuilderFiles(files)));
    expect(await bytes()).toEqual(await bytes());
    const names: string[] = [];
    for await (const entry of Readable.from(await bytes()).pipe(extract())) {
      names.push(entry.header.name);
      entry.resume();
    }
    expect(names).toEqual([
      ...["etc", "etc/buildkit", "etc/buildkit/certs", "etc/buildkit/certs/a"],
      ...["etc/buildkit/buildkitd.toml", "etc/buildkit/certs/a/ca.pem"],
    ]);
  });

  test("docker's own begin with the directory's name", async () => {
    const archive = pack();
    archive.entry({ name: "buildkit/", type: "directory" });
    for (const [path, text] of files) archive.entry({ name: `buildkit/${path}` }, text);
    archive.entry({ name: "buildkit/large" }, Buffer.alloc(3 << 20));
    archive.finalize();
    expect(await unpackBuilderFiles(Readable.from(archive))).toEqual(files);
  });
});
