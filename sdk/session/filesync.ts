import { includeFollowed } from "../context/follow-paths.ts";
import { createEntryOpener } from "../context/open-file.ts";
import { createPace } from "../context/pace.ts";
import { createPathFilter } from "../context/path-filter.ts";
import { openTree } from "../context/virtual-tree.ts";
import { type ContextEntry, walkTree } from "../context/walk.ts";
import type { LocalSource } from "../core/local-source.ts";
import { type SendSummary, sendTree, type TreeSource } from "../wire/fsutil/sender.ts";
import { StatusError } from "../wire/status.ts";
import { ignoreFileOf } from "./ignore-request.ts";
import { readListHeader } from "./list-header.ts";
import type { CallHeaders, SessionCall, SessionService } from "./service.ts";

const METHOD = "/moby.filesync.v1.FileSync/DiffCopy";
/** Names under which the dockerfile frontend asks when it does not heed `contextkey` and `dockerfilekey`. */
const FRONTEND_NAMES = ["context", "dockerfile"];

/** How one request for a directory went. */
export interface SyncReport extends SendSummary {
  /** Name of the local source. */
  readonly name: string;
  readonly durationMs: number;
}

/** Options of {@link createFileSyncService}. */
export interface FileSyncOptions {
  /** Called after each request that was answered in full; the frontend makes several for one build. */
  readonly onSynced?: (report: SyncReport) => void;
}

/** What the daemon asks for. */
interface SyncRequest {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly followPaths: readonly string[];
}

/**
 * Serves directories to the daemon, which asks only for files that it does not have yet, or whose size, time or mode
 * changed. A name that is not served is answered with NOT_FOUND.
 *
 * With `ignoreFiles: false` the requests that the dockerfile frontend makes to read an ignore file find none.
 */
export function createFileSyncService(locals: readonly LocalSource[], options: FileSyncOptions = {}): SessionService {
  const sync = async (call: SessionCall): Promise<void> => {
    const local = findLocal(locals, readListHeader(call.headers, "dir-name")[0] ?? "");
    const startedAt = performance.now();
    const source = await openSource(local, readRequest(call.headers), call.signal);
    const summary = await sendTree(call, source, { signal: call.signal });
    options.onSynced?.({ name: local.name, ...summary, durationMs: performance.now() - startedAt });
  };
  return { methods: { [METHOD]: sync } };
}

function readRequest(headers: CallHeaders): SyncRequest {
  return {
    include: readListHeader(headers, "include-patterns"),
    exclude: readListHeader(headers, "exclude-patterns"),
    followPaths: readListHeader(headers, "followpaths"),
  };
}

async function openSource(
  local: LocalSource,
  request: SyncRequest,
  signal: AbortSignal,
): Promise<TreeSource<ContextEntry>> {
  const tree = await openTree(local.root);
  const include = await includeFollowed(tree, request.include, request.followPaths);
  const ignoreFile = local.ignoreFiles ? undefined : ignoreFileOf(request.include, request.followPaths);
  const filters = [
    { include: local.includePatterns, exclude: local.excludePatterns },
    { include, exclude: request.exclude },
  ].filter((filter) => filter.include?.length || filter.exclude?.length);
  const pace = createPace();
  return {
    entries: () =>
      walkTree(tree, {
        pace,
        filters: filters.map(createPathFilter),
        hidden: new Set(ignoreFile === undefined ? [] : [ignoreFile]),
        signal,
      }),
    open: createEntryOpener(pace),
  };
}

/**
 * Finds what the daemon means: the name itself; with a session prefix before it (`prefix-name`); or, for the names that the
 * dockerfile frontend has fixed, the only local of that kind.
 */
function findLocal(locals: readonly LocalSource[], name: string): LocalSource {
  const exact = locals.find((local) => local.name === name);
  const [prefixed] = locals
    .filter((local) => name.endsWith(`-${local.name}`))
    .sort((left, right) => right.name.length - left.name.length);
  const ofKind = FRONTEND_NAMES.includes(name) ? locals.filter((local) => local.name.startsWith(`${name}-`)) : [];
  const found = exact ?? prefixed ?? (ofKind.length === 1 ? ofKind[0] : undefined);
  if (found === undefined) throw new StatusError("NOT_FOUND", `no access allowed to dir "${name}"`);
  return found;
}
