import { once } from "node:events";
import { createServer as createHttpServer, request } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { pkg } from "kitsmith";
import { beforeEach, describe, expect, inject, test } from "vitest";
import { useRunBench } from "./run-bench.ts";
import { eventsOf, shellPackage, startedNodes, tagsOf } from "./run-fixture.ts";

const bench = useRunBench("cache-imports");

/** A registry that takes connections and never answers. */
async function startSilentRegistry() {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    ref: `127.0.0.1:${address.port}/cache/p`,
    connections: () => connections,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

describe("a cache that never answers", () => {
  beforeEach(async () => void (await bench.create(await shellPackage("p", [`RUN echo ${bench.org} > /own`]))));

  const opened = (ref: string) =>
    pkg(join(bench.repository.directory, "p"))
      .engines(inject("buildkitAddress"))
      .cache({ from: { type: "registry", ref, insecure: true }, importTimeoutMs: 500 });

  test("is not asked where nothing has to be built", async () => {
    await using silent = await startSilentRegistry();
    await pkg(join(bench.repository.directory, "p")).engines(inject("buildkitAddress")).build(bench.options());
    const run = opened(silent.ref).build(bench.options());
    await run;
    expect(await startedNodes(run)).toBe(0);
    expect(silent.connections()).toBe(0);
  });

  test.each([false, true])("does not hold up a build (all of it in the engine: %s)", async (isBuilt) => {
    await using silent = await startSilentRegistry();
    const other = { cacheDirectory: join(bench.directory, "other") };
    if (isBuilt) await pkg(join(bench.repository.directory, "p")).engines(inject("buildkitAddress")).build(other);
    const run = opened(silent.ref).build(bench.options());
    const { images } = await run;
    expect(images["linux/amd64"]?.outcome).toBe("built");
    expect(silent.connections()).toBeGreaterThan(0);
    const notices = (await eventsOf(run)).flatMap((event) => (event.type === "notice" ? [event] : []));
    expect(notices).toContainEqual(
      expect.objectContaining({ level: "warning", message: expect.stringContaining("says nothing") }),
    );
    expect(await startedNodes(run)).toBe(1);
  });
});

/** The shared registry, where nothing can be written before it is let through. */
async function startGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const server = createHttpServer((incoming, response) => {
    const { method, url: path, headers } = incoming;
    const [host, port] = inject("registryHost").split(":");
    const forward = () => {
      const onward = request({ host, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      incoming.pipe(onward.on("error", () => response.destroy()));
    };
    if (method === "GET" || method === "HEAD") forward();
    else void opened.then(forward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    ref: `127.0.0.1:${address.port}/${bench.org}/cache`,
    open,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("an export of a cache", () => {
  beforeEach(async () => void (await bench.create(await shellPackage("p", [`RUN echo ${bench.org} > /own`]))));

  const exporting = (ref: string) =>
    pkg(join(bench.repository.directory, "p"))
      .engines(inject("buildkitAddress"))
      .cache({ to: { type: "registry", ref, insecure: true } })
      .build(bench.options());

  test("goes on when its build is over, and the run waits for it", async () => {
    await using gate = await startGate();
    const run = exporting(gate.ref);
    // A build that waited for its cache would never be over.
    for await (const event of run) if (event.type === "node.finished") gate.open();
    await run;
    expect(await tagsOf(inject("registryHost"), `${bench.org}/cache`)).toEqual(["buildcache-amd64"]);
  });

  test("to a store that never answers is given up, with a word", async () => {
    await using silent = await startSilentRegistry();
    const run = exporting(silent.ref);
    await run;
    const notices = (await eventsOf(run)).flatMap((event) => (event.type === "notice" ? [event.message] : []));
    expect(notices).toContainEqual(expect.stringMatching(/could not be written: .* says nothing/));
  });
});
