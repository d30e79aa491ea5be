// What a user may and may not write, against the declarations that are published. Compiled, never run.
import { type Definition, llb, type State } from "kitsmith/llb";

export const state: State = llb.image("alpine").run("make", { env: { A: "1" } });
export const definition: Definition | undefined = undefined;

export const built: State = llb
  .from({ spec: {} }, { platform: "linux/amd64" })
  .copy(llb.dockerfile("tools", { target: "static", contexts: { base: state } }), "/")
  .copy(llb.frontend("acme/site", { options: { theme: "dark" }, inputs: { pages: state } }), "/site");

// @ts-expect-error An image is named with llb.image.
llb.from("alpine");

// @ts-expect-error Inputs are states.
llb.frontend("acme/site", { inputs: { pages: "pages" } });

// @ts-expect-error A command is text or a list of arguments.
llb.image("alpine").run(42);

// @ts-expect-error An environment holds text.
llb.image("alpine").run("make", { env: { A: 1 } });

// @ts-expect-error There is no such option.
llb.image("alpine", { architecture: "arm64" });

// @ts-expect-error States are immutable.
state.output = undefined;
