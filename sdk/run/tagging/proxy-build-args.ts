const NAMES = ["http_proxy", "https_proxy", "no_proxy", "ftp_proxy", "all_proxy"];

/**
 * The proxies of the environment as build arguments, in both spellings, as docker's tools and LinuxKit's documents have
 * it. The Dockerfile frontend gives them to steps without an `ARG` and leaves them out of the cache's keys and the image;
 * only `all_proxy` needs an `ARG`.
 *
 * @source https://docs.docker.com/reference/dockerfile/#predefined-args
 */
export function proxyBuildArgs(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    NAMES.flatMap((name) => [name, name.toUpperCase()]).flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
