import {
  chmod,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LocalSource, VirtualRoot } from "../../sdk/core/local-source.ts";
import type { Engine } from "../../sdk/engine/engine.ts";
import { createFileSendService } from "../../sdk/session/file-send.ts";
import { createFileSyncService, type SyncReport } from "../../sdk/session/filesync.ts";
import { receiveTree } from "../../sdk/wire/fsutil/receiver.ts";
import { connectShared, dockerfileInput, KINDS, openTestJob } from "./engine-fixture.ts";

/** What a build from a context gave. */
interface Outcome {
  /** The root of the result, exported to a directory. */
  readonly root: string;
  /** What was sent of the context itself. */
  readonly context: SyncReport | undefined;
}

/** How a context is built. */
interface ContextBuild {
  readonly layers: VirtualRoot["layers"];
  readonly id?: string;
  readonly ignoreFiles?: boolean;
  readonly filename?: string;
}

const COPY_ALL = "FROM scratch\nCOPY . /\n";

describe.each(KINDS)("build contexts on %s", (kind) => {
  let engine: Engine;
  let scratch: string;

  beforeAll(async () => {
    engine = await connectShared(kind);
    scratch = await mkdtemp("/tmp/kitsmith-context-");
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true, force: true });
  });

  async function createTree(files: Readonly<Record<string, string>>): Promise<string> {
    const directory = await mkdtemp(join(scratch, "tree-"));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    return directory;
  }

  async function build(options: ContextBuild): Promise<Outcome> {
    const { layers, id = "one", ignoreFiles = false, filename = "Dockerfile" } = options;
    const root = await mkdtemp(join(scratch, "result-"));
    const names = { context: `context-${id}`, dockerfile: `dockerfile-${id}` };
    const locals: readonly LocalSource[] = Object.values(names).map((name) => ({
      name,
      root: { layers },
      ignoreFiles,
    }));
    const reports: SyncReport[] = [];
    const job = await openTestJob(engine, {
      exporters: [{ type: "local", attributes: {} }],
      services: [
        createFileSyncService(locals, { onSynced: (report) => void reports.push(report) }),
        createFileSendService(
          new Map([
            [0, async ({ messages, send, signal }) => void (await receiveTree(messages, send, root, { signal }))],
          ]),
        ),
      ],
      sharedKey: `${kind}-${id}`,
    });
    const input = dockerfileInput({ contextkey: names.context, dockerfilekey: names.dockerfile, filename });
    await job.finish(await job.solve({ input }));
    return { root, context: reports.findLast(({ name }) => name === names.context) };
  }

  test("files, modes, symlinks and hard links arrive, and come back", async () => {
    const directory = await createTree({
      "bin/tool": "tool",
      "deep/er/empty": "",
      "naïve-𝒳,1": "text",
      // Names whose order is easily got wrong.
      ...Object.fromEntries(["o/b", "o-b", "o.b", "ob", "\uFFEE", "\u{1F600}"].map((name) => [name, name])),
      Dockerfile: COPY_ALL,
    });
    await chmod(join(directory, "bin/tool"), 0o4755);
    await mkdir(join(directory, "shared"));
    await chmod(join(directory, "shared"), 0o1777);
    await link(join(directory, "bin/tool"), join(directory, "bin/alias"));
    await symlink("../../outside", join(directory, "deep/dangling"));
    await symlink("/bin/tool", join(directory, "absolute"));
    await writeFile(join(directory, "large"), Buffer.alloc(3_000_000, "0123456789"));
    const options = { layers: [{ directory, prefix: "" }], id: "round-trip" };
    const { root, context } = await build(options);
    expect(await describeTree(root)).toEqual(await describeTree(directory));
    expect(context?.filesSent).toBe(11);
    expect((await build(options)).context).toMatchObject({ filesTotal: 11, filesSent: 0 });
  });

  test("a second build sends nothing, a third only the file that changed", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `dir${index % 10}/file${index}`);
    const directory = await createTree({
      ...Object.fromEntries(names.map((name) => [name, name])),
      Dockerfile: COPY_ALL,
    });
    const options = { layers: [{ directory, prefix: "" }], id: "incremental" };
    expect((await build(options)).context).toMatchObject({ filesTotal: 301, filesSent: 301 });
    expect((await build(options)).context).toMatchObject({ filesTotal: 301, filesSent: 0, bytesSent: 0 });
    await writeFile(join(directory, "dir3/file3"), "changed");
    const { root, context } = await build(options);
    expect(context).toMatchObject({ filesTotal: 301, filesSent: 1, bytesSent: 7 });
    expect(await readFile(join(root, "dir3/file3"), "utf8")).toBe("changed");
    await rm(join(directory, "dir4"), { recursive: true });
    const { root: smaller } = await build(options);
    expect(await readdir(smaller)).not.toContain("dir4");
  });

  test("four contexts at once do not mix", async () => {
    const ids = ["a", "b", "c", "d"];
    const outcomes = await Promise.all(
      ids.map(async (id) => {
        const directory = await createTree({ same: `content of ${id}`, Dockerfile: COPY_ALL });
        return await build({ layers: [{ directory, prefix: "" }], id: `at-once-${id}` });
      }),
    );
    const contents = outcomes.map(({ root }) => readFile(join(root, "same"), "utf8"));
    expect(await Promise.all(contents)).toEqual(ids.map((id) => `content of ${id}`));
    expect(outcomes.map(({ context }) => context?.filesSent)).toEqual([2, 2, 2, 2]);
  });

  test("only what the Dockerfile copies is sent, through links and with commas in its name", async () => {
    const directory = await createTree({
      "versions/2/file": "two",
      "a,b": "comma",
      é: "accent",
      unused: "unused",
      Dockerfile: 'FROM scratch\nCOPY current/file /\nCOPY ["a,b", "é", "/"]\n',
    });
    await symlink("versions/2", join(directory, "current"));
    const { root, context } = await build({ layers: [{ directory, prefix: "" }], id: "partial" });
    expect(context).toMatchObject({ filesTotal: 3, filesSent: 3 });
    expect((await readdir(root)).sort()).toEqual(["a,b", "file", "é"]);
  });

  test("extra directories lie over the first one", async () => {
    const directory = await createTree({ "lib/own": "own", "lib/shared/old": "old", Dockerfile: COPY_ALL });
    const extra = await createTree({ old: "new", "deep/file": "deep" });
    const layers = [
      { directory, prefix: "" },
      { directory: extra, prefix: "lib/shared" },
    ];
    const { root } = await build({ layers, id: "layers" });
    expect(await readFile(join(root, "lib/shared/old"), "utf8")).toBe("new");
    expect(await readFile(join(root, "lib/shared/deep/file"), "utf8")).toBe("deep");
    expect(await readFile(join(root, "lib/own"), "utf8")).toBe("own");
  });

  test.each([
    ["Dockerfile", ".dockerignore"],
    ["Dockerfile", "Dockerfile.dockerignore"],
    ["sub/other", "sub/other.dockerignore"],
  ])("built from %s, %s counts only where it is honoured", async (filename, ignoreFile) => {
    const directory = await createTree({ [filename]: COPY_ALL, [ignoreFile]: "*.log\n", "x.log": "", "x.txt": "" });
    const options = { layers: [{ directory, prefix: "" }], id: `ignore-${ignoreFile.replace("/", "-")}`, filename };
    const without = await describePaths((await build({ ...options, ignoreFiles: false })).root);
    expect(without).toEqual(await describePaths(directory));
    const honoured = await describePaths((await build({ ...options, ignoreFiles: true })).root);
    expect(honoured).toEqual(without.filter((path) => path !== "x.log"));
  });

  test("a file that changes while it is sent fails the build", async () => {
    const directory = await createTree({ Dockerfile: "FROM scratch\nCOPY uuid /\n" });
    // Its size is 0 and reading it gives text, as if it had grown in between.
    const layers = [
      { directory: "/proc/sys/kernel/random", prefix: "" },
      { directory, prefix: "" },
    ];
    await expect(build({ layers, id: "changing" })).rejects.toMatchObject({ code: "PLAN_TREE_CHANGED" });
  });
});

async function describePaths(root: string): Promise<readonly string[]> {
  return (await readdir(root, { recursive: true })).sort();
}

/** All that a copy keeps of a tree. */
async function describeTree(root: string): Promise<readonly unknown[]> {
  const paths = await describePaths(root);
  const stats = await Promise.all(paths.map((path) => lstat(join(root, path))));
  return await Promise.all(
    paths.map(async (path, index) => {
      const found = stats[index];
      const content = found?.isFile() ? await readFile(join(root, path), "base64") : "";
      const target = found?.isSymbolicLink() ? await readlink(join(root, path)) : "";
      const first = paths[stats.findIndex(({ ino }) => ino === found?.ino)];
      return {
        path,
        mode: found?.mode.toString(8),
        mtime: Math.round((found?.mtimeMs ?? 0) / 10),
        content,
        target,
        first,
      };
    }),
  );
}
