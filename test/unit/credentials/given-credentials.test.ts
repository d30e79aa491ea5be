import { expect, test } from "vitest";
import { createGivenCredentials } from "../../../sdk/credentials/given-credentials.ts";
import { registrySettings } from "../../../sdk/run/engines/registry-settings.ts";

const flags = { mirrors: [], certificateFiles: [] };

test("only what was given is known, whatever the registry is called by", async () => {
  const { credentials = {} } = registrySettings({
    ...flags,
    logins: [
      { registry: "https://index.docker.io/", username: "me", password: "secret" },
      { registry: "registry.example:5000", token: "token" },
    ],
  });
  const source = createGivenCredentials(credentials);
  expect(await source.get("docker.io")).toEqual({ kind: "basic", username: "me", password: "secret" });
  expect(await source.get("registry-1.docker.io")).toMatchObject({ username: "me" });
  expect(await source.get("registry.example:5000")).toEqual({ kind: "registry-token", token: "token" });
  expect(await source.get("registry.example")).toBeUndefined();
});

test("without logins docker's credentials are used", () => {
  expect(registrySettings({ ...flags, logins: [] }).credentials).toBeUndefined();
});
