/**
 * Every code that an error of kitsmith can have, by class, with what it means.
 * The table in docs/errors.md is made from this one.
 */
export const ERROR_CODES = {
  InputError: {
    INPUT_YAML_INVALID: "A YAML file does not parse, or a value has the wrong type.",
    INPUT_FIELD_UNKNOWN: "A key that the file's format does not have.",
    INPUT_SOURCE_MISSING: "A file or directory that the input names is not there, or lies outside of what is allowed.",
    INPUT_SOURCE_UNREADABLE: "A file or directory of a build context cannot be read, or its name is not UTF-8.",
    INPUT_PATTERN_INVALID: "A pattern of an ignore file or of a filter does not parse.",
    INPUT_OPTION_INVALID: "An option or flag has a value that is not accepted.",
    INPUT_REFERENCE_INVALID: "An image reference does not parse.",
    INPUT_PLATFORM_INVALID: "A platform does not parse.",
    INPUT_PACKAGE_NOT_FOUND: "A directory holds neither build.yml nor Dockerfile, or there is no such directory.",
    INPUT_TEMPLATE_INVALID: "A tag template does not parse or cannot be executed.",
    INPUT_CREDENTIALS_INVALID: "A docker config or the answer of a credential helper cannot be used.",
    INPUT_SECRET_MISSING: "The environment variable, file or function of a secret gives nothing.",
    INPUT_SECRET_TOO_LARGE: "A secret holds more than 500 KiB.",
    INPUT_SSH_AGENT_UNUSABLE: "There is no ssh agent at a socket, it does not answer, or a key cannot be read.",
  },
  PlanError: {
    PLAN_PLATFORM_UNSUPPORTED: "A platform was asked for that the package does not build.",
    PLAN_TREE_DIRTY: "The package has uncommitted changes and would be pushed.",
    PLAN_TREE_CHANGED: "The package changed while it was built.",
    PLAN_NOT_IN_GIT: "The package has no hash: it is not in a git repository, or not committed.",
    PLAN_GIT_FAILED: "git could not be run, or gave an answer that is not understood.",
    PLAN_BUILD_ARG_UNKNOWN: "A build arg names a source that does not exist.",
    PLAN_CREDENTIALS_MISSING: "The registry does not let us push with the credentials that there are.",
    PLAN_REGISTRY_UNREACHABLE: "The registry's state is unknown, so nothing may be pushed.",
    PLAN_INPUTS_DIFFER: "An image with this tag exists, made from other inputs.",
    PLAN_EMULATION_REFUSED: "A platform would need emulation, and the policy forbids it.",
    PLAN_RECIPE_INVALID: "A recipe did not give back a state, or a Dockerfile is needed in its place.",
    PLAN_CYCLE: "Packages depend on each other in a circle.",
    PLAN_SCANNER_UNAVAILABLE: "The image that makes bills of materials cannot be had.",
    PLAN_CHECK_FAILED: "A check of an image failed; nothing of it was published.",
  },
  RunError: {
    RUN_FAILED: "Some packages or platforms of the run failed; the error carries the outcome of each.",
    RUN_DEPENDENCY_FAILED: "What a package or platform needs of the same run failed, so it was not begun.",
    RUN_TIMED_OUT: "One platform of a package took longer than it was given.",
    RUN_CANCELED: "The run was canceled by the caller.",
  },
  GraphError: {
    LLB_INVALID_OP: "An operation has an argument that BuildKit would refuse.",
    LLB_CAP_MISSING: "The engine lacks a capability that an operation needs.",
    LLB_UNRESOLVED: "A graph uses a package or a frontend that nothing was put in the place of.",
    LLB_TOO_LARGE: "The definition exceeds the size of a message to the engine.",
    LLB_DECODE_FAILED: "Bytes that are not a valid LLB definition.",
  },
  EngineError: {
    ENGINE_NOT_FOUND: "No engine was found; the error lists what was tried.",
    ENGINE_UNREACHABLE: "An engine was named or found, but does not answer.",
    ENGINE_TOO_OLD: "The engine is older than the oldest version that is supported.",
    ENGINE_LOST: "The connection to the engine broke during a build.",
    ENGINE_START_FAILED: "kitsmith could not start an engine of its own.",
    ENGINE_IMAGE_UNAVAILABLE: "The image of an engine's container is not there, and cannot be pulled.",
    ENGINE_CONTAINER_TAKEN: "The name of an engine's container is that of a container of another kind.",
    ENGINE_DOWNLOAD_REFUSED: "A release has no pinned digest, or what was downloaded does not match it.",
    ENGINE_FEATURE_MISSING: "The engine cannot do what was asked, such as an exporter it lacks.",
  },
  BuildError: {
    BUILD_STEP_FAILED: "A step of the build failed.",
    BUILD_FAILED: "The build failed outside of a step.",
    BUILD_PROCESS_FAILED: "A program in a container could not be started, or ended without an exit code.",
    BUILD_SOURCE_DENIED: "The policy of a job denied a source; the error says why.",
    BUILD_CALLBACK_FAILED:
      "A function or stream that a build was given to serve its engine failed; the cause says why.",
    BUILD_CANCELED: "The daemon canceled the build.",
  },
  ProtocolError: {
    WIRE_FRAME_INVALID: "Bytes that are not what the protocol says.",
    WIRE_STATUS: "A gRPC status without a better meaning.",
    WIRE_UPGRADE_REFUSED: "A daemon refused to upgrade the connection.",
    FSUTIL_PATH_UNSAFE: "A path that would leave its root, or is out of order.",
    FSUTIL_PEER_FAILED: "The other side of a file transfer reported an error.",
    SESSION_CLOSED: "The session ended while it was in use.",
  },
  RegistryError: {
    REGISTRY_UNAUTHORIZED: "401: the registry wants other credentials.",
    REGISTRY_FORBIDDEN: "403: the credentials do not allow this.",
    REGISTRY_NOT_FOUND: "404: there is no such repository, manifest or blob.",
    REGISTRY_RATE_LIMITED: "429: too many requests.",
    REGISTRY_UNAVAILABLE: "5xx: the registry failed.",
    REGISTRY_UNREACHABLE: "No connection: name, network or refused.",
    REGISTRY_TLS: "The registry's certificate is not accepted.",
    REGISTRY_REJECTED: "Any other answer that is not success.",
    REGISTRY_PROTOCOL: "An answer that the distribution specification does not allow.",
    REGISTRY_INDEX_CONFLICT: "Another writer keeps changing the index.",
  },
  ContentError: {
    CONTENT_DIGEST_MISMATCH: "Bytes do not have the digest that names them.",
    CONTENT_SIZE_MISMATCH: "Bytes are more or fewer than the descriptor says.",
    CONTENT_NOT_FOUND: "There is no such content in the store.",
    CONTENT_CORRUPT: "A stored file cannot be understood.",
    CONTENT_COPY_FAILED: "Content could not be copied.",
    CONTENT_WRITE_FAILED: "Content could not be written: disk full, read-only, no permission.",
    CONTENT_PATH_UNSAFE: "An archive entry that would leave its root.",
    CACHE_LOCK_UNAVAILABLE: "There is no way to take the cache's lock on this machine.",
  },
} as const;

type Table = typeof ERROR_CODES;

/** Names of the error classes. */
export type ErrorClassName = keyof Table;
/** The codes of one class, or of all. */
export type ErrorCode<Name extends ErrorClassName = ErrorClassName> = {
  [Class in Name]: Extract<keyof Table[Class], string>;
}[Name];
