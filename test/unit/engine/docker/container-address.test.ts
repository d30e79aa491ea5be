import { describe, expect, test } from "vitest";
import {
  formatContainerAddress,
  isContainerAddress,
  parseContainerAddress,
} from "../../../../sdk/engine/docker/container-address.ts";

describe("addresses of containers", () => {
  test.each([
    ["docker-container://buildkitd", { name: "buildkitd" }],
    ["docker-container://b.1-x?context=arm%20box", { name: "b.1-x", context: "arm box" }],
    ["docker-container://b1?host=unix:///run/docker.sock", { name: "b1", host: "unix:///run/docker.sock" }],
    ["docker-container://b1?host=tcp://box:2376", { name: "b1", host: "tcp://box:2376" }],
  ])("%s", (text, address) => {
    expect(isContainerAddress(text)).toBe(true);
    expect(parseContainerAddress(text)).toEqual(address);
    expect(formatContainerAddress(address)).toBe(text);
  });

  test.each(["", "../x", "a/b", "a b", "x?namespace=y", "x1?context=a&host=unix:///b"])("none: %j", (rest) => {
    expect(() => parseContainerAddress(`docker-container://${rest}`)).toThrow(
      expect.objectContaining({ code: "INPUT_OPTION_INVALID" }),
    );
  });
});
