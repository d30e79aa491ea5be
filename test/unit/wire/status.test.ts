import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { StatusError, statusName, statusNumber } from "../../../sdk/wire/status.ts";

describe("gRPC statuses", () => {
  test.each([
    ["CANCELLED", 1],
    ["NOT_FOUND", 5],
    ["ALREADY_EXISTS", 6],
    ["UNIMPLEMENTED", 12],
    ["UNAUTHENTICATED", 16],
  ] as const)("%s is %i", (name, number) => {
    expect(statusNumber(name)).toBe(number);
    expect(statusName(number)).toBe(name);
  });

  test.each([0, 17, -1])("%i is no failure that gRPC defines", (number) => {
    expect(statusName(number)).toBe("UNKNOWN");
  });

  test("an error carries its details without printing them", () => {
    const error = new StatusError("UNKNOWN", "failed", { encodedDetails: Buffer.from("a source file") });
    expect(error).toMatchObject({ code: "WIRE_STATUS", status: "UNKNOWN", statusMessage: "failed" });
    expect(Buffer.from(error.encodedDetails ?? []).toString()).toBe("a source file");
    expect(inspect(error)).not.toContain("Buffer");
  });
});
