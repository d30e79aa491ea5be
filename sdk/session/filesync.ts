import { includeFollowed } from "../context/follow-paths.ts";
import { createPathFilter } from "../context/path-filter.ts";
import { openTree } from "../context/virtual-tree.ts";
import type { LocalSource } from "../core/local-source.ts";
import type { Shared } from "../core/shared.ts";
import { type SendSummary, sendTree } from "../wire/fsutil/sender.ts";
import { StatusError } from "../wire/status.ts";
import { createTreeListing, type TreeListing } from "./filesync/tree-listing.ts";
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
  /** Files that the daemon had already, and did not ask for. */
  readonly filesSkipped: number;
  /** How large these are. */
  readonly bytesSkipped: number;
  /** Entries that exclude patterns kept out. A directory that was not entered is one, whatever it holds. */
  readonly entriesIgnored: number;
  readonly durationMs: number;
}

/** Options of {@link createFileSyncService}. */
export interface FileSyncOptions {
  /** Called after each request that was answered in full; the frontend makes several for one build. */
  readonly onSynced?: (report: SyncReport) => void;
  /**
   * Lets requests for the same files that go on at the same time, also in other sessions, share one walk of the directory.
   * A request that joins another one gets the tree as that one saw it: only for who notices in the end when something
   * changed. Default: each request walks.
   *
   * @internal
   */
  readonly listings?: Shared<TreeListing>;
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
    const send = async (listing: TreeListing): Promise<void> => {
      const summary = await sendTree(call, listing, { signal: call.signal });
      const durationMs = performance.now() - startedAt;
      options.onSynced?.(reportOf(local, summary, listing, durationMs));
    };
    const { key, create } = await findFiles(local, readRequest(call.headers));
    await (options.listings ? options.listings.with(key, create, send) : send(create()));
  };
  return { methods: { [METHOD]: sync } };
}

function reportOf(
  { name }: LocalSource,
  summary: SendSummary,
  { entriesIgnored }: TreeListing,
  durationMs: number,
): SyncReport {
  const filesSkipped = summary.filesTotal - summary.filesSent;
  const bytesSkipped = summary.bytesTotal - summary.bytesSent;
  return { name, ...summary, filesSkipped, bytesSkipped, entriesIgnored, durationMs };
}

function readRequest(headers: CallHeaders): SyncRequest {
  return {
    include: readListHeader(headers, "include-patterns"),
    exclude: readListHeader(headers, "exclude-patterns"),
    followPaths: readListHeader(headers, "followpaths"),
  };
}

/** What a request is for: a key that tells it from others, and how its files are listed. */
async function findFiles(
  local: LocalSource,
  request: SyncRequest,
): Promise<{ readonly key: string; readonly create: () => TreeListing }> {
  const tree = await openTree(local.root);
  const include = await includeFollowed(tree, request.include, request.followPaths);
  const ignoreFile = local.ignoreFiles ? undefined : ignoreFileOf(request.include, request.followPaths);
  const filters = [
    { include: local.includePatterns, exclude: local.excludePatterns },
    { include, exclude: request.exclude },
  ].filter((filter) => filter.include?.length || filter.exclude?.length);
  const hidden = ignoreFile === undefined ? [] : [ignoreFile];
  return {
    key: JSON.stringify([local.root, filters, hidden]),
    create: () => createTreeListing(tree, { filters: filters.map(createPathFilter), hidden: new Set(hidden) }),
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
