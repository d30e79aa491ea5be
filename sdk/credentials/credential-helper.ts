import { spawn } from "node:child_process";
import type { Abortable } from "../core/abort.ts";
import { anySignal } from "../core/abort.ts";
import { InputError } from "../core/errors.ts";
import { isRecord } from "../core/json.ts";
import type { Credential } from "./credential-source.ts";

/** What a helper is asked for. */
export interface HelperRequest extends Abortable {
  /** `name` runs `docker-credential-<name>`. */
  readonly helper: string;
  /** The registry's host, or Docker Hub's key. */
  readonly key: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const TIMEOUT_MS = 60_000;
const OUTPUT_LIMIT_BYTES = 1024 * 1024;
/** How a helper says that it has no entry; it is not an error. */
const NOT_FOUND = /credentials not found|no credentials server url/i;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
/** What helpers read: where they find themselves, the desktop's key ring, pass, and the clouds' own settings. */
const PASSED =
  /^(PATH|HOME|USER|LOGNAME|TMPDIR|LANG|DISPLAY|WAYLAND_DISPLAY|DBUS_SESSION_BUS_ADDRESS|GPG_TTY|GNUPGHOME|PASSWORD_STORE_DIR|DOCKER_CONFIG|SSL_CERT_(FILE|DIR)|(HTTPS?|NO)_PROXY|(https?|no)_proxy|(XDG|AWS|AZURE|GOOGLE|CLOUDSDK|ECR)_.+)$/;

/**
 * Asks a docker credential helper; undefined where it knows none.
 *
 * @throws InputError `INPUT_CREDENTIALS_INVALID` naming the helper
 * @source https://github.com/docker/docker-credential-helpers/blob/v0.8.2/README.md
 */
export async function runCredentialHelper(request: HelperRequest): Promise<Credential | undefined> {
  if (!NAME.test(request.helper)) throw invalid(request.helper, "has a name that is not a program's");
  const { status, stdout } = await runHelper(request);
  if (status !== 0) {
    if (NOT_FOUND.test(stdout)) return undefined;
    throw invalid(request.helper, `failed with status ${status} for ${request.key}`);
  }
  return parseAnswer(stdout, request.helper);
}

function runHelper(request: HelperRequest): Promise<{ readonly status: number | null; readonly stdout: string }> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${request.helper}`, ["get"], {
      env: Object.fromEntries(Object.entries(request.env).filter(([name]) => PASSED.test(name))),
      stdio: ["pipe", "pipe", "ignore"],
      signal: anySignal(request.signal, timeout),
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > OUTPUT_LIMIT_BYTES) child.kill();
      else chunks.push(chunk);
    });
    // A helper that ends without reading its input breaks the pipe; its status tells what matters.
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${request.key}\n`);
    child.on("error", (cause) => {
      if (request.signal?.aborted) reject(request.signal.reason);
      else reject(invalid(request.helper, timeout.aborted ? "did not answer in time" : "could not be run", cause));
    });
    child.on("close", (status) => resolve({ status, stdout: Buffer.concat(chunks).toString("utf8") }));
  });
}

function parseAnswer(text: string, helper: string): Credential | undefined {
  const answer = parseJson(text);
  if (!isRecord(answer) || typeof answer.Username !== "string" || typeof answer.Secret !== "string") {
    throw invalid(helper, "gave an answer that is not its protocol's");
  }
  if (answer.Secret === "") return undefined;
  return answer.Username === "<token>"
    ? { kind: "identity-token", token: answer.Secret }
    : { kind: "basic", username: answer.Username, password: answer.Secret };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // V8's message quotes the text, which may be the secret.
    return undefined;
  }
}

function invalid(helper: string, problem: string, cause?: unknown): InputError {
  return new InputError("INPUT_CREDENTIALS_INVALID", `the credential helper docker-credential-${helper} ${problem}`, {
    hint: `Try \`docker-credential-${helper} list\`, or remove the helper from docker's config.json.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
