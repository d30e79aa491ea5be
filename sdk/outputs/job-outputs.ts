import type { JobOptions } from "../engine/engine.ts";
import { createFileSendService } from "../session/file-send.ts";
import type { EngineOutput } from "./build-output.ts";

/** The options of a job that has these outputs; the services come beside others. */
export function jobOutputs(outputs: readonly EngineOutput[]): Pick<JobOptions, "exporters" | "services"> {
  const receivers = outputs.flatMap(({ receive }, index) => (receive ? [[index, receive] as const] : []));
  return {
    exporters: outputs.map(({ exporter }) => exporter),
    services: receivers.length === 0 ? [] : [createFileSendService(new Map(receivers))],
  };
}
