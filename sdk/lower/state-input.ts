import { type PlatformText, parsePlatform } from "../core/platform.ts";
import { BuildResult, imageConfig, llb, marshal, type ResolvedImages, type State } from "../llb/index.ts";
import { resultInput } from "./result-input.ts";
import type { DefinitionInput } from "./solve-request.ts";

/**
 * What a job solves for a platform: a state, or `llb.result(…)` with what goes with it. Of base images it knows what is
 * given.
 *
 * @throws GraphError, InputError `INPUT_PLATFORM_INVALID`
 */
export function stateInput(
  made: State | BuildResult,
  text: PlatformText,
  images: ResolvedImages = new Map(),
): DefinitionInput {
  const platform = parsePlatform(text);
  const result = made instanceof BuildResult ? made : llb.result(made);
  return resultInput(result, {
    platform,
    imageConfig: imageConfig(result.state, { platform, images }),
    graph: (state) => marshal(state, { platform, images }),
    levels: ["manifest", "manifest-descriptor", "index", "index-descriptor"],
  });
}
