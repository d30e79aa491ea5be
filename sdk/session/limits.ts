/**
 * What an engine may ask of a session at most. Engines stay far below all of this; a build step, or an engine that is broken
 * or not what it should be, shall take neither the memory nor the files of this process. One table with the reasons:
 * docs/session.md.
 */

/** A question that is answered once holds names, digests and scopes, no data. */
export const REQUEST_LIMIT_BYTES: number = 1024 * 1024;

/** Who opens a call for one question has it ready. */
export const REQUEST_TIMEOUT_MS = 60_000;

/** A function that gets a secret may ask a person; one that hangs must not hold the build for ever. */
export const SECRET_TIMEOUT_MS: number = 5 * 60_000;

/** The name of a write is kept while it goes on. Engines use a digest with a few words. */
export const INGEST_NAME_LIMIT_BYTES = 4096;

/** The most that one message of an upload holds; chunks that are larger go in several. */
export const UPLOAD_PIECE_BYTES: number = 1024 * 1024;

/** Tokens of a session by what they are for; beyond that the oldest is forgotten, and fetched as if it were new. */
export const TOKENS_LIMIT = 256;

/** Failures that are kept to explain how a build ended. The first ones do. */
export const FAILURES_LIMIT = 100;

/** Calls of one method at once, where nothing else is said. */
export const CALLS_LIMIT = 256;

/** Calls at once of methods that each hold files, sockets or processes while they go on. */
export const CALLS_LIMITS: Readonly<Record<string, number>> = {
  // Each walks a directory, and has four files of it open.
  "/moby.filesync.v1.FileSync/DiffCopy": 64,
  // One for each exporter and platform.
  "/moby.filesync.v1.FileSend/DiffCopy": 64,
  // Each has a source open: a file, a program or another connection.
  "/moby.upload.v1.Upload/Pull": 64,
  // Each is a connection to somebody's agent; steps open one for each ssh process.
  "/moby.sshforward.v1.SSH/ForwardAgent": 64,
  // Each has a file open and up to 2 MiB in memory.
  "/containerd.services.content.v1.Content/Read": 128,
  // Each has a file open.
  "/containerd.services.content.v1.Content/Write": 64,
  // Each may start a credential helper, or ask a token service.
  "/moby.filesync.v1.Auth/Credentials": 64,
  "/moby.filesync.v1.Auth/FetchToken": 64,
};
