import { isRecord } from "../../core/json.ts";

/** What buildkitd builds is kept here, in its container. */
export const BUILDER_STATE = "/var/lib/buildkit";

/** A container as docker describes it. */
export interface FoundBuilder {
  /** As it was created with. */
  readonly image: string;
  readonly running: boolean;
  readonly privileged: boolean;
  readonly network: string;
  /** False for a container that keeps nothing where buildkitd does: it is somebody's, and not touched. */
  readonly isBuilder: boolean;
}

/** What a container shall be; undefined: as it is. */
export interface WantedBuilder {
  readonly image?: string | undefined;
  readonly network?: string | undefined;
  /** Made anew in any case. */
  readonly restart?: boolean | undefined;
}

/** What has to be done. */
export type BuilderAction =
  | { readonly kind: "create" | "start" | "use" }
  /** `dropState`: what it has built goes, too. */
  | { readonly kind: "recreate"; readonly why: string; readonly dropState: boolean };

/**
 * What has to be done so that a container is as it is wanted. The first reason counts; only another image makes the state
 * unusable.
 */
export function builderAction(
  found: FoundBuilder | undefined,
  wanted: WantedBuilder,
  hasConfig: boolean,
): BuilderAction {
  if (found === undefined) return { kind: "create" };
  const recreate = (why: string, dropState = false): BuilderAction => ({ kind: "recreate", why, dropState });
  if (wanted.restart) return recreate("as asked for");
  if (wanted.image !== undefined && shortName(found.image) !== shortName(wanted.image)) {
    return recreate(`it runs ${found.image}`, true);
  }
  if (!found.privileged) return recreate("it has no privileges");
  if (wanted.network !== undefined && wanted.network !== found.network) return recreate("its network is another");
  if (!hasConfig) return recreate("its settings are others");
  return { kind: found.running ? "use" : "start" };
}

/** Reads docker's answer about a container. */
export function parseFoundBuilder(answer: unknown): FoundBuilder {
  const part = (name: string) => (isRecord(answer) && isRecord(answer[name]) ? answer[name] : {});
  const mounts = isRecord(answer) && Array.isArray(answer.Mounts) ? answer.Mounts : [];
  const [config, host, state] = [part("Config"), part("HostConfig"), part("State")];
  return {
    image: String(config.Image ?? ""),
    running: state.Running === true,
    privileged: host.Privileged === true,
    network: String(host.NetworkMode ?? ""),
    isBuilder: mounts.some((mount: unknown) => isRecord(mount) && mount.Destination === BUILDER_STATE),
  };
}

/** Docker Hub goes without saying. */
function shortName(image: string): string {
  return image.replace(/^(?:index\.)?docker\.io\//, "");
}
