import { RegistryError } from "../../core/errors.ts";
import type { HttpAnswer } from "./http/http.ts";

/** Where the upload goes on. @throws RegistryError `REGISTRY_PROTOCOL` */
export function uploadLocation(answer: HttpAnswer): URL {
  const { location } = answer.headers;
  const url =
    location !== undefined && URL.canParse(location, answer.url.href) ? new URL(location, answer.url) : undefined;
  const isWeb = url?.protocol === "https:" || (url?.protocol === "http:" && answer.url.protocol === "http:");
  if (url !== undefined && isWeb) return url;
  throw new RegistryError("REGISTRY_PROTOCOL", `${answer.url.host} started an upload without saying where`);
}
