import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Abortable } from "../../core/abort.ts";
import { ProtocolError } from "../../core/errors.ts";
import { LLBBridge } from "../../proto/gen/gateway_pb.js";
import { type MountSchema, MountType, NetMode } from "../../proto/gen/ops_pb.js";
import { createIdentifier } from "../../session/identifier.ts";
import type { BridgeCallOptions, JobConnection } from "../job/job-connection.ts";
import type {
  Container,
  ContainerMount,
  ContainerOptions,
  ContainerProcess,
  ExecOptions,
  ExecResult,
  ProcessOptions,
} from "./container.ts";
import { collectOutput } from "./process-output.ts";
import { type ProcessPrivileges, startProcess } from "./start-process.ts";

const RELEASE_TIMEOUT_MS = 10_000;

/** What is asked of the daemon for a container, but for the container's name. */
export type ContainerRequest = MessageInitShape<typeof LLBBridge.method.newContainer.input>;

/** Opens a container; the daemon evaluates what is mounted first. */
export async function openContainer(connection: JobConnection, options: ContainerOptions): Promise<Container> {
  return await createContainer(connection, encodeContainer(options), options);
}

/** A container with the name that the daemon knows it by. */
export interface DaemonContainer extends Container {
  readonly id: string;
}

/** Opens a container as it is asked for; `privileges` go to each of its programs. */
export async function createContainer(
  connection: JobConnection,
  request: ContainerRequest,
  options: Abortable,
  privileges: ProcessPrivileges = {},
): Promise<DaemonContainer> {
  const id = createIdentifier();
  await connection.call(LLBBridge.method.newContainer, { ...request, ContainerID: id }, options);
  const disposed = new AbortController();
  const running = new Set<Promise<unknown>>();

  const start = async (args: readonly string[], processOptions: ProcessOptions = {}): Promise<ContainerProcess> => {
    const process = await startProcess(connection, { id, privileges }, args, processOptions, disposed.signal);
    const ended = process.exited.catch(() => undefined).finally(() => running.delete(ended));
    running.add(ended);
    return process;
  };
  return {
    id,
    start,
    exec: (args, execOptions = {}) => exec(start, args, execOptions),
    async [Symbol.asyncDispose]() {
      disposed.abort(new ProtocolError("SESSION_CLOSED", "the container is closed"));
      await Promise.all(running);
      await release(connection, id);
    },
  };
}

async function exec(
  start: Container["start"],
  args: readonly string[],
  { outputLimitBytes, ...options }: ExecOptions,
): Promise<ExecResult> {
  const output = collectOutput(outputLimitBytes, options.onOutput);
  const process = await start(args, { ...options, onOutput: output.add });
  const exitCode = await process.exited;
  return Object.freeze({ exitCode, stdout: output.text("stdout"), stderr: output.text("stderr") });
}

/** The daemon does the same when the build ends, so that it may go wrong without harm. */
async function release(connection: JobConnection, id: string): Promise<void> {
  const options: BridgeCallOptions = {
    signal: AbortSignal.timeout(RELEASE_TIMEOUT_MS),
    // It answers with the failure of the container's program, which is known.
    explain: (status) => status,
  };
  await connection.call(LLBBridge.method.releaseContainer, { ContainerID: id }, options).catch(() => undefined);
}

const NETWORKS = { none: NetMode.NONE, sandbox: NetMode.UNSET, host: NetMode.HOST } as const;

function encodeContainer(options: ContainerOptions): ContainerRequest {
  const { mounts = [], platform, network = "none", hostname = "" } = options;
  const root: readonly ContainerMount[] =
    "reference" in options ? [{ kind: "result", destination: "/", reference: options.reference }] : [];
  return {
    Mounts: [...root, ...mounts].map(encodeMount),
    Network: NETWORKS[network],
    hostname,
    ...(platform === undefined
      ? {}
      : { platform: { OS: platform.os, Architecture: platform.architecture, Variant: platform.variant ?? "" } }),
  };
}

function encodeMount(mount: ContainerMount): MessageInitShape<typeof MountSchema> {
  const { destination: dest, readOnly = false } = mount;
  if (mount.kind === "tmpfs") return { dest, readonly: readOnly, mountType: MountType.TMPFS };
  const { reference, selector = "" } = mount;
  return { dest, readonly: readOnly, mountType: MountType.BIND, selector, resultID: reference?.id ?? "" };
}
