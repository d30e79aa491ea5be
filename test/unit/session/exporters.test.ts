import { describe, expect, test } from "vitest";
import { InputError } from "../../../sdk/core/errors.ts";
import { Exporter } from "../../../sdk/proto/gen/exporter_pb.js";
import { createExporterService, type ExporterChoice } from "../../../sdk/session/exporters.ts";
import { openDaemonSide } from "./daemon-side.ts";

const open = (choice: ExporterChoice) => openDaemonSide([createExporterService(choice)]);
const { findExporters, finalizeExport } = Exporter.method;

describe("the exporter service", () => {
  test("finds exporters by what was made, and tells what they answered", async () => {
    const answers: unknown[] = [];
    await using side = await open({
      find: ({ metadata, references }) =>
        references.map((name) => ({
          type: "oci",
          attributes: { name, word: Buffer.from(metadata.word ?? []).toString() },
        })),
      finalize: (response) => void answers.push(response),
    });
    const found = await side.client.unary(findExporters, {
      metadata: { word: Buffer.from("hello") },
      refs: ["one", "two"],
    });
    expect(found.exporters).toMatchObject([
      { Type: "oci", Attrs: { name: "one", word: "hello" } },
      { Type: "oci", Attrs: { name: "two", word: "hello" } },
    ]);
    await side.client.unary(finalizeExport, { exporterResponse: { digest: "x" } });
    expect(answers).toEqual([{ digest: "x" }]);
  });

  test("may find none, and need not be told", async () => {
    await using side = await open({ find: async () => [] });
    expect((await side.client.unary(findExporters, {})).exporters).toEqual([]);
    await side.client.unary(finalizeExport, {});
    expect(side.session.failures).toEqual([]);
  });

  test("keeps the error of a choice that fails for the build", async () => {
    const refusal = new InputError("INPUT_OPTION_INVALID", "not for release");
    await using side = await open({
      find: () => Promise.reject(refusal),
      finalize: () => {
        throw new Error("nobody listens");
      },
    });
    await expect(side.client.unary(findExporters, {})).rejects.toMatchObject({ status: "UNKNOWN" });
    await expect(side.client.unary(finalizeExport, {})).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toMatchObject([
      { error: refusal },
      { error: { code: "BUILD_CALLBACK_FAILED", cause: { message: "nobody listens" } } },
    ]);
  });

  test("tells a choice that never answers when the session ends", async () => {
    let asked: ((signal: AbortSignal | undefined) => void) | undefined;
    const asking = new Promise<AbortSignal | undefined>((resolve) => {
      asked = resolve;
    });
    const side = await open({
      find: (_result, { signal }) => {
        asked?.(signal);
        return new Promise(() => {});
      },
    });
    const call = side.client.unary(findExporters, {}).catch(() => {});
    const signal = await asking;
    await side[Symbol.asyncDispose]();
    expect(signal?.aborted).toBe(true);
    await call;
  });
});
