import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadTrustedCertificates } from "../../sdk/credentials/trusted-certificates.ts";
import { createHttpSender, type HttpSender, type HttpSenderOptions } from "../../sdk/oci/registry/http/http.ts";
import { readAll } from "./sample-image.ts";

const run = promisify(execFile);
let directory: string;
let certificateFile: string;
let registry: string;
const servers: Server[] = [];
const senders: HttpSender[] = [];
const seen: { authorization: string | undefined; proxied: string | undefined }[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "kitsmith-connection-"));
  certificateFile = join(directory, "cert.pem");
  const keyFile = join(directory, "key.pem");
  await run("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=kitsmith", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", keyFile, "-out", certificateFile],
  ]);
  const [key, cert] = [await readFile(keyFile, "utf8"), await readFile(certificateFile, "utf8")];
  registry = await listen(createSecureServer({ key, cert }, (_, response) => void response.end("by TLS")));
});
afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  seen.splice(0);
  await rm(directory, { recursive: true, force: true });
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** A proxy that notes what it is asked for. */
async function startProxy(status = 200): Promise<URL> {
  const server = createServer((incoming, response) => {
    seen.push({ authorization: incoming.headers["proxy-authorization"], proxied: incoming.url });
    response.end("in the open");
  });
  server.on("connect", (incoming, socket) => {
    seen.push({ authorization: incoming.headers["proxy-authorization"], proxied: incoming.url });
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const [host = "", port = ""] = (incoming.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  return new URL(`http://user:secret@${await listen(server)}`);
}

async function get(url: string, options: HttpSenderOptions): Promise<string> {
  const sender = createHttpSender(options);
  senders.push(sender);
  const answer = await sender.send({ method: "GET", url: new URL(url), headers: {} });
  return new TextDecoder().decode(await readAll(answer.body));
}

const trusting = () => loadTrustedCertificates({ files: [certificateFile], env: {} });
const authorization = `Basic ${Buffer.from("user:secret").toString("base64")}`;

test("an authority is trusted that a file names, and by the variables of Node and OpenSSL", async () => {
  await expect(get(`https://${registry}/`, {})).rejects.toMatchObject({ code: "REGISTRY_TLS" });
  await expect(get(`https://${registry}/`, { certificates: trusting })).resolves.toBe("by TLS");
  for (const name of ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"]) {
    const certificates = () => loadTrustedCertificates({ env: { [name]: certificateFile } });
    await expect(get(`https://${registry}/`, { certificates })).resolves.toBe("by TLS");
  }
});

test("a certificate file that is none is refused", async () => {
  await writeFile(join(directory, "none.pem"), "hello");
  for (const name of ["none.pem", "absent.pem"]) {
    const certificates = () => loadTrustedCertificates({ files: [join(directory, name)], env: {} });
    await expect(get(`https://${registry}/`, { certificates })).rejects.toMatchObject({ code: "INPUT_OPTION_INVALID" });
  }
});

test("TLS goes through a proxy, which sees only where", async () => {
  const proxy = await startProxy();
  const options = { certificates: trusting, proxyFor: () => proxy };
  await expect(get(`https://${registry}/v2/`, options)).resolves.toBe("by TLS");
  expect(seen).toEqual([{ authorization, proxied: registry }]);
});

test("a proxy does not make a wrong certificate right", async () => {
  const proxy = await startProxy();
  await expect(get(`https://${registry}/`, { proxyFor: () => proxy })).rejects.toMatchObject({ code: "REGISTRY_TLS" });
});

test("plain http goes through a proxy", async () => {
  const proxy = await startProxy();
  await expect(get("http://registry.invalid/v2/", { proxyFor: () => proxy })).resolves.toBe("in the open");
  expect(seen).toEqual([{ authorization, proxied: "http://registry.invalid/v2/" }]);
});

test("a proxy that refuses, or is not there, is said to be the trouble", async () => {
  const refusing = await startProxy(407);
  await expect(get(`https://${registry}/`, { proxyFor: () => refusing })).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
    details: { status: 407 },
  });
  const absent = new URL("http://127.0.0.1:1");
  await expect(get(`https://${registry}/`, { proxyFor: () => absent })).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
  });
});
