import { checkPath } from "./argument.ts";
import type { ImageSettings } from "./image-config/image-settings.ts";
import type { Settings } from "./settings.ts";
import type { Output } from "./vertex.ts";

/** What ops need to know of a state. Made by the constructors of `llb` only. */
export interface StateValue {
  /** Undefined for scratch. */
  readonly output: Output | undefined;
  readonly settings: Settings;
  readonly image: ImageSettings;
}

/** A file or directory in a state, as source of a copy or a mount. */
export class StatePath {
  readonly state: StateValue;
  readonly path: string;

  constructor(state: StateValue, path: string) {
    this.state = state;
    this.path = checkPath(path, "the path", "path");
    Object.freeze(this);
  }
}

/** The state of a source and the path in it; the root where only a state is given. */
export function sourceOf(source: StateValue | StatePath): { readonly state: StateValue; readonly path: string } {
  return source instanceof StatePath ? source : { state: source, path: "/" };
}
