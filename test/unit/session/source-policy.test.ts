import type { MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { type CheckPolicyRequestSchema, PolicyVerifier } from "../../../sdk/proto/gen/policysession_pb.js";
import { PolicyAction } from "../../../sdk/proto/gen/sourcepolicy_pb.js";
import {
  createSourcePolicyService,
  type SourceDecision,
  type SourcePolicy,
  type SourceQuestion,
} from "../../../sdk/session/source-policy.ts";
import { openDaemonSide } from "./daemon-side.ts";

const IMAGE = { identifier: "docker-image://registry.example/a:1", attrs: { "image.resolvemode": "pull" } };
const open = (policy: SourcePolicy) => openDaemonSide([createSourcePolicyService(policy)]);
const { checkPolicy } = PolicyVerifier.method;

async function answer(decision: SourceDecision, request: MessageInitShape<typeof CheckPolicyRequestSchema>) {
  const questions: SourceQuestion[] = [];
  await using side = await open((question) => {
    questions.push(question);
    return decision;
  });
  const { result } = await side.client.unary(checkPolicy, request);
  return { questions, result };
}

describe("a policy for sources", () => {
  test.each<readonly [SourceDecision, object]>([
    ["allow", { action: PolicyAction.ALLOW }],
    [{ deny: "not here" }, { action: PolicyAction.DENY, denyMessages: [{ message: "not here" }] }],
    [
      { use: { identifier: "local://other", attributes: { a: "b" } } },
      { action: PolicyAction.CONVERT, update: { identifier: "local://other", attrs: { a: "b" } } },
    ],
  ])("decides %j", async (decision, value) => {
    const { result } = await answer(decision, { Source: { Source: IMAGE } });
    expect(result).toMatchObject({ case: "decision", value });
  });

  test("is told the source, its platform, and its digest once that is resolved", async () => {
    const Platform = { OS: "linux", Architecture: "arm", Variant: "v7" };
    const { questions, result } = await answer("resolve", { Platform, Source: { Source: IMAGE } });
    const known = { identifier: IMAGE.identifier, attributes: IMAGE.attrs };
    expect(questions).toEqual([{ ...known, platform: { os: "linux", architecture: "arm", variant: "v7" } }]);
    expect(result).toMatchObject({ case: "request", value: { Source: IMAGE, Platform, Image: { NoConfig: true } } });
    for (const resolved of [
      { Image: { Digest: "x" } },
      { HTTP: { Checksum: "x" } },
      { Git: { Checksum: "tag", CommitChecksum: "x" } },
      { Git: { Checksum: "x" } },
    ]) {
      const again = await answer("allow", { Source: { Source: IMAGE, ...resolved } });
      expect(again.questions).toEqual([{ ...known, digest: "x" }]);
    }
  });

  test("that fails, or is asked for nothing, denies", async () => {
    await using side = await open(() => {
      throw new Error("no list of registries");
    });
    const asked = side.client.unary(checkPolicy, { Source: { Source: IMAGE } });
    await expect(asked).rejects.toMatchObject({ status: "UNKNOWN" });
    expect(side.session.failures).toMatchObject([
      { error: { code: "BUILD_CALLBACK_FAILED", cause: { message: "no list of registries" } } },
    ]);
    await expect(side.client.unary(checkPolicy, {})).rejects.toMatchObject({ status: "INVALID_ARGUMENT" });
  });
});
