import { describe, expect, test } from "vitest";
import { RegistryError } from "../../../../../sdk/core/errors.ts";
import { createEndpointFinder, type EndpointOptions } from "../../../../../sdk/oci/registry/http/endpoint.ts";

const failing = (reason: string) => async () => {
  throw new RegistryError("REGISTRY_UNREACHABLE", "no", { details: { reason } });
};
const find = (registry: string, options: Partial<EndpointOptions> = {}) =>
  createEndpointFinder({ probe: failing("unasked"), ...options })({ registry, repository: "team/app" }, {});

test.each([
  ["docker.io", "https://registry-1.docker.io"],
  ["ghcr.io", "https://ghcr.io"],
  ["localhost:5000", "http://localhost:5000"],
  ["127.0.0.1:5000", "http://127.0.0.1:5000"],
  ["[::1]:5000", "http://[::1]:5000"],
  ["registry.localhost:5000", "http://registry.localhost:5000"],
  ["127.0.0.1.example", "https://127.0.0.1.example"],
  ["172.32.0.1", "https://172.32.0.1"],
  ["plain.example:5000", "http://plain.example:5000"],
])("%s is spoken to at %s", async (registry, origin) => {
  const found = await find(registry, { plainHttp: ["plain.example:5000"] });
  expect(found).toMatchObject({ origin, repository: "team/app" });
});

describe.each(["10.0.0.1:5000", "172.16.0.1", "172.31.255.1:80", "192.168.1.1", "registry.local:5000"])(
  "in a private network, %s",
  (registry) => {
    test("is spoken to by TLS where it can", async () => {
      expect((await find(registry, { probe: async () => undefined })).origin).toBe(`https://${registry}`);
    });

    test("is spoken to in the open where it cannot, and the user is told once", async () => {
      const notices: string[] = [];
      const finder = createEndpointFinder({
        probe: failing("ERR_SSL_WRONG_VERSION_NUMBER"),
        onNotice: (message) => notices.push(message),
      });
      const found = await Promise.all(["a", "b"].map((repository) => finder({ registry, repository }, {})));
      expect(found.map(({ origin }) => origin)).toEqual([`http://${registry}`, `http://${registry}`]);
      expect(notices).toHaveLength(1);
    });

    test("is not spoken to in the open because its certificate is wrong", async () => {
      await expect(find(registry, { probe: failing("DEPTH_ZERO_SELF_SIGNED_CERT") })).rejects.toMatchObject({
        code: "REGISTRY_UNREACHABLE",
      });
    });
  },
);

test.each([
  ["docker.io", "https://mirror.example", "hub/team/app"],
  ["ghcr.io", "http://127.0.0.1:5000", "team/app"],
  ["127.0.0.1:6000", "http://127.0.0.1:5000", "team/app"],
])("%s is read at its mirror", async (registry, origin, repository) => {
  const mirrors = { "docker.io": "https://mirror.example/hub/", "*": "http://127.0.0.1:5000" };
  expect(await find(registry, { mirrors })).toMatchObject({ origin, repository });
});
