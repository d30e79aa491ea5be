import { randomBytes } from "node:crypto";

/** What an environment says of tracing. */
export interface TraceEnvironment {
  readonly TRACEPARENT?: string | undefined;
  readonly TRACESTATE?: string | undefined;
  readonly OTEL_TRACES_SAMPLER?: string | undefined;
}

const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/**
 * The headers by which an engine knows the trace that its work belongs to: that of the environment, where one is. Else it is
 * told of one that nobody records: an engine that is told nothing keeps all spans of each build, and writes them into its
 * history, which costs it as much as a small build itself. With `OTEL_TRACES_SAMPLER`, unless that is `always_off`, it is
 * left to the engine.
 *
 * @source https://www.w3.org/TR/2021/REC-trace-context-1-20211123/#traceparent-header
 */
export function traceHeaders(env: TraceEnvironment): Readonly<Record<string, string>> {
  const { TRACEPARENT: parent = "", TRACESTATE: state = "", OTEL_TRACES_SAMPLER: sampler = "" } = env;
  if (TRACEPARENT.test(parent)) return { traceparent: parent, ...(isHeader(state) ? { tracestate: state } : {}) };
  if (sampler !== "" && !/^(parentbased_)?always_off$/.test(sampler)) return {};
  return { traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-00` };
}

function isHeader(text: string): boolean {
  return /^[\x20-\x7e]{1,512}$/.test(text);
}
