/** How the making can be stopped and watched. */
export interface MakeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (line: string) => void;
}

/** True if the registry that ordinary image names mean answers in time (default 3 s), also if only to ask for a login. */
export function hubReachable(options?: { readonly timeoutMs?: number }): Promise<boolean>;

/** True if stand-ins lie in the directory, of whatever version. */
export function hasBaseImages(directory: string): boolean;

/** What this machine lacks to make the images, in words. */
export function missingForBaseImages(): Promise<string[]>;

/** Makes the stand-ins as an OCI layout below the directory, once per version of them, and gives the layout's path. */
export function makeBaseImages(directory: string, options?: MakeOptions): Promise<string>;

/** Puts every image of a layout into a registry (`http://127.0.0.1:5000`) and gives their names there. */
export function pushLayout(
  directory: string,
  registryUrl: string,
  options?: { readonly signal?: AbortSignal | undefined },
): Promise<string[]>;
