import { type ParentMatch, type PatternList, parsePatterns } from "./pattern.ts";

/** Which paths are wanted. */
export interface PathFilterOptions {
  /** A path passes if it or a parent matches. Undefined or empty: every path does. */
  readonly include?: readonly string[] | undefined;
  /** A path drops if it or a parent matches. */
  readonly exclude?: readonly string[] | undefined;
}

/** What a filter says about an entry. */
export interface PathDecision {
  readonly wanted: boolean;
  /** True if the exclude list is why it is not. */
  readonly ignored: boolean;
  /** False if nothing below a directory can be wanted. */
  readonly descend: boolean;
  /** To be handed in for the entries of the directory. */
  readonly state: PathState;
}

interface PathState {
  readonly include: ParentMatch | undefined;
  readonly exclude: ParentMatch | undefined;
}

/** Decides about the entries of a tree, directory by directory. */
export interface PathFilter {
  /** `parent` is the state of the directory that holds the entry, undefined for entries of the root. */
  decide(path: string, isDirectory: boolean, parent: PathState | undefined): PathDecision;
}

/**
 * Creates a filter as the daemon means it: first the include list, then the exclude list. Directories that cannot hold
 * anything that is wanted are not walked.
 *
 * @throws InputError `INPUT_PATTERN_INVALID`
 * @source https://github.com/tonistiigi/fsutil/blob/83cac42c1c52/filter.go
 */
export function createPathFilter(options: PathFilterOptions): PathFilter {
  const include = options.include?.length ? parsePatterns(options.include) : undefined;
  const exclude = options.exclude?.length ? parsePatterns(options.exclude) : undefined;
  const mayHoldIncluded = include && mayHold(include, false);
  const mayHoldExceptions = exclude && mayHold(exclude, true);
  return {
    decide(path, isDirectory, parent) {
      const included = include?.matchEntry(path, parent?.include);
      const excluded = exclude?.matchEntry(path, parent?.exclude);
      const state = { include: included?.state, exclude: excluded?.state };
      const outside = included !== undefined && !included.matched;
      const dropped = excluded?.matched ?? false;
      const descend =
        isDirectory &&
        (!outside || mayHoldIncluded?.(path) === true) &&
        (!dropped || mayHoldExceptions?.(path) === true);
      return { wanted: !outside && !dropped, ignored: !outside && dropped, descend, state };
    },
  };
}

/** Tells whether a directory that does not match may hold what the patterns (or the exceptions) of a list name. */
function mayHold({ patterns }: PatternList, exceptions: boolean): (directory: string) => boolean {
  const prefixes = patterns
    .filter(({ exception }) => exception === exceptions)
    .map(({ text }) => withoutLastGlob(text));
  if (prefixes.some((prefix) => /[*[\]?^\\]/.test(prefix))) return () => true;
  return (directory) => prefixes.some((prefix) => `${prefix}/`.startsWith(`${directory}/`));
}

function withoutLastGlob(text: string): string {
  return text.replace(/\/\*\*$/, "").replace(/\/\*$/, "");
}
