import { create } from "@bufbuild/protobuf";
import { type Abortable, raceAbort } from "../core/abort.ts";
import { BuildError } from "../core/errors.ts";
import type { Definition } from "../llb/definition.ts";
import { Control, SolveRequestSchema } from "../proto/gen/control_pb.js";
import { createIdentifier } from "../session/identifier.ts";
import { StatusError } from "../wire/status.ts";
import { engineLost } from "./job/build-failure.ts";
import { encodeDefinition } from "./job/definition-message.ts";
import { isAlive, type JobEngine, mayBeLost } from "./job/job-failure.ts";

/**
 * Solves a graph for nothing but whether that goes well: without a session, and without a record in the history of builds,
 * which takes the engine longer than a small graph.
 *
 * @throws BuildError `BUILD_FAILED` with what the engine says; EngineError `ENGINE_LOST`
 */
export async function tryGraph(engine: JobEngine, definition: Definition, { signal }: Abortable = {}): Promise<void> {
  const client = engine.transport.createClient();
  const request = create(SolveRequestSchema, {
    ...{ Ref: createIdentifier(), Internal: true, Cache: {} },
    Definition: encodeDefinition(definition),
  });
  try {
    await client.unary(Control.method.solve, request, { signal, watch: { beside: engine.main.probe } });
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof StatusError)) throw error;
    if (mayBeLost(error) && !(await raceAbort(isAlive(engine.main), signal))) throw engineLost(engine.address, error);
    throw new BuildError("BUILD_FAILED", error.statusMessage, { cause: error });
  } finally {
    client.close();
  }
}
