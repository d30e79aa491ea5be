import type { Abortable } from "../core/abort.ts";
import { Exporter } from "../proto/gen/exporter_pb.js";
import { callBack } from "./callback-failure.ts";
import type { SessionService } from "./service.ts";
import { unaryMethod } from "./unary-method.ts";

/** What a build made, before anything of it is exported. */
export interface ExportableResult {
  /** What the frontend and the recipe say of it, such as `containerimage.config`; with the platform behind a slash where there are several. */
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  /** The engine's names of its file systems, one for each platform that is not empty. */
  readonly references: readonly string[];
}

/** An exporter that is added to a build; attributes as BuildKit names them. */
export interface AddedExporter {
  readonly type: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Decides where a result goes once it is known. */
export interface ExporterChoice {
  /**
   * Gives the exporters that come behind those of the job. What one of them sends to the client arrives under its number in
   * this order.
   */
  find(result: ExportableResult, options: Abortable): readonly AddedExporter[] | Promise<readonly AddedExporter[]>;
  /**
   * Told what all exporters answered, before the build is over; if it fails, so does the build, whose exports stay. Engines
   * before BuildKit 0.32 do not tell it.
   */
  finalize?(response: Readonly<Record<string, string>>, options: Abortable): void | Promise<void>;
}

/**
 * Lets a build choose its exporters when its result is known, in a job with `sessionExporters: true`. Engines before
 * BuildKit 0.22 do not ask, and export what the job itself names. A choice that fails, fails the build: with its own error if that is one
 * of kitsmith's, else as the cause of a BuildError `BUILD_CALLBACK_FAILED`.
 *
 * @example An archive only of what says that it is for release
 * ```ts
 * const { exporters, services } = jobOutputs([ociArchiveOutput("release.tar")]);
 * const choice = createExporterService({
 *   find: ({ metadata }) => ("frontend.example.release" in metadata ? exporters : []),
 *   finalize: (response) => console.log(response["containerimage.digest"]),
 * });
 * await using job = await engine.openJob({ exporters: [], services: [...services, choice], sessionExporters: true, sharedKey: "" });
 * ```
 */
export function createExporterService(choice: ExporterChoice): SessionService {
  return {
    methods: {
      ...unaryMethod(Exporter.method.findExporters, async ({ metadata, refs: references }, { signal }) => {
        const found = await callBack(signal, "the exporters could not be chosen", async () =>
          choice.find({ metadata, references }, { signal }),
        );
        return { exporters: found.map(({ type: Type, attributes }) => ({ Type, Attrs: { ...attributes } })) };
      }),
      ...unaryMethod(Exporter.method.finalizeExport, async ({ exporterResponse }, { signal }) => {
        await callBack(signal, "what follows the export failed", async () =>
          choice.finalize?.(exporterResponse, { signal }),
        );
        return {};
      }),
    },
  };
}
