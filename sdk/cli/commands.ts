import type { Command } from "./command.ts";
import { cacheCheck, cacheClean, cacheList, cacheRemove } from "./commands/cache.ts";
import { cacheExport, cacheImport } from "./commands/cache-archive.ts";
import { cachePull, cachePush } from "./commands/cache-registry.ts";
import { doctor } from "./commands/doctor.ts";
import { engineList, engineStop } from "./commands/engine.ts";
import { llbDot, llbDump } from "./commands/llb.ts";
import { newPackage } from "./commands/new.ts";
import { pkgBuild, pkgPush } from "./commands/pkg-build.ts";
import { pkgBuilderDu, pkgBuilderPrune } from "./commands/pkg-builder.ts";
import { pkgExplainTag } from "./commands/pkg-explain-tag.ts";
import { pkgLint } from "./commands/pkg-lint.ts";
import { pkgManifest } from "./commands/pkg-manifest.ts";
import { pkgRemoteTag } from "./commands/pkg-remote-tag.ts";
import { pkgShell } from "./commands/pkg-shell.ts";
import { pkgShowTag } from "./commands/pkg-show-tag.ts";
import { plan } from "./commands/plan.ts";
import { registryStart, registryStop } from "./commands/registry.ts";
import { version } from "./commands/version.ts";

/** Every command; help and completions are made from this table. */
export const COMMANDS: readonly Command[] = Object.freeze([
  pkgBuild,
  pkgPush,
  pkgShowTag,
  pkgExplainTag,
  pkgManifest,
  pkgRemoteTag,
  pkgBuilderDu,
  pkgBuilderPrune,
  pkgLint,
  pkgShell,
  cacheList,
  cacheRemove,
  cacheClean,
  cacheExport,
  cacheImport,
  cachePull,
  cachePush,
  cacheCheck,
  plan,
  newPackage,
  engineList,
  engineStop,
  registryStart,
  registryStop,
  llbDump,
  llbDot,
  doctor,
  version,
]);
