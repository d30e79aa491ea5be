import { deepFreeze } from "../../core/freeze.ts";
import type { SourceLines } from "../../core/source-lines.ts";
import { type FrontendAnswer, linesOf, recordsOf, textOf } from "./answer.ts";

/** What the build of a Dockerfile's target can be given. */
export interface BuildOutline {
  /** The target; "" for one without name. */
  readonly target: string;
  /** From the comment above it. */
  readonly description: string;
  readonly buildArgs: readonly OutlineArg[];
  readonly secrets: readonly OutlineInput[];
  readonly ssh: readonly OutlineInput[];
  /** Where the frontend tells them; that of BuildKit 0.33 does not. */
  readonly cacheMounts: readonly { readonly id: string; readonly source?: SourceLines }[];
}

/** A build argument that a target uses. */
export interface OutlineArg {
  readonly name: string;
  readonly description: string;
  /** What it is if nobody sets it, or what it was set to. */
  readonly value?: string;
  readonly source?: SourceLines;
}

/** A secret or an ssh agent that a target asks for. */
export interface OutlineInput {
  readonly id: string;
  readonly required: boolean;
  readonly source?: SourceLines;
}

/** The outline in an answer to `frontend.outline`. */
export function buildOutline(answer: FrontendAnswer): BuildOutline {
  const { name, description, args, secrets, ssh, cache } = answer.value;
  const inputs = (list: unknown): readonly OutlineInput[] =>
    recordsOf(list).map((input) => ({
      id: textOf(input.name),
      required: input.required === true,
      ...linesOf(answer, input.location),
    }));
  return deepFreeze({
    target: textOf(name),
    description: textOf(description),
    buildArgs: recordsOf(args).map((arg) => ({
      name: textOf(arg.name),
      description: textOf(arg.description),
      ...(typeof arg.value === "string" ? { value: arg.value } : {}),
      ...linesOf(answer, arg.location),
    })),
    secrets: inputs(secrets),
    ssh: inputs(ssh),
    cacheMounts: recordsOf(cache).map((mount) => ({ id: textOf(mount.ID), ...linesOf(answer, mount.location) })),
  });
}
