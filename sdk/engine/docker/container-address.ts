import { InputError } from "../../core/errors.ts";
import type { Endpoint } from "../../wire/endpoint.ts";

/** A container of a docker daemon, in which a buildkitd runs. */
export interface ContainerAddress {
  readonly name: string;
  /** The docker context whose daemon is meant. */
  readonly context?: string;
  /** The address of the daemon. With neither, it is the one that the docker CLI would use. */
  readonly host?: string;
}

/** A container of a docker daemon that is known. */
export interface ContainerEndpoint {
  readonly docker: Endpoint;
  readonly name: string;
}

const SCHEME = "docker-container://";

/** True for `docker-container://…`. */
export function isContainerAddress(address: string): boolean {
  return address.startsWith(SCHEME);
}

/**
 * Reads `docker-container://NAME`, with `?context=NAME` as buildctl has it, or `?host=ADDRESS`.
 *
 * @throws InputError `INPUT_OPTION_INVALID`
 * @source https://github.com/moby/buildkit/blob/v0.33.1/client/connhelper/dockercontainer/dockercontainer.go
 */
export function parseContainerAddress(address: string): ContainerAddress {
  const [name = "", query = ""] = address.slice(SCHEME.length).split("?", 2);
  const given = new URLSearchParams(query);
  const [context, host] = [given.get("context"), given.get("host")];
  const unknown = [...given.keys()].some((key) => key !== "context" && key !== "host");
  if (!isContainerName(name) || unknown || (context && host)) {
    throw new InputError("INPUT_OPTION_INVALID", `"${address}" names no container`, {
      hint: "Write docker-container://NAME, docker-container://NAME?context=CONTEXT or docker-container://NAME?host=unix:///path.",
    });
  }
  return { name, ...(context ? { context } : {}), ...(host ? { host } : {}) };
}

/** Writes it. */
export function formatContainerAddress({ name, context, host }: ContainerAddress): string {
  // Colons and slashes need no escape in a query, and people can read them.
  const query = context ? `?context=${encodeURIComponent(context)}` : host ? `?host=${encodeURI(host)}` : "";
  return `${SCHEME}${name}${query}`;
}

/** True for what docker takes as the name of a container. */
export function isContainerName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name);
}
