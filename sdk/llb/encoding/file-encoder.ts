import type { CopyChange, FileChange, FileOp, OpOwner, OpUser } from "../op.ts";
import type { ProtoWriter } from "./proto-writer.ts";

const FIELD_BY_KIND: Readonly<Record<FileChange["kind"], number>> = { copy: 4, mkfile: 5, mkdir: 6, rm: 7, symlink: 8 };

/** Writes the members of `pb.FileOp`. */
export function encodeFile(writer: ProtoWriter, op: FileOp): void {
  for (const { input, secondaryInput, output, action } of op.actions) {
    const mark = writer.begin(2);
    writer.int(1, input);
    writer.int(2, secondaryInput);
    writer.int(3, output);
    const body = writer.begin(FIELD_BY_KIND[action.kind]);
    encodeChange(writer, action);
    writer.end(body);
    writer.end(mark);
  }
}

function encodeChange(writer: ProtoWriter, change: FileChange): void {
  switch (change.kind) {
    case "copy":
      encodeCopy(writer, change);
      return;
    case "mkfile":
      writer.string(1, change.path);
      writer.int(2, change.mode);
      writer.bytes(3, change.data);
      encodeOwner(writer, 4, change.owner);
      writer.int(5, change.timestampNs);
      return;
    case "mkdir":
      writer.string(1, change.path);
      writer.int(2, change.mode);
      writer.bool(3, change.makeParents);
      encodeOwner(writer, 4, change.owner);
      writer.int(5, change.timestampNs);
      return;
    case "rm":
      writer.string(1, change.path);
      writer.bool(2, change.allowNotFound);
      writer.bool(3, change.allowWildcard);
      return;
    case "symlink":
      writer.string(1, change.oldPath);
      writer.string(2, change.newPath);
      encodeOwner(writer, 3, change.owner);
      writer.int(4, change.timestampNs);
  }
}

function encodeCopy(writer: ProtoWriter, change: CopyChange): void {
  writer.string(1, change.src);
  writer.string(2, change.dest);
  encodeOwner(writer, 3, change.owner);
  writer.int(4, change.mode);
  writer.bool(5, change.followSymlink);
  writer.bool(6, change.contentsOnly);
  writer.bool(7, change.unpack);
  writer.bool(8, change.createDestPath);
  writer.bool(9, change.allowWildcard);
  writer.bool(10, change.allowEmptyWildcard);
  writer.int(11, change.timestampNs);
  writer.strings(12, change.include);
  writer.strings(13, change.exclude);
  writer.bool(14, change.replaceExisting);
  writer.string(15, change.modeText);
  writer.strings(16, change.requiredPaths);
}

function encodeOwner(writer: ProtoWriter, field: number, owner: OpOwner | undefined): void {
  if (owner === undefined) return;
  const mark = writer.begin(field);
  encodeUser(writer, 1, owner.user);
  encodeUser(writer, 2, owner.group);
  writer.end(mark);
}

function encodeUser(writer: ProtoWriter, field: number, user: OpUser | undefined): void {
  if (user === undefined) return;
  const mark = writer.begin(field);
  if ("id" in user) {
    writer.intAlways(2, user.id);
  } else {
    const named = writer.begin(1);
    writer.string(1, user.name);
    writer.int(2, user.input);
    writer.end(named);
  }
  writer.end(mark);
}
