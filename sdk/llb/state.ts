import { checkInteger, checkNonEmpty, checkPlatform, checkText, checkTexts } from "./argument.ts";
import { captureCallSite } from "./call-site.ts";
import { checkExitCodes, execVertex, type RunOptions } from "./exec/exec.ts";
import type { Mount } from "./exec/mount.ts";
import { checkEnv, checkExtraHosts, checkUlimits, type UlimitValue } from "./exec/process-argument.ts";
import type {
  CopyOptions,
  CreateOptions,
  FileAction,
  MkdirOptions,
  MkfileOptions,
  RmOptions,
} from "./file/file-action.ts";
import { copy, mkdir, mkfile, rm, symlink } from "./file/file-action.ts";
import type { OciImageConfig } from "./image-config/image-config.ts";
import { applyImageConfig } from "./image-config/image-config-input.ts";
import {
  EMPTY_IMAGE_SETTINGS,
  type Healthcheck,
  type ImageSettings,
  withImageSettings,
} from "./image-config/image-settings.ts";
import { invalidOp } from "./invalid-op.ts";
import type { NetworkMode, OpPlatform, SecurityMode } from "./op.ts";
import { cleanPath } from "./path.ts";
import { EMPTY_SETTINGS, type Settings, withDirectory, withEnv, withSettings } from "./settings.ts";
import { StatePath, type StateValue } from "./state-value.ts";
import type { ExecVertex, FileVertex, Output } from "./vertex.ts";
import { type VertexOptions, vertexConstraints } from "./vertex-options.ts";

/**
 * A file system and how processes run in it: an immutable value. Every method gives a new state; nothing is built
 * before the state is marshalled and solved. Made by `llb.image`, `llb.scratch` and the other constructors.
 *
 * @throws GraphError `LLB_INVALID_OP`, with the line of the call, from every method that takes arguments
 */
export class State implements StateValue {
  readonly output: Output | undefined;
  readonly settings: Settings;
  readonly image: ImageSettings;

  /** For the constructors of `llb`. */
  constructor(
    output: Output | undefined,
    settings: Settings = EMPTY_SETTINGS,
    image: ImageSettings = EMPTY_IMAGE_SETTINGS,
  ) {
    this.output = output;
    this.settings = settings;
    this.image = image;
    if (new.target === State) Object.freeze(this);
  }

  /**
   * Runs a process with this state as root. A text goes to a shell (`/bin/sh -c`), a list is run as it is.
   * The result is the root as the process left it; {@link RunState.mount} is what it left in a mount.
   */
  run(command: string | readonly string[], options?: RunOptions): RunState {
    const { vertex, rootOutput } = execVertex(this, command, options, captureCallSite(this.run));
    if (rootOutput < 0) return new RunState(this.output, this.settings, this.image, vertex, options?.mounts ?? []);
    const { platform } = vertex.constraints;
    const settings = platform === undefined ? this.settings : withSettings(this.settings, { platform });
    return new RunState(output(vertex, rootOutput), settings, this.image, vertex, options?.mounts ?? []);
  }

  /** Copies a file or directory of another state; a directory's contents, unless `contentsOnly` is false. */
  copy(source: StateValue | StatePath, dest: string, options: CopyOptions & VertexOptions = {}): State {
    return this.#change([copy(source, dest, options)], options, this.copy);
  }

  /** Makes a directory and, unless `parents` is false, what is missing above it. */
  mkdir(path: string, options: MkdirOptions & VertexOptions = {}): State {
    return this.#change([mkdir(path, options)], options, this.mkdir);
  }

  /** Writes a file. */
  mkfile(path: string, content: string | Uint8Array, options: MkfileOptions & VertexOptions = {}): State {
    return this.#change([mkfile(path, content, options)], options, this.mkfile);
  }

  /** Removes a file or directory. */
  rm(path: string, options: RmOptions & VertexOptions = {}): State {
    return this.#change([rm(path, options)], options, this.rm);
  }

  /** Makes a symbolic link at `newPath` that points to `target`. */
  symlink(target: string, newPath: string, options: CreateOptions & VertexOptions = {}): State {
    return this.#change([symlink(target, newPath, options)], options, this.symlink);
  }

