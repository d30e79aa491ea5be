import { resolveDirectory } from "../exec/working-directory.ts";
import { inheritedConfig, resolvedImage } from "../image-config/base-image.ts";
import { InputList } from "../input-list.ts";
import { invalidOp } from "../invalid-op.ts";
import type { FileChange, FileOpAction, OpOwner, OpUser } from "../op.ts";
import { resolveDestination, resolvePath } from "../path.ts";
import type { Directory } from "../settings.ts";
import type { CopyNode, FileActionNode, FileVertex, Owner } from "../vertex.ts";
import type { LoweredBody, LoweringContext } from "../vertex-op.ts";

/** Changes to files as op: each action works on the result of the one before, the last one has the output. */
export function fileOp(vertex: FileVertex, context: LoweringContext): LoweredBody {
  const inputs = new InputList();
  const base = vertex.base === undefined ? -1 : inputs.add(context.inputOf(vertex.base));
  const secondary = vertex.actions.map((action) =>
    action.kind === "copy" && action.source !== undefined ? inputs.add(context.inputOf(action.source)) : -1,
  );
  const last = vertex.actions.length - 1;
  const actions = vertex.actions.map(
    (action, index): FileOpAction => ({
      input: index === 0 ? base : inputs.list.length + index - 1,
      secondaryInput: secondary[index] ?? -1,
      output: index === last ? 0 : -1,
      action: fileChange(action, vertex, base, context),
    }),
  );
  const caps = new Set(["file.base", ...vertex.actions.flatMap(actionCaps)]);
  return { body: { kind: "file", actions }, inputs: inputs.list, caps: [...caps], platform: undefined };
}

function fileChange(action: FileActionNode, vertex: FileVertex, base: number, context: LoweringContext): FileChange {
  const directory = absoluteDirectory(vertex.directory, context);
  switch (action.kind) {
    case "rm":
      return { ...action, path: resolvePath(directory, action.path) };
    case "symlink":
      // An absolute path stays as it is written, as with Go's client.
      return withOwner(
        {
          ...action,
          newPath: action.newPath.startsWith("/") ? action.newPath : resolvePath(directory, action.newPath),
        },
        vertex,
        base,
      );
    case "copy": {
      const { source: _source, sourceDirectory, ...change } = action;
      const from = absoluteDirectory(sourceDirectory, context);
      return withOwner(
        { ...change, src: resolvePath(from, action.src), dest: resolveDestination(directory, action.dest) },
        vertex,
        base,
      );
    }
    case "mkdir":
      return withOwner({ ...action, path: resolvePath(directory, action.path) }, vertex, base);
    case "mkfile":
      return withOwner({ ...action, path: resolvePath(directory, action.path) }, vertex, base);
  }
}

function absoluteDirectory(directory: Directory, context: LoweringContext): string {
  if (directory.path.startsWith("/")) return directory.path;
  return resolveDirectory(
    directory,
    inheritedConfig(resolvedImage(directory.image, context.platform, context)).workingDir,
  );
}

type Bound<T> = Omit<T, "owner"> & { readonly owner?: OpOwner };

function withOwner<T extends { readonly owner: Owner | undefined }>(
  change: T,
  vertex: FileVertex,
  base: number,
): Bound<T> {
  const { owner, ...rest } = change;
  if (owner === undefined) return rest;
  return {
    ...rest,
    owner: {
      ...(owner.user === undefined ? {} : { user: bindUser(owner.user, vertex, base) }),
      ...(owner.group === undefined ? {} : { group: bindUser(owner.group, vertex, base) }),
    },
  };
}

function bindUser(user: string | number, vertex: FileVertex, base: number): OpUser {
  if (typeof user === "number") return { id: user };
  if (base < 0) {
    throw invalidOp(`the owner "${user}" cannot be looked up in scratch`, {
      op: "file",
      site: vertex.site,
      hint: "Use numbers, or start from a state that has /etc/passwd.",
    });
  }
  return { name: user, input: base };
}

function actionCaps(action: FileActionNode): readonly string[] {
  if (action.kind === "rm") return action.allowWildcard === true ? ["file.rm.wildcard"] : [];
  if (action.kind === "symlink") return ["file.symlink.create"];
  return action.kind === "copy" ? copyCaps(action) : [];
}

// The symbolic mode has no entry here: daemons do not know the name of that capability and would refuse it.
function copyCaps({ include, exclude, requiredPaths, replaceExisting }: CopyNode): readonly string[] {
  const caps: string[] = [];
  if ((include?.length ?? 0) > 0 || (exclude?.length ?? 0) > 0) caps.push("file.copy.includeexcludepatterns");
  if ((requiredPaths?.length ?? 0) > 0) caps.push("file.copy.requiredpaths");
  if (replaceExisting === true) caps.push("file.copy.alwaysreplaceexistingdestpaths");
  return caps;
}
