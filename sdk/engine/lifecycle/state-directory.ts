import { homedir } from "node:os";
import { join } from "node:path";

/** The environment, or what stands for it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where kitsmith keeps what outlives a run: `$KITSMITH_STATE`, else `kitsmith` in the user's directory for state. */
export function ownStateDirectory(env: Environment): string {
  if (env.KITSMITH_STATE) return env.KITSMITH_STATE;
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, "kitsmith");
  return join(env.HOME || homedir(), ".local/state/kitsmith");
}
