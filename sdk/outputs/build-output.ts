import type { ExporterEntry, ExportResult } from "../engine/engine.ts";
import type { AttestedImage } from "../oci/model/attested-image.ts";
import type { SessionHandler } from "../session/service.ts";

/** An exporter of an engine, and what the client does with what it sends. */
export interface EngineOutput {
  readonly exporter: ExporterEntry;
  /** Receives what the exporter sends to the client, where it sends anything. */
  readonly receive?: SessionHandler;
}

/** Where the result of one build goes. */
export interface BuildOutput extends EngineOutput {
  /**
   * Takes the exporter's answer once the build is over.
   *
   * @returns the image that was made; undefined for outputs that hold no image
   */
  complete(exported: ExportResult): Promise<AttestedImage | undefined>;
  /** True where the goal may mount layers from where they lie, so that the engine need not have them. Default false. */
  readonly mounts?: boolean;
  /** Why we could not take what came, where the engine's error says no more than that it was refused; undefined for another. */
  failure?(error: unknown): unknown;
}
