import { describe, expect, test } from "vitest";
import {
  formatBuildkitdConfig,
  formatDockerdConfig,
  isLoopbackHost,
} from "../../../../sdk/engine/lifecycle/daemon-config.ts";

const PATHS = { root: "/s/data", runtime: "/s/run", socket: "/s/run/engine.sock", pidFile: "/s/run/engine.pid" };

describe("buildkitd's configuration", () => {
  test("keeps to its directory and to the machine's network", () => {
    expect(formatBuildkitdConfig(PATHS, {})).toBe(
      [
        'root = "/s/data"',
        'insecure-entitlements = ["network.host"]',
        "[grpc]",
        'address = ["unix:///s/run/engine.sock"]',
        "[worker.oci]",
        "enabled = true",
        'networkMode = "host"',
        "[worker.containerd]",
        "enabled = false",
        "",
      ].join("\n"),
    );
  });

  test("has one table per registry, though it is named and has a mirror", () => {
    const text = formatBuildkitdConfig(PATHS, {
      registries: ["plain.example:5000", "docker.io"],
      mirrors: { "docker.io": ["127.0.0.1:5000", "mirror.example"] },
    });
    expect(text.split("\n").slice(9, -1)).toEqual([
      '[registry."127.0.0.1:5000"]',
      "http = true",
      "insecure = true",
      '[registry."docker.io"]',
      'mirrors = ["127.0.0.1:5000", "mirror.example"]',
      "http = true",
      "insecure = true",
      '[registry."plain.example:5000"]',
      "http = true",
      "insecure = true",
    ]);
  });
});

test("a mirror may be a URL, whose path goes before the repository", () => {
  const mirrors = {
    "docker.io": ["http://plain.example/hub"],
    "ghcr.io": ["https://mirror.example/ghcr"],
    "quay.io": ["https://localhost:5443"],
  };
  const text = formatBuildkitdConfig(PATHS, { mirrors });
  expect(text.split("\n").slice(9, -1)).toEqual([
    '[registry."docker.io"]',
    'mirrors = ["plain.example/hub"]',
    '[registry."ghcr.io"]',
    'mirrors = ["mirror.example/ghcr"]',
    '[registry."localhost:5443"]',
    "http = false",
    '[registry."plain.example"]',
    "http = true",
    "insecure = true",
    '[registry."quay.io"]',
    'mirrors = ["localhost:5443"]',
  ]);
  expect(JSON.parse(formatDockerdConfig(PATHS, { mirrors }))).toMatchObject({
    "registry-mirrors": ["http://plain.example/hub"],
    "insecure-registries": ["plain.example"],
  });
});

describe("dockerd's configuration", () => {
  test("changes nothing of the machine's network", () => {
    expect(JSON.parse(formatDockerdConfig(PATHS, {}))).toMatchObject({
      features: { "containerd-snapshotter": true },
      "data-root": "/s/data",
      "exec-root": "/s/run",
      pidfile: "/s/run/engine.pid",
      hosts: ["unix:///s/run/engine.sock"],
      bridge: "none",
      iptables: false,
      ip6tables: false,
      "ip-forward": false,
    });
  });

  test("reaches mirrors on this machine by http, others by https", () => {
    const config: unknown = JSON.parse(
      formatDockerdConfig(PATHS, { mirrors: { "docker.io": ["localhost:5000", "mirror.example"] } }),
    );
    expect(config).toMatchObject({
      "registry-mirrors": ["http://localhost:5000", "https://mirror.example"],
      "insecure-registries": ["localhost:5000"],
    });
  });
});

test.each([
  ["localhost", true],
  ["localhost:5000", true],
  ["127.0.0.1:80", true],
  ["127.9.9.9", true],
  ["[::1]:5000", true],
  ["localhost.example", false],
  ["127.0.0.1.example:80", false],
  ["10.0.0.1:5000", false],
])("%s is on this machine: %s", (host, expected) => {
  expect(isLoopbackHost(host)).toBe(expected);
});
