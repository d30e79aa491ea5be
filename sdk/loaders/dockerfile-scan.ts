import { type Instruction, readDockerfile } from "./dockerfile-lines.ts";

/** A stage of a Dockerfile, as its text alone tells. */
export interface DockerfileStage {
  /** Lower case; empty if it has none. */
  readonly name: string;
  /** The image or stage that it begins with, with arguments put in. */
  readonly base: string;
  /** Value of `--platform=`, as it is written. */
  readonly platform?: string;
  readonly runs: boolean;
  /** Stages or images that `COPY --from` and mounts name. */
  readonly uses: readonly string[];
}

/** On which platform a Dockerfile executes commands: the most foreign one of all stages that the target needs. */
export type DockerfileExecution = "none" | "build-platform" | "target-platform" | "unknown";

/** What is built of a Dockerfile. */
export interface ExecutionOptions {
  /** Stage by name or number; default the last. */
  readonly target?: string;
  /**
   * Build arguments: they replace the defaults of `ARG` before the first `FROM`. With `TARGETARCH` and the like, stages
   * that are chosen by architecture are found too.
   */
  readonly args?: Readonly<Record<string, string>>;
}

/**
 * Tells whether building a Dockerfile for a foreign architecture would execute anything on it. It reads the text only,
 * so this is a hint: what base images bring along (`ONBUILD`) is not seen, and another frontend (`# syntax=`) than
 * docker's is `unknown`.
 */
export function dockerfileExecution(text: string, options: ExecutionOptions = {}): DockerfileExecution {
  const { directives } = readDockerfile(text);
  if (directives.syntax !== undefined && !/(^|\/)docker\/dockerfile(-upstream)?([:@]|$)/.test(directives.syntax))
    return "unknown";
  const stages = dockerfileStages(text, options.args);
  const reached = stagesOfTarget(stages, options.target);
  if (reached === undefined) return "unknown";
  if ([...reached].some((index) => CHOSEN_BY_PLATFORM.test(stages[index]?.base ?? ""))) return "unknown";
  const executions = new Set(
    [...reached].filter((index) => stages[index]?.runs).map((index) => platformOf(stages, index)),
  );
  return (["target-platform", "unknown", "build-platform"] as const).find((kind) => executions.has(kind)) ?? "none";
}

/** An image that a Dockerfile begins with or copies from. */
export interface DockerfileImage {
  /** As it is written, with arguments put in. */
  readonly reference: string;
  /** Value of `--platform=`, with arguments put in, if there is one. */
  readonly platform?: string;
}

/**
 * The images that the target needs from elsewhere: neither its own stages nor `scratch`. As far as the text tells: names
 * that still hold a `$` are left out.
 */
export function dockerfileImages(text: string, options: ExecutionOptions = {}): readonly DockerfileImage[] {
  const stages = dockerfileStages(text, options.args);
  const reached = [...(stagesOfTarget(stages, options.target) ?? [])].sort((a, b) => a - b);
  const images = reached.flatMap((index): readonly DockerfileImage[] => {
    const stage = stages[index];
    if (stage === undefined) return [];
    const uses = stage.uses.filter((name) => stageIndex(stages, name, index) === undefined);
    const { base: reference, platform } = stage;
    const isImage = reference !== "scratch" && stageByName(stages, reference, index) === undefined;
    return [
      ...(isImage ? [platform === undefined ? { reference } : { reference, platform }] : []),
      ...uses.map((use) => ({ reference: use })),
    ];
  });
  return images.filter(({ reference }) => reference !== "" && !reference.includes("$"));
}

/** The stages of a Dockerfile. */
export function dockerfileStages(
  text: string,
  args: Readonly<Record<string, string>> = {},
): readonly DockerfileStage[] {
  const stages: { name: string; base: string; platform?: string; runs: boolean; uses: string[] }[] = [];
  const globals = Object.fromEntries(
    Object.entries(args).filter(([name]) => BUILT_IN.test(name) && !PLATFORM.test(name)),
  );
  for (const instruction of readDockerfile(text).instructions) {
    const stage = stages.at(-1);
    if (instruction.name === "FROM") stages.push({ ...parseFrom(instruction, globals), runs: false, uses: [] });
    else if (stage === undefined) {
      if (instruction.name === "ARG") addGlobals(globals, instruction.rest, args);
    } else {
      if (instruction.name === "RUN") stage.runs = true;
      stage.uses.push(...usesOf(instruction).map((name) => substitute(name, globals)));
    }
  }
  return stages;
}

