import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../sdk/engine/container/container.ts";
import type { BuildJob, Engine, ResultReference } from "../../sdk/engine/engine.ts";
import {
  connectShared,
  createTestContext,
  dockerfileInput,
  KINDS,
  openTestJob,
  shellDockerfile,
} from "./engine-fixture.ts";

const text = (data: Uint8Array): string => Buffer.from(data).toString();

describe.each(KINDS)("the result of a build on %s", (kind) => {
  let engine: Engine;
  let job: BuildJob;
  let reference: ResultReference;
  const shell = async (container: Container, script: string, options = {}) =>
    await container.exec(["/bin/sh", "-c", script], options);

  beforeAll(async () => {
    engine = await connectShared(kind);
    await using context = await createTestContext({
      Dockerfile: shellDockerfile(
        "mkdir -p /etc/init.d && echo one > /etc/init.d/010 && ln -s 010 /etc/init.d/link && chmod 4755 /etc/init.d/010",
        "dd if=/dev/zero of=/large bs=1M count=20 && mkfifo /fifo && echo user:x:1000:1000::/:/bin/sh > /etc/passwd",
        "echo user:x:1000: > /etc/group",
        "ln -s /loop /loop",
      ),
    });
    job = await openTestJob(engine, { services: context.services });
    const result = await job.solve({ input: dockerfileInput() }, { evaluate: true });
    if (result.reference === undefined) throw new Error("no reference");
    reference = result.reference;
  });
  afterAll(async () => {
    await job?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  describe("its files", () => {
    test("are listed, described and read", async () => {
      const entries = await job.readDir(reference, "/etc/init.d");
      expect(entries.map(({ path }) => path)).toEqual(["010", "link"]);
      expect(entries[1]?.linkname).toBe("010");
      const stat = await job.statFile(reference, "/etc/init.d/link");
      expect(stat).toMatchObject({ sizeBytes: 4, uid: 0, gid: 0 });
      expect(stat.mode).toBe(0o755 + 0x0080_0000);
      expect(text(await job.readFile(reference, "/etc/init.d/link"))).toBe("one\n");
    });

    test("are listed by pattern", async () => {
      const entries = await job.readDir(reference, "/etc/init.d", { includePattern: "0*" });
      expect(entries.map(({ path }) => path)).toEqual(["010"]);
    });

    test("are read in ranges, and whole although larger than a message", async () => {
      const range = async (offsetBytes: number, lengthBytes: number) =>
        text(await job.readFile(reference, "/etc/init.d/010", { range: { offsetBytes, lengthBytes } }));
      expect(await range(1, 2)).toBe("ne");
      expect(await range(2, 100)).toBe("e\n");
      expect(await range(4, 100)).toBe("");
      expect((await job.readFile(reference, "/large")).byteLength).toBe(20 * 1024 * 1024);
    });

    test.each([
      ["a file that is not there", () => job.readFile(reference, "/nowhere")],
      ["a directory as a file", () => job.readFile(reference, "/etc")],
      ["below a file", () => job.statFile(reference, "/etc/passwd/x")],
      ["a path that is not there", () => job.statFile(reference, "/nowhere")],
      ["a symlink to itself", () => job.statFile(reference, "/loop")],
      ["a directory that is not there", () => job.readDir(reference, "/nowhere")],
      ["a file as a directory", () => job.readDir(reference, "/etc/passwd")],
    ])("are not found: %s", async (_, look) => {
      await expect(look()).rejects.toMatchObject({ code: "CONTENT_NOT_FOUND" });
    });
  });

  describe("a container over it", () => {
    const open = async () => await job.openContainer({ reference });

    test("runs a program and gives its exit code and both outputs", async () => {
      await using container = await open();
      expect(await shell(container, "echo out; echo err >&2; exit 3")).toEqual({
        exitCode: 3,
        stdout: "out\n",
        stderr: "err\n",
      });
    });

    test.each([0, 1, 127, 254, 255])("exit code %i comes back as such", async (code) => {
      await using container = await open();
      expect((await shell(container, `exit ${code}`)).exitCode).toBe(code);
    });

    test("gives a program its environment, directory and user", async () => {
      await using container = await open();
      const { stdout } = await shell(container, 'echo "$A|$PWD|$(id -u)|$PATH"', {
        env: { A: "b=c" },
        cwd: "/etc",
        user: "user",
      });
      expect(stdout).toBe("b=c|/etc|1000|/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
    });

    test("feeds standard input, from text and from a stream, to its end", async () => {
      await using container = await open();
      expect((await shell(container, "cat", { stdin: "hello" })).stdout).toBe("hello");
      await using another = await open();
      const size = 3 * 1024 * 1024;
      async function* zeros() {
        for (let sent = 0; sent < size; sent += 1024 * 1024) yield Buffer.alloc(1024 * 1024);
      }
      expect((await shell(another, "wc -c", { stdin: zeros() })).stdout.trim()).toBe(String(size));
    });

    test("a program that does not read its input ends all the same", async () => {
      await using container = await open();
      async function* endless() {
        for (;;) yield Buffer.alloc(100_000);
      }
      expect((await shell(container, "exit 5", { stdin: endless() })).exitCode).toBe(5);
    });

    test("what the input throws is what the program's end rejects with", async () => {
      await using container = await open();
      const reason = new Error("no more");
      async function* broken() {
        yield Buffer.from("x");
        throw reason;
      }
      await expect(shell(container, "cat", { stdin: broken() })).rejects.toBe(reason);
    });

    test("hands over all output, as it comes, before the end", async () => {
      await using container = await open();
      let sizeBytes = 0;
      const process = await container.start(["/bin/sh", "-c", "dd if=/dev/zero bs=1M count=30 2>/dev/null"], {
        onOutput: ({ data }) => {
          sizeBytes += data.byteLength;
        },
      });
      expect(await process.exited).toBe(0);
      expect(sizeBytes).toBe(30 * 1024 * 1024);
    });

    test("collects no more than it may", async () => {
      await using container = await open();
      const endless = shell(container, "while :; do echo yes; done", { outputLimitBytes: 100_000 });
      await expect(endless).rejects.toMatchObject({ code: "BUILD_PROCESS_FAILED" });
    });

    test("a program that is not there ends with the engine's words", async () => {
      await using container = await open();
      const { exitCode, stderr } = await container.exec(["/nowhere"]);
      expect(exitCode).not.toBe(0);
      expect(stderr).toContain("/nowhere");
    });

    test("what cannot be started leaves the job as it was", async () => {
      await using container = await open();
      const failed = { code: "BUILD_PROCESS_FAILED" };
      await expect(shell(container, "exit 0", { user: "nobody-there" })).rejects.toMatchObject(failed);
      await using another = await open();
      expect((await shell(another, "exit 0")).exitCode).toBe(0);
    });

    test("runs programs beside its first, which ends them", async () => {
      await using container = await open();
      const first = await container.start(["/bin/sleep", "1000"]);
      expect((await shell(container, "echo $$ > /made; ls /made")).stdout).toBe("/made\n");
      const beside = await container.start(["/bin/sleep", "1000"]);
      await first.signal("SIGKILL");
      expect(await first.exited).toBe(137);
      expect(await beside.exited).not.toBe(0);
    });

    test("what is written in it is not in the result, nor in another container", async () => {
      await using container = await open();
      await shell(container, "echo changed > /etc/init.d/010");
      await using another = await open();
      expect((await shell(another, "cat /etc/init.d/010")).stdout).toBe("one\n");
      expect(text(await job.readFile(reference, "/etc/init.d/010"))).toBe("one\n");
    });

    test("a program that closes its outputs ends all the same", async () => {
      await using container = await open();
      expect((await shell(container, "exec >&- 2>&-; sleep 0.5; exit 4")).exitCode).toBe(4);
    });

    test("has a terminal that knows its size, and ends though somebody still might type", async () => {
      await using container = await open();
      const keyboard = new PassThrough();
      let seen = "";
      // The runtime is told of the size by a signal, which may come after what is typed next.
      const waits = "until stty size 2>/dev/null | grep 33; do sleep 0.05; done";
      const starting = container.start(["/bin/sh", "-c", `echo ready; read line; ${waits}; echo $TERM >&2`], {
        tty: true,
        stdin: keyboard,
        onOutput: async ({ data }) => {
          seen += text(data);
          if (seen !== "ready\r\n") return;
          await (await starting).resize({ rows: 33, columns: 77 });
          keyboard.write("\n");
        },
      });
      expect(await (await starting).exited).toBe(0);
      expect(seen).toContain("33 77\r\nxterm\r\n");
    });

    test("signals reach the program", async () => {
      await using container = await open();
      let ready = (): void => {};
      const isReady = new Promise<void>((resolve) => {
        ready = resolve;
      });
      const process = await container.start(
        ["/bin/sh", "-c", "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done"],
        { onOutput: () => ready() },
      );
      await isReady;
      await process.signal("SIGTERM");
      expect(await process.exited).toBe(9);
      await process.signal("SIGTERM");
    });

    test("an aborted program is killed, and its end rejects with the caller's reason", async () => {
      await using container = await open();
      const controller = new AbortController();
      const reason = new Error("enough");
      const sleeping = shell(container, "sleep 1000", { signal: controller.signal });
      setTimeout(() => controller.abort(reason), 200);
      await expect(sleeping).rejects.toBe(reason);
    });

    test("is disposed while a program runs in it", async () => {
      const container = await open();
      const process = await container.start(["/bin/sleep", "1000"]);
      const ended = expect(process.exited).rejects.toMatchObject({ code: "SESSION_CLOSED" });
      await container[Symbol.asyncDispose]();
      await ended;
      await expect(container.exec(["/bin/true"])).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    });

    test("is made of several mounts", async () => {
      await using container = await job.openContainer({
        mounts: [
          { kind: "result", destination: "/", reference },
          { kind: "result", destination: "/mnt", reference, selector: "/etc/init.d", readOnly: true },
          { kind: "tmpfs", destination: "/tmp" },
        ],
      });
      const { stdout, stderr } = await shell(container, "cat /mnt/010; echo x > /tmp/x; cat /tmp/x; echo y > /mnt/y");
      expect(stdout).toBe("one\nx\n");
      expect(stderr).toContain("Read-only");
    });
  });

  test("the end of the job ends what runs in its containers", async () => {
    await using context = await createTestContext({ Dockerfile: shellDockerfile("true") });
    const short = await openTestJob(engine, { services: context.services });
    const result = await short.solve({ input: dockerfileInput() });
    const container = await short.openContainer({ reference: result.reference });
    const process = await container.start(["/bin/sleep", "1000"]);
    const ended = expect(process.exited).rejects.toMatchObject({ code: "SESSION_CLOSED" });
    await short[Symbol.asyncDispose]();
    await ended;
    await container[Symbol.asyncDispose]();
  });
});
