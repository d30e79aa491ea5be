import type { SourceLocation } from "../core/errors.ts";

/** Any function; only its identity counts. */
export type BuilderFunction = (...args: never[]) => unknown;

/** Where an op was written. The stack is turned into a place only when somebody asks. */
export class CallSite {
  readonly stack?: string;

  /** Remembers who called `builder`. */
  constructor(builder: BuilderFunction, frameLimit: number) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = frameLimit;
    Error.captureStackTrace(this, builder);
    Error.stackTraceLimit = limit;
  }
}

// Frames of kitsmith itself are skipped: of its source, or of the folder of the bundle, whose source maps lead to sdk/.
const HOME = new URL(".", import.meta.url).href.replace(/\/llb\/$/, "/");
const SOURCES = new URL("../sdk/", HOME).href;
const FRAME_LIMIT = 6;
const ERROR_FRAME_LIMIT = 50;
const PLACE = /^(.+):(\d+):(\d+)$/;

let capturing = true;
let caller: CallSite | undefined;

/** Remembers the call of a builder, or of the library function around it, unless capturing is off. */
export function captureCallSite(builder: BuilderFunction): CallSite | undefined {
  return capturing ? (caller ?? new CallSite(builder, FRAME_LIMIT)) : undefined;
}

/**
 * For libraries of steps: what is built in the function points at the line that called `library`, in place of a line of
 * the library, in errors and when a step fails. Of several around each other the outermost counts.
 *
 * @example
 * ```ts
 * export function withTools(state: State): State {
 *   return atCaller(withTools, () => state.run("apk add make").run("make --version"));
 * }
 * ```
 */
export function atCaller<T>(library: BuilderFunction, build: () => T): T {
  if (caller !== undefined || !capturing) return build();
  caller = new CallSite(library, ERROR_FRAME_LIMIT);
  try {
    return build();
  } finally {
    caller = undefined;
  }
}

/**
 * Runs a function in which builders do not remember where they are called: for graphs of many thousand ops,
 * where that costs more than all the rest. Steps that fail then have no line.
 */
export function withoutCallSites<T>(build: () => T): T {
  const before = capturing;
  capturing = false;
  try {
    return build();
  } finally {
    capturing = before;
  }
}

/** The line of the user's code that is on the stack right now. */
export function currentLocation(): SourceLocation | undefined {
  return callSiteLocation(caller ?? new CallSite(currentLocation, ERROR_FRAME_LIMIT));
}

/** The first frame outside of kitsmith, or undefined where there is none. */
export function callSiteLocation(site: CallSite | undefined): SourceLocation | undefined {
  if (site === undefined) return undefined;
  for (const frame of (site.stack ?? "").split("\n").slice(1)) {
    const [, file, line, column] = PLACE.exec(framePlace(frame)) ?? [];
    if (file === undefined || isOwnFrame(file)) continue;
    return { file: filePath(file), line: Number(line), column: Number(column) };
  }
  return undefined;
}

/** `at name (place)` or `at place`. */
function framePlace(frame: string): string {
  const text = frame.trim().replace(/^at (?:async )?/, "");
  const bracket = text.endsWith(")") ? text.indexOf(" (") : -1;
  return bracket < 0 ? text : text.slice(bracket + 2, -1);
}

function isOwnFrame(file: string): boolean {
  if (file.startsWith("node:")) return true;
  const url = file.includes("://") ? file : `file://${encodeURI(file)}`;
  return url.startsWith(HOME) || url.startsWith(SOURCES);
}

function filePath(file: string): string {
  return file.startsWith("file://") ? decodeURIComponent(new URL(file).pathname) : file;
}
