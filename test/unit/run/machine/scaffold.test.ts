import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFromTemplate } from "../../../../sdk/run/machine/scaffold.ts";
import { findTemplates } from "../../../../sdk/run/machine/template-directory.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "scaffold-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("createFromTemplate", () => {
  test("copies every file of every template and leaves no placeholder", async () => {
    for (const template of (await findTemplates()).keys()) {
      const made = await createFromTemplate({
        template,
        name: "my.box-1",
        org: "acme",
        destination: join(directory, template),
      });
      expect(made.files).toContain("build.yml");
      for (const file of made.files) {
        expect(await readFile(join(made.directory, file), "utf8")).not.toMatch(/__[A-Z]+__/);
        expect(file).not.toMatch(/__[A-Z]+__/);
      }
    }
  });

  test("puts name and organisation in", async () => {
    const { directory: made } = await createFromTemplate({
      name: "clock",
      org: "127.0.0.1:5000/acme",
      destination: join(directory, "clock"),
    });
    const buildYml = await readFile(join(made, "build.yml"), "utf8");
    expect(buildYml).toContain("org: 127.0.0.1:5000/acme\n");
    expect(buildYml).toContain("image: clock\n");
  });

  test("takes an empty directory, and leaves nothing beside it", async () => {
    await mkdir(join(directory, "empty"));
    await createFromTemplate({ name: "clock", destination: join(directory, "empty") });
    expect(await readdir(directory)).toEqual(["empty"]);
    expect((await stat(join(directory, "empty"))).mode & 0o777).toBe(0o755);
  });

  test.each(["", "Clock", "clock-", "-clock", "a--b", "a/b", "..", "clock box", "x".repeat(101), "häuser"])(
    "refuses the name %j",
    async (name) => {
      await expect(createFromTemplate({ name, destination: join(directory, "new") })).rejects.toMatchObject({
        code: "INPUT_OPTION_INVALID",
        details: { option: "name" },
      });
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test.each(["", "a\nb", "acme/", "{{x}}"])("refuses the organisation %j", async (org) => {
    await expect(createFromTemplate({ name: "clock", org, destination: join(directory, "new") })).rejects.toMatchObject(
      {
        code: "INPUT_OPTION_INVALID",
        details: { option: "org" },
      },
    );
  });

  test("names the nearest template", async () => {
    const attempt = createFromTemplate({
      template: "linuxkit-pakage",
      name: "clock",
      destination: join(directory, "new"),
    });
    await expect(attempt).rejects.toMatchObject({
      code: "INPUT_OPTION_INVALID",
      details: { option: "template" },
      hint: expect.stringContaining("linuxkit-package"),
    });
  });

  test("overwrites nothing", async () => {
    await writeFile(join(directory, "kept"), "mine");
    await expect(createFromTemplate({ name: "clock", destination: directory })).rejects.toMatchObject({
      code: "INPUT_OPTION_INVALID",
      details: { option: "destination" },
    });
    expect(await readdir(directory)).toEqual(["kept"]);
  });

  test("says where it cannot write", async () => {
    await writeFile(join(directory, "file"), "");
    await expect(createFromTemplate({ name: "clock", destination: join(directory, "file/new") })).rejects.toMatchObject(
      {
        code: "CONTENT_WRITE_FAILED",
      },
    );
  });

  test("leaves nothing when it is stopped", async () => {
    const reason = new Error("stop");
    const attempt = createFromTemplate({
      name: "clock",
      destination: join(directory, "new"),
      signal: AbortSignal.abort(reason),
    });
    await expect(attempt).rejects.toBe(reason);
    expect(await readdir(directory)).toEqual([]);
  });
});