  /** Several changes as one step: `state.file([llb.mkdir("/a"), llb.mkfile("/a/b", "text")])`. */
  file(actions: readonly FileAction[], options: VertexOptions = {}): State {
    return this.#change(actions, options, this.file);
  }

  /** Sets variables for processes and for the image. */
  env(variables: Readonly<Record<string, string>>): State;
  env(name: string, value: string): State;
  env(first: string | Readonly<Record<string, string>>, value = ""): State {
    const variables = typeof first === "string" ? { [first]: value } : first;
    return this.#with(withEnv(this.settings, checkEnv(variables)));
  }

  /** Sets the working directory; a relative one starts at the present one. */
  workdir(path: string): State {
    return this.#with(withDirectory(this.settings, checkNonEmpty(path, "the working directory", "workdir")));
  }

  /** Sets the user: `name`, `uid`, `name:group` or `uid:gid`. */
  user(user: string): State {
    return this.#with(withSettings(this.settings, { user: checkText(user, "the user", "user") }));
  }

  /** Sets the host name of the processes to come. */
  hostname(hostname: string): State {
    return this.#with(withSettings(this.settings, { hostname: checkText(hostname, "the hostname", "hostname") }));
  }

  /** Sets how the processes to come reach the network. */
  network(network: NetworkMode): State {
    return this.#with(withSettings(this.settings, { network }));
  }

  /** Sets with which privileges the processes to come run. */
  security(security: SecurityMode): State {
    return this.#with(withSettings(this.settings, { security }));
  }

  /** Adds lines to /etc/hosts for the processes to come: name → address. */
  extraHosts(hosts: Readonly<Record<string, string>>): State {
    const extraHosts = Object.freeze([...(this.settings.extraHosts ?? []), ...checkExtraHosts(hosts)]);
    return this.#with(withSettings(this.settings, { extraHosts }));
  }

  /** Adds limits such as `nofile` for the processes to come. */
  ulimits(limits: Readonly<Record<string, UlimitValue>>): State {
    const ulimits = Object.freeze([...(this.settings.ulimits ?? []), ...checkUlimits(limits)]);
    return this.#with(withSettings(this.settings, { ulimits }));
  }

  /** Sets the parent control group of the processes to come. */
  cgroupParent(cgroupParent: string): State {
    checkText(cgroupParent, "the parent control group", "cgroupParent");
    return this.#with(withSettings(this.settings, { cgroupParent }));
  }

  /** Sets which exit codes count as success for the processes to come. */
  validExitCodes(...codes: readonly number[]): State {
    return this.#with(withSettings(this.settings, { validExitCodes: checkExitCodes(codes) }));
  }

  /** Sets the platform of the ops to come, and of the image. */
  platform(platform: OpPlatform | string): State {
    return this.#with(withSettings(this.settings, { platform: checkPlatform(platform, "platform") }));
  }

  /** Sets the program that the image starts; a base image's `cmd` no longer counts then. */
  entrypoint(...argv: readonly string[]): State {
    return this.#withImage({ entrypoint: checkTexts(argv, "the entry point", "entrypoint") });
  }

  /** Sets the arguments of the entry point, or the program where there is none. */
  cmd(...argv: readonly string[]): State {
    return this.#withImage({ cmd: checkTexts(argv, "the command", "cmd") });
  }

  /** Adds labels to the image. */
  label(labels: Readonly<Record<string, string>>): State;
  label(name: string, value: string): State;
  label(first: string | Readonly<Record<string, string>>, value = ""): State {
    const added = typeof first === "string" ? { [first]: value } : first;
    for (const entry of Object.entries(added)) checkTexts(entry, "a label", "label");
    return this.#withImage({ labels: Object.freeze({ ...this.image.labels, ...added }) });
  }

  /** Adds ports that the image listens on: a number for TCP, or such as `53/udp`. */
  expose(...ports: readonly (number | string)[]): State {
    return this.#withImage({ ports: Object.freeze([...new Set([...this.image.ports, ...ports.map(checkPort)])]) });
  }

  /** Adds directories that a container keeps outside of its root. */
  volume(...paths: readonly string[]): State {
    const added = paths.map((path) => checkNonEmpty(path, "the path of a volume", "volume"));
    return this.#withImage({ volumes: Object.freeze([...new Set([...this.image.volumes, ...added])]) });
  }