function parseFrom({ rest }: Instruction, globals: Readonly<Record<string, string>>) {
  const words = rest.split(/\s+/);
  const flag = words.find((word) => word.startsWith("--platform="));
  const [base = "", as = "", name = ""] = words.filter((word) => !word.startsWith("--"));
  return {
    base: substitute(base, globals),
    name: as.toUpperCase() === "AS" ? name.toLowerCase() : "",
    ...(flag === undefined ? {} : { platform: substitute(flag.slice("--platform=".length), globals) }),
  };
}

function addGlobals(globals: Record<string, string>, rest: string, args: Readonly<Record<string, string>>): void {
  for (const [, name = "", quoted, plain] of rest.matchAll(/([A-Za-z_]\w*)(?:=(?:["']([^"']*)["']|(\S*)))?/g)) {
    const value = args[name] ?? quoted ?? plain;
    if (value !== undefined && !PLATFORM.test(name)) globals[name] = substitute(value, globals);
  }
}

/** Puts in what is known; `$NAME` of others stays. */
function substitute(text: string, values: Readonly<Record<string, string>>): string {
  const unquoted = text.replace(/^(["'])(.*)\1$/, "$2");
  return unquoted.replace(
    /\$(?:\{([A-Za-z_]\w*)(?::?([-+])([^}]*))?\}|([A-Za-z_]\w*))/g,
    (written, braced: string | undefined, operator: string | undefined, word = "", plain: string | undefined) => {
      const value = values[braced ?? plain ?? ""];
      if (operator === "+") return value ? word : "";
      if (operator === "-" && !BUILT_IN.test(braced ?? "")) return value || word;
      return value ?? written;
    },
  );
}

const BUILT_IN = /^(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)$/;

const CHOSEN_BY_PLATFORM = /\$\{?(?:BUILD|TARGET)(?:PLATFORM|OS|ARCH|VARIANT)/;
/** These stay as they are written: what matters is which of them was meant. */
const PLATFORM = /^(?:BUILD|TARGET)PLATFORM$/;

function usesOf({ name, rest }: Instruction): string[] {
  if (name === "COPY" || name === "ADD")
    return [...rest.matchAll(/(?:^|\s)--from=(\S+)/g)].flatMap(([, from]) => from ?? []);
  if (name !== "RUN") return [];
  return [...rest.matchAll(/(?:^|\s)--mount=(\S+)/g)].flatMap(
    ([, mount = ""]) => /(?:^|,)from=([^,]+)/.exec(mount)?.[1] ?? [],
  );
}

/** Undefined if there is no such target. */
function stagesOfTarget(stages: readonly DockerfileStage[], target?: string): ReadonlySet<number> | undefined {
  const index = target === undefined ? stages.length - 1 : stageIndex(stages, target, stages.length);
  return index === undefined || index < 0 ? undefined : reachableStages(stages, index);
}

function reachableStages(stages: readonly DockerfileStage[], target: number): ReadonlySet<number> {
  const reached = new Set<number>();
  const waiting = [target];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const stage = stages[index];
    if (stage === undefined || reached.has(index)) continue;
    reached.add(index);
    const base = stageByName(stages, stage.base, index);
    const used = stage.uses.map((name) => stageIndex(stages, name, index ?? 0));
    for (const next of [base, ...used]) if (next !== undefined) waiting.push(next);
  }
  return reached;
}

/** The last earlier stage of a name. */
function stageByName(stages: readonly DockerfileStage[], name: string, before: number): number | undefined {
  const index = stages
    .slice(0, before)
    .findLastIndex((stage) => stage.name !== "" && stage.name === name.toLowerCase());
  return index < 0 ? undefined : index;
}

function stageIndex(stages: readonly DockerfileStage[], name: string, before: number): number | undefined {
  const number = /^\d+$/.test(name) ? Number(name) : undefined;
  return stageByName(stages, name, before) ?? (number !== undefined && number < before ? number : undefined);
}

/** Where a stage's commands run; a stage that begins with another one has its platform. */
function platformOf(stages: readonly DockerfileStage[], index: number): Exclude<DockerfileExecution, "none"> {
  const stage = stages[index];
  const base = stage && stageByName(stages, stage.base, index);
  if (base !== undefined) return platformOf(stages, base);
  if (stage?.platform === undefined || /^\$\{?TARGETPLATFORM\}?$/.test(stage.platform)) return "target-platform";
  return /^\$\{?BUILDPLATFORM\}?$/.test(stage.platform) ? "build-platform" : "unknown";
}
