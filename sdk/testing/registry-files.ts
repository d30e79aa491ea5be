/** The directory that holds what a registry holds, within its own. */
export const REGISTRY_DATA = "data";
/** The file in which a registry's process says where it listens; it stays, so that the port does. */
export const REGISTRY_PORT = "port.json";
/** The file that tells which process it is. */
export const REGISTRY_PROCESS = "process.json";
/** What the process has to say. */
export const REGISTRY_LOG = "registry.log";
