import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { refuse } from "./refusal.ts";
import type { Route } from "./route.ts";

/** Who may use a registry: one user, who logs in directly or gets tokens from a token service at `/token`. */
export interface RegistryAuth {
  readonly kind: "basic" | "token";
  readonly username: string;
  readonly password: string;
  /** How long tokens live. Default 300. */
  readonly tokenLifeSeconds?: number | undefined;
}

/** Lets requests pass or refuses them. */
export interface Access {
  /** @throws a refusal */
  check(request: IncomingMessage, route: Route): void;
  /** Gives a token to who knows the password. @throws a refusal */
  serveToken(request: IncomingMessage, query: URLSearchParams, response: ServerResponse): Promise<void>;
}

const TOKEN_LIFE_SECONDS = 300;
const SERVICE = "kitsmith";

/** Creates the gate; without `auth` it is open. */
export function createAccess(auth: RegistryAuth | undefined): Access {
  const tokens = new Map<string, { readonly scopes: readonly string[]; readonly untilMs: number }>();

  function checkToken(request: IncomingMessage, route: Route): void {
    const wanted = scopeOf(request, route);
    const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const known = token === undefined ? undefined : tokens.get(token);
    const isAlive = known !== undefined && known.untilMs > Date.now();
    if (isAlive && (wanted === undefined || known.scopes.some((scope) => covers(scope, wanted)))) return;
    const realm = `http://${request.headers.host}/token`;
    const scope = wanted === undefined ? "" : `,scope="${wanted}"`;
    throw unauthorized(`Bearer realm="${realm}",service="${SERVICE}"${scope}`);
  }

  return {
    check(request, route) {
      if (auth === undefined || route.kind === "token") return;
      if (auth.kind === "token") checkToken(request, route);
      else if (!knowsPassword(request, auth)) throw unauthorized(`Basic realm="${SERVICE}"`);
    },
    async serveToken(request, query, response) {
      if (auth?.kind !== "token") throw refuse(404, "NAME_UNKNOWN", "no such address");
      const form = request.method === "POST" ? new URLSearchParams(await readText(request)) : undefined;
      const isKnown =
        form === undefined ? knowsPassword(request, auth) : sameText(form.get("refresh_token") ?? "", auth.password);
      if (!isKnown) throw refuse(401, "UNAUTHORIZED", "wrong user or password");
      const token = randomBytes(24).toString("base64url");
      const scopes = form === undefined ? query.getAll("scope") : (form.get("scope") ?? "").split(" ");
      const expires_in = auth.tokenLifeSeconds ?? TOKEN_LIFE_SECONDS;
      tokens.set(token, { scopes, untilMs: Date.now() + expires_in * 1000 });
      const issued_at = new Date().toISOString();
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ token, access_token: token, expires_in, issued_at }));
    },
  };
}

function unauthorized(challenge: string): unknown {
  return refuse(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": challenge });
}

/** The right that a request needs, as tokens name it. */
function scopeOf(request: IncomingMessage, route: Route): string | undefined {
  if (!("repository" in route)) return undefined;
  const reads = request.method === "GET" || request.method === "HEAD";
  const isDelete = request.method === "DELETE" && route.kind !== "upload";
  return `repository:${route.repository}:${reads ? "pull" : isDelete ? "delete" : "push"}`;
}

function covers(scope: string, wanted: string): boolean {
  const [, repository, actions = ""] = scope.split(":");
  const [, wantedRepository, action = ""] = wanted.split(":");
  return repository === wantedRepository && actions.split(",").includes(action);
}

function knowsPassword(request: IncomingMessage, auth: RegistryAuth): boolean {
  const encoded = /^basic (.+)$/i.exec(request.headers.authorization ?? "")?.[1] ?? "";
  return sameText(Buffer.from(encoded, "base64").toString("utf8"), `${auth.username}:${auth.password}`);
}

function sameText(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 100_000) throw refuse(413, "SIZE_INVALID", "too long");
  }
  return text;
}
