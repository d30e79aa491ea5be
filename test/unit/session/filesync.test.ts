import { describe, expect, it } from "vitest";
import type { LocalSource } from "../../../sdk/core/local-source.ts";
import { createShared } from "../../../sdk/core/shared.ts";
import type { TreeListing } from "../../../sdk/session/filesync/tree-listing.ts";
import { createFileSyncService, type FileSyncOptions, type SyncReport } from "../../../sdk/session/filesync.ts";
import { decodePacket, encodePacket } from "../../../sdk/wire/fsutil/packet.ts";
import { type Fixture, makeTree } from "../context/tree-fixture.ts";
import { createPipe } from "../wire/fsutil/packet-pipe.ts";

const METHOD = "/moby.filesync.v1.FileSync/DiffCopy";

type Headers = Readonly<Record<string, readonly string[]>>;

function local(name: string, entries: Readonly<Record<string, Fixture>>, more: Partial<LocalSource> = {}): LocalSource {
  return { name, root: { layers: [{ directory: makeTree(entries), prefix: "" }] }, ignoreFiles: false, ...more };
}

/** The paths that the service sends for a request. */
async function request(locals: readonly LocalSource[], headers: Headers, options: FileSyncOptions = {}) {
  const [end, peer] = createPipe(1000);
  const handler = createFileSyncService(locals, options).methods[METHOD];
  const handling = handler?.({
    ...end,
    content: end.messages,
    headers: { get: (name) => headers[name]?.[0], getAll: (name) => headers[name] ?? [] },
    signal: new AbortController().signal,
  }).finally(end.end);
  const paths: string[] = [];
  for await (const message of peer.messages) {
    const packet = decodePacket(message);
    if (packet.type === "stat" && packet.stat) paths.push(packet.stat.path);
    else if (packet.type === "stat") await peer.send(encodePacket({ type: "finish" }));
  }
  await handling;
  return paths;
}

describe("serving directories", () => {
  it("serves each under its name, and says what was sent", async () => {
    const reports: SyncReport[] = [];
    const locals = [local("one", { a: "1" }), local("two", { b: "2" })];
    expect(await request(locals, { "dir-name": ["two"] }, { onSynced: (report) => void reports.push(report) })).toEqual(
      ["b"],
    );
    expect(reports).toEqual([
      {
        ...{ name: "two", filesTotal: 1, bytesTotal: 1, filesSent: 0, bytesSent: 0, filesSkipped: 1, bytesSkipped: 1 },
        ...{ entriesIgnored: 0, largestFiles: [], durationMs: expect.any(Number) },
      },
    ]);
  });

  it.each([["other"], ["tw"], ["context"], [""]])("has no directory %j", async (name) => {
    const locals = [local("two", {}), local("context-1", {}), local("context-2", {})];
    await expect(request(locals, { "dir-name": [name] })).rejects.toMatchObject({ status: "NOT_FOUND" });
  });

  it("knows a name with a session's prefix, and the names that the frontend has fixed", async () => {
    const locals = [local("context-1f", { c: "" }), local("dockerfile-1f", { d: "" }), local("1f", { x: "" })];
    expect(await request(locals, { "dir-name": ["pre-fix-context-1f"] })).toEqual(["c"]);
    expect(await request(locals, { "dir-name": ["context"] })).toEqual(["c"]);
    expect(await request(locals, { "dir-name": ["dockerfile"] })).toEqual(["d"]);
  });

  it("keeps commas in patterns, and decodes what is escaped", async () => {
    const locals = [local("c", { "a,b": "", a: "", b: "", é: "", "x y": "" })];
    expect(await request(locals, { "dir-name": ["c"], "include-patterns": ["a,b", "x y"] })).toEqual(["a,b", "x y"]);
    const encoded = { "include-patterns": ["%C3%A9", "x+y", "%zz"], "include-patterns-encoded": ["1"] };
    expect(await request(locals, { "dir-name": ["c"], ...encoded })).toEqual(["x y", "é"]);
    const named = { "dir-name": ["%63"], "dir-name-encoded": ["true"] };
    expect(await request(locals, { ...named, "exclude-patterns": ["?", "x*"] })).toEqual(["a,b"]);
  });

  it("follows paths", async () => {
    const locals = [local("c", { link: { link: "real" }, real: "", other: "" })];
    expect(await request(locals, { "dir-name": ["c"], followpaths: ["link"] })).toEqual(["link", "real"]);
  });

  it("shows only what the source itself lets exist", async () => {
    const filtered = { includePatterns: ["src"], excludePatterns: ["**/*.o"] };
    const locals = [local("c", { "src/a.c": "", "src/a.o": "", b: "" }, filtered)];
    expect(await request(locals, { "dir-name": ["c"] })).toEqual(["src", "src/a.c"]);
    expect(await request(locals, { "dir-name": ["c"], "include-patterns": ["b"] })).toEqual([]);
  });
});

