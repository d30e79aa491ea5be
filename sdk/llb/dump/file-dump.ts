import type { FileChange, FileOpAction, OpOwner, OpUser } from "../op.ts";
import { type GoJson, type GoJsonObject, omitZero } from "./go-json.ts";

/** A file action as Go writes it; a symlink as well, which Go's own JSON forgets. */
export function fileActionDump({ input, secondaryInput, output, action }: FileOpAction): GoJson {
  return { input, secondaryInput, output, Action: { [action.kind]: omitZero(changeDump(action)) } };
}

function changeDump(change: FileChange): GoJsonObject {
  switch (change.kind) {
    case "copy":
      return {
        src: change.src,
        dest: change.dest,
        owner: ownerDump(change.owner),
        mode: change.mode,
        followSymlink: change.followSymlink,
        dirCopyContents: change.contentsOnly,
        attemptUnpackDockerCompatibility: change.unpack,
        createDestPath: change.createDestPath,
        allowWildcard: change.allowWildcard,
        allowEmptyWildcard: change.allowEmptyWildcard,
        timestamp: change.timestampNs,
        include_patterns: change.include,
        exclude_patterns: change.exclude,
        alwaysReplaceExistingDestPaths: change.replaceExisting,
        modeStr: change.modeText,
        required_paths: change.requiredPaths,
      };
    case "mkfile":
      return {
        path: change.path,
        mode: change.mode,
        data: Buffer.from(change.data).toString("base64"),
        owner: ownerDump(change.owner),
        timestamp: change.timestampNs,
      };
    case "mkdir":
      return {
        path: change.path,
        mode: change.mode,
        makeParents: change.makeParents,
        owner: ownerDump(change.owner),
        timestamp: change.timestampNs,
      };
    case "rm":
      return { path: change.path, allowNotFound: change.allowNotFound, allowWildcard: change.allowWildcard };
    case "symlink":
      return {
        oldpath: change.oldPath,
        newpath: change.newPath,
        owner: ownerDump(change.owner),
        timestamp: change.timestampNs,
      };
  }
}

function ownerDump(owner: OpOwner | undefined): GoJson | undefined {
  if (owner === undefined) return undefined;
  return { user: owner.user && userDump(owner.user), group: owner.group && userDump(owner.group) };
}

function userDump(user: OpUser): GoJson {
  if ("id" in user) return { User: omitZero({ byId: user.id }) };
  return { User: { byName: omitZero({ name: user.name, input: user.input }) } };
}
