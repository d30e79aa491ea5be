import { expect, test } from "vitest";
import { traceHeaders } from "../../../sdk/engine/trace-context.ts";

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const UNSAMPLED = /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/;

test("the trace of the environment goes on in the engine", () => {
  expect(traceHeaders({ TRACEPARENT: PARENT })).toEqual({ traceparent: PARENT });
  expect(traceHeaders({ TRACEPARENT: PARENT, TRACESTATE: "vendor=1" })).toEqual({
    traceparent: PARENT,
    tracestate: "vendor=1",
  });
  expect(traceHeaders({ TRACEPARENT: PARENT, TRACESTATE: "a\nb" })).toEqual({ traceparent: PARENT });
});

test("without one nothing is recorded, each time under another name", () => {
  const traces = [{}, {}, { OTEL_TRACES_SAMPLER: "always_off" }, { OTEL_TRACES_SAMPLER: "parentbased_always_off" }];
  const headers = traces.map((env) => traceHeaders(env));
  for (const one of headers) expect(one).toEqual({ traceparent: expect.stringMatching(UNSAMPLED) });
  expect(new Set(headers.map(({ traceparent }) => traceparent)).size).toBe(traces.length);
});

test.each(["", "no trace", PARENT.toUpperCase(), `00-${"0".repeat(32)}-b7ad6b7169203331-01`])(
  "what is no trace is left out: %s",
  (TRACEPARENT) => {
    expect(traceHeaders({ TRACEPARENT })).toEqual({ traceparent: expect.stringMatching(UNSAMPLED) });
  },
);

test("where sampling is asked for, the engine decides", () => {
  expect(traceHeaders({ OTEL_TRACES_SAMPLER: "always_on" })).toEqual({});
});