describe("requests at the same time", () => {
  it("share a walk if they are for the same files", async () => {
    const opened: string[] = [];
    const shared = createShared<TreeListing>();
    let begun = 0;
    let release = (): void => {};
    const allBegun = new Promise<void>((resolve) => {
      release = resolve;
    });
    const listings: typeof shared = {
      with: (key, create, use) => {
        const open = (): TreeListing => {
          opened.push(key);
          return create();
        };
        return shared.with(key, open, async (listing) => {
          begun += 1;
          if (begun === 3) release();
          await allBegun;
          return await use(listing);
        });
      },
    };
    const one = local("one", { a: "1", b: "2", c: "3" });
    const ask = (name: string, headers: Headers) =>
      request([one, { ...one, name: "two" }], { "dir-name": [name], ...headers }, { listings });
    const exclude = { "exclude-patterns": ["b"] };
    expect(await Promise.all([ask("one", exclude), ask("two", exclude), ask("two", {})])).toEqual([
      ...[
        ["a", "c"],
        ["a", "c"],
      ],
      ["a", "b", "c"],
    ]);
    expect(opened).toHaveLength(2);
    await ask("one", exclude);
    expect(opened).toHaveLength(3);
  });
});

describe("ignore files", () => {
  const entries = {
    ...{ ".dockerignore": "a", Dockerfile: "", "Dockerfile.dockerignore": "b", dockerfile: "", a: "", b: "" },
    ...{ "sub/x": "", "sub/x.dockerignore": "", "sub/dockerfile": "" },
  };
  const ask = (headers: Headers, ignoreFiles = false) =>
    request([local("c", entries, { ignoreFiles })], { "dir-name": ["c"], ...headers });

  it.each<[string, Headers, readonly string[]]>([
    ["the context's", { followpaths: [".dockerignore"] }, []],
    ["the context's, as old frontends ask", { "include-patterns": [".dockerignore"] }, []],
    [
      "the Dockerfile's",
      { followpaths: ["Dockerfile", "Dockerfile.dockerignore", "dockerfile"] },
      ["Dockerfile", "dockerfile"],
    ],
    [
      "the Dockerfile's, as old frontends ask",
      { followpaths: ["Dockerfile", "Dockerfile.dockerignore"] },
      ["Dockerfile"],
    ],
    ["another Dockerfile's", { followpaths: ["./sub/x", "./sub/x.dockerignore"] }, ["sub", "sub/x"]],
  ])("are hidden from who would obey them: %s", async (_title, headers, paths) => {
    expect(await ask(headers)).toEqual(paths);
  });

  it("are there with the other files", async () => {
    expect(await ask({})).toEqual([
      ...[".dockerignore", "Dockerfile", "Dockerfile.dockerignore", "a", "b", "dockerfile"],
      ...["sub", "sub/dockerfile", "sub/x", "sub/x.dockerignore"],
    ]);
    expect(await ask({ followpaths: [".dockerignore", "a"] })).toEqual([".dockerignore", "a"]);
    const copied = ["Dockerfile", "Dockerfile.dockerignore", "a"];
    expect(await ask({ followpaths: copied })).toEqual(copied);
  });

  it("are served where the source honours them", async () => {
    expect(await ask({ followpaths: [".dockerignore"] }, true)).toEqual([".dockerignore"]);
  });
});
