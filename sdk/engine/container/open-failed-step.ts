import { EngineError } from "../../core/errors.ts";
import {
  type ExecOp,
  type FileAction,
  type FileOp,
  MountType,
  NetMode,
  type Platform,
} from "../../proto/gen/ops_pb.js";
import type { FailedOp } from "../job/failed-op.ts";
import type { JobConnection } from "../job/job-connection.ts";
import { readContainerDir } from "../job/job-files.ts";
import type { FailedAction, FailedCommand, FailedState, FailedStateOptions, OpenFailedStep } from "./failed-step.ts";
import { type ContainerRequest, createContainer, type DaemonContainer } from "./open-container.ts";
import { environmentOf, withProcessDefaults } from "./process-defaults.ts";
import type { ProcessPrivileges } from "./start-process.ts";

const STATES: readonly FailedState[] = ["failed", "before", "source"];

/** What all containers of a step have. */
interface Base {
  readonly platform?: Platform;
}

/** How a state of a step is asked for; undefined where the daemon has none. */
type StateRequest = (state: FailedState) => ContainerRequest | undefined;

/** Makes a step that failed in a job one that can be looked into; undefined for an op that is neither exec nor file op. */
export function openFailedStep(connection: JobConnection, failed: FailedOp): OpenFailedStep | undefined {
  const { op, platform } = failed.op;
  const base: Base = platform === undefined ? {} : { platform };
  if (op.case === "exec") return execStep(connection, failed, op.value, base);
  return op.case === "file" ? fileStep(connection, failed, op.value, base) : undefined;
}

function execStep(connection: JobConnection, failed: FailedOp, exec: ExecOp, base: Base): OpenFailedStep {
  const { meta, network, security, secretenv } = exec;
  const command: FailedCommand = {
    args: meta?.args ?? [],
    env: { ...proxyEnvironment(exec), ...environmentOf(meta?.env ?? []) },
    cwd: meta?.cwd ?? "/",
    user: meta?.user ?? "",
  };
  const requestOf: StateRequest = (state) => {
    if (state === "source" || failed.inputIndex !== undefined) return unreadInput(failed, state, base);
    const ids = state === "before" ? failed.inputIds : failed.mountIds;
    if (ids.length === 0) return undefined;
    const Mounts = exec.mounts.map((mount, index) => ({ ...mount, resultID: ids[index] ?? "" }));
    return { ...base, Mounts, Network: network, extraHosts: meta?.extraHosts ?? [], hostname: meta?.hostname ?? "" };
  };
  return stepOf(connection, requestOf, { command }, { security, secretenv });
}

/** A file op has no container; one over a directory of its own stands for it. */
function fileStep(connection: JobConnection, failed: FailedOp, op: FileOp, base: Base): OpenFailedStep {
  const index = failedActionIndex(failed, op);
  const action = op.actions[index];
  const requestOf: StateRequest = (state) => {
    if (failed.inputIndex !== undefined) return unreadInput(failed, state, base);
    const id = state === "failed" ? failed.mountIds[index] : inputId(failed, action, state);
    return id === undefined || (id === "" && state !== "before") ? undefined : rootRequest(base, id);
  };
  return stepOf(connection, requestOf, action === undefined ? {} : { action: describeAction(action) }, {});
}

function stepOf(
  connection: JobConnection,
  requestOf: StateRequest,
  about: Pick<OpenFailedStep, "command" | "action">,
  privileges: ProcessPrivileges,
): OpenFailedStep {
  const states = STATES.filter((state) => requestOf(state) !== undefined);
  const open = async ({ state = states[0], signal }: FailedStateOptions): Promise<DaemonContainer> => {
    const request = state && requestOf(state);
    if (request === undefined) throw missingState(state, states);
    return await createContainer(connection, request, { signal }, privileges);
  };
  return {
    ...about,
    states,
    async openContainer(options = {}) {
      const container = await open(options);
      const isStep = about.command !== undefined && (options.state ?? states[0]) !== "source";
      return isStep ? withProcessDefaults(container, about.command) : container;
    },
    async readDir(path, options = {}) {
      await using container = await open(options);
      const { state = states[0] } = options;
      const mounts = (state && requestOf(state)?.Mounts) ?? [];
      const place = { id: container.id, mountIndex: mounts.findIndex(({ dest }) => dest === "/") };
      return await readContainerDir(connection, place, path, options);
    },
  };
}

function rootRequest(base: Base, resultID: string): ContainerRequest {
  return { ...base, Network: NetMode.NONE, Mounts: [{ dest: "/", mountType: MountType.BIND, resultID }] };
}

/** The step was not begun: all that there is is the input that could not be read as it says. */
function unreadInput({ inputIds, inputIndex }: FailedOp, state: FailedState, base: Base) {
  const [id] = inputIds;
  return state === "source" && inputIndex !== undefined && id ? rootRequest(base, id) : undefined;
}

/** Only the action that failed left a state of its own; the last one, since its source may have one, too. */
function failedActionIndex({ mountIds, actionIndex = 0, inputIndex }: FailedOp, { actions }: FileOp): number {
  if (inputIndex !== undefined) {
    const reading = [...actions.entries()].find(([, one]) =>
      [one.input, one.secondaryInput].includes(BigInt(inputIndex)),
    );
    return reading?.[0] ?? 0;
  }
  const left = mountIds.findLastIndex((id) => id !== "");
  return left === -1 ? actionIndex : left;
}

/** What an action works on, or copies from; empty for scratch. */
function inputId(
  { op, inputIds, mountIds }: FailedOp,
  action: FileAction | undefined,
  state: "before" | "source",
): string | undefined {
  const place = Number((state === "before" ? action?.input : action?.secondaryInput) ?? -1);
  if (place === -1) return "";
  // The result of an earlier action is only kept if that one failed.
  return (place < op.inputs.length ? inputIds[place] : mountIds[place - op.inputs.length]) || undefined;
}

function describeAction({ action }: FileAction): FailedAction {
  switch (action.case) {
    case "copy":
      return { kind: "copy", path: action.value.dest, source: action.value.src };
    case "symlink":
      return { kind: "symlink", path: action.value.newpath };
    case undefined:
      return { kind: "mkdir", path: "/" };
    default:
      return { kind: action.case, path: action.value.path };
  }
}

/** Proxies are no part of a step's environment, so that they are none of its cache key. */
function proxyEnvironment({ meta }: ExecOp): Readonly<Record<string, string>> {
  const { httpProxy = "", httpsProxy = "", ftpProxy = "", noProxy = "", allProxy = "" } = meta?.proxyEnv ?? {};
  const named = {
    HTTP_PROXY: httpProxy,
    HTTPS_PROXY: httpsProxy,
    FTP_PROXY: ftpProxy,
    NO_PROXY: noProxy,
    ALL_PROXY: allProxy,
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) =>
      value === ""
        ? []
        : [
            [name, value],
            [name.toLowerCase(), value],
          ],
    ),
  );
}

function missingState(state: FailedState | undefined, states: readonly FailedState[]): EngineError {
  return new EngineError("ENGINE_FEATURE_MISSING", `the engine has kept no state "${state ?? "failed"}" of the step`, {
    hint: states.length === 0 ? "The step left nothing behind." : `It has kept: ${states.join(", ")}.`,
  });
}
