import type {
  CopyChange,
  FileChange,
  FileOp,
  FileOpAction,
  MkdirChange,
  MkfileChange,
  OpOwner,
  OpUser,
  RmChange,
  SymlinkChange,
} from "../op.ts";
import { decodeError, type ProtoReader } from "./proto-reader.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Reads `pb.FileOp`. */
export function decodeFile(reader: ProtoReader): FileOp {
  const actions: FileOpAction[] = [];
  reader.readFields({ 2: (field) => actions.push(decodeAction(field.message())) });
  return { kind: "file", actions };
}

function decodeAction(reader: ProtoReader): FileOpAction {
  const places = { input: 0, secondaryInput: 0, output: 0 };
  let action: FileChange | undefined;
  reader.readFields({
    1: (field) => (places.input = field.int()),
    2: (field) => (places.secondaryInput = field.int()),
    3: (field) => (places.output = field.int()),
    4: (field) => (action = decodeCopy(field.message())),
    5: (field) => (action = decodeMkfile(field.message())),
    6: (field) => (action = decodeMkdir(field.message())),
    7: (field) => (action = decodeRm(field.message())),
    8: (field) => (action = decodeSymlink(field.message())),
  });
  if (action === undefined) throw decodeError("a file action without content");
  return { ...places, action };
}

function decodeCopy(reader: ProtoReader): CopyChange {
  const include: string[] = [];
  const exclude: string[] = [];
  const requiredPaths: string[] = [];
  const copy: Writable<CopyChange> = { kind: "copy", src: "", dest: "", mode: 0, timestampNs: 0n };
  reader.readFields({
    1: (field) => (copy.src = field.string()),
    2: (field) => (copy.dest = field.string()),
    3: (field) => (copy.owner = decodeOwner(field.message())),
    4: (field) => (copy.mode = field.int()),
    5: (field) => (copy.followSymlink = field.bool()),
    6: (field) => (copy.contentsOnly = field.bool()),
    7: (field) => (copy.unpack = field.bool()),
    8: (field) => (copy.createDestPath = field.bool()),
    9: (field) => (copy.allowWildcard = field.bool()),
    10: (field) => (copy.allowEmptyWildcard = field.bool()),
    11: (field) => (copy.timestampNs = field.int64()),
    12: (field) => include.push(field.string()),
    13: (field) => exclude.push(field.string()),
    14: (field) => (copy.replaceExisting = field.bool()),
    15: (field) => (copy.modeText = field.string()),
    16: (field) => requiredPaths.push(field.string()),
  });
  return {
    ...copy,
    ...(include.length === 0 ? {} : { include }),
    ...(exclude.length === 0 ? {} : { exclude }),
    ...(requiredPaths.length === 0 ? {} : { requiredPaths }),
  };
}

function decodeMkfile(reader: ProtoReader): MkfileChange {
  const change: Writable<MkfileChange> = { kind: "mkfile", path: "", mode: 0, data: new Uint8Array(), timestampNs: 0n };
  reader.readFields({
    1: (field) => (change.path = field.string()),
    2: (field) => (change.mode = field.int()),
    3: (field) => (change.data = field.bytes()),
    4: (field) => (change.owner = decodeOwner(field.message())),
    5: (field) => (change.timestampNs = field.int64()),
  });
  return change;
}

function decodeMkdir(reader: ProtoReader): MkdirChange {
  const change: Writable<MkdirChange> = { kind: "mkdir", path: "", mode: 0, timestampNs: 0n };
  reader.readFields({
    1: (field) => (change.path = field.string()),
    2: (field) => (change.mode = field.int()),
    3: (field) => (change.makeParents = field.bool()),
    4: (field) => (change.owner = decodeOwner(field.message())),
    5: (field) => (change.timestampNs = field.int64()),
  });
  return change;
}

function decodeRm(reader: ProtoReader): RmChange {
  const change: Writable<RmChange> = { kind: "rm", path: "" };
  reader.readFields({
    1: (field) => (change.path = field.string()),
    2: (field) => (change.allowNotFound = field.bool()),
    3: (field) => (change.allowWildcard = field.bool()),
  });
  return change;
}

function decodeSymlink(reader: ProtoReader): SymlinkChange {
  const change: Writable<SymlinkChange> = { kind: "symlink", oldPath: "", newPath: "", timestampNs: 0n };
  reader.readFields({
    1: (field) => (change.oldPath = field.string()),
    2: (field) => (change.newPath = field.string()),
    3: (field) => (change.owner = decodeOwner(field.message())),
    4: (field) => (change.timestampNs = field.int64()),
  });
  return change;
}

function decodeOwner(reader: ProtoReader): OpOwner {
  const owner: Writable<OpOwner> = {};
  reader.readFields({
    1: (field) => (owner.user = decodeUser(field.message())),
    2: (field) => (owner.group = decodeUser(field.message())),
  });
  return owner;
}

function decodeUser(reader: ProtoReader): OpUser {
  let user: OpUser | undefined;
  reader.readFields({
    1: (field) => (user = decodeNamedUser(field.message())),
    2: (field) => (user = { id: field.int() }),
  });
  if (user === undefined) throw decodeError("an owner without name and number");
  return user;
}

function decodeNamedUser(reader: ProtoReader): OpUser {
  const user = { name: "", input: 0 };
  reader.readFields({ 1: (field) => (user.name = field.string()), 2: (field) => (user.input = field.int()) });
  return user;
}