  /** Sets the signal that stops a container, such as `SIGTERM`. */
  stopSignal(stopSignal: string): State {
    return this.#withImage({ stopSignal: checkNonEmpty(stopSignal, "the stop signal", "stopSignal") });
  }

  /** Sets when and how a container is asked whether it is well. */
  healthcheck(check: Healthcheck): State {
    const test = checkTexts(check.test, "the health check", "healthcheck");
    return this.#withImage({ healthcheck: Object.freeze({ ...check, test }) });
  }

  /**
   * Takes over an image config that is known already: its variables, working directory, user and platform for the
   * processes to come, the rest for the image. `llb.image` does this by itself once the engine has resolved it.
   */
  withImageConfig(config: OciImageConfig): State {
    const { settings, image } = applyImageConfig(this, config);
    return new State(this.output, settings, image);
  }

  /** A file or directory in this state, as source of a copy or a mount. */
  path(path: string): StatePath {
    return new StatePath(this, path);
  }

  /** Applies a step: a plain function from state to state, which can be shared between recipes. */
  with(step: (state: this) => State): State {
    return step(this);
  }

  #change(actions: readonly FileAction[], options: VertexOptions, method: (...args: never[]) => unknown): State {
    if (actions.length === 0) {
      throw invalidOp("a file step without actions", {
        op: "file",
        hint: "Pass at least one, such as llb.mkdir(path).",
      });
    }
    const vertex: FileVertex = Object.freeze({
      kind: "file",
      base: this.output,
      directory: this.settings.directory,
      actions: Object.freeze([...actions]),
      constraints: vertexConstraints(options, "file"),
      site: captureCallSite(method),
    });
    return new State(output(vertex, 0), this.settings, this.image);
  }

  #with(settings: Settings): State {
    return new State(this.output, settings, this.image);
  }

  #withImage(change: Partial<ImageSettings>): State {
    return new State(this.output, this.settings, withImageSettings(this.image, change));
  }
}

/** What a process left: its root, as a state, and its mounts. */
export class RunState extends State {
  readonly #vertex: ExecVertex;
  readonly #mounts: readonly Mount[];

  /** For {@link State.run}. */
  constructor(
    root: Output | undefined,
    settings: Settings,
    image: ImageSettings,
    vertex: ExecVertex,
    mounts: readonly Mount[],
  ) {
    super(root, settings, image);
    this.#vertex = vertex;
    this.#mounts = mounts;
    Object.freeze(this);
  }

  /** What the process left in the mount at `dest`, with the settings of the state that was mounted there. */
  mount(dest: string): State {
    const path = cleanPath(dest);
    const mount = this.#mounts.find((one) => one.kind === "file" && cleanPath(one.mount.dest) === path);
    const lowered = this.#vertex.mounts.find((one) => cleanPath(one.dest) === path);
    if (mount?.kind !== "file" || lowered === undefined || lowered.output < 0) {
      throw invalidOp(`the mount at "${dest}" has no result`, {
        op: "exec",
        hint: "Only bind mounts that are neither readonly nor discarded have one; name the destination as in run().",
      });
    }
    const { platform } = this.#vertex.constraints;
    const settings = mount.source?.settings ?? EMPTY_SETTINGS;
    return new State(
      output(this.#vertex, lowered.output),
      platform === undefined ? settings : withSettings(settings, { platform }),
      mount.source?.image,
    );
  }
}

function output(vertex: ExecVertex | FileVertex, index: number): Output {
  return Object.freeze({ vertex, index });
}

function checkPort(port: number | string): string {
  const text = typeof port === "number" ? `${port}/tcp` : checkText(port, "the port", "expose");
  const [number = "", protocol = "tcp"] = text.split("/");
  if (!/^[0-9]+$/.test(number) || !["tcp", "udp", "sctp"].includes(protocol)) {
    throw invalidOp(`"${text}" is not a port`, { op: "expose", hint: "Pass a number, or such as 53/udp." });
  }
  return `${checkInteger(Number(number), [1, 65535], "the port", "expose")}/${protocol}`;
}
