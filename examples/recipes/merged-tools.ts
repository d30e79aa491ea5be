import { llb, pkg } from "kitsmith";

/** What a tool's installation adds to the base: another base or another tool does not make it run again. */
const TOOLS = { hello: 'echo "hello, $1"', bye: 'echo "bye, $1"' };

/**
 * Merge and diff: each tool is installed on its own, its difference to the base is a layer, and the layers are merged.
 * In a chain of steps a change of the first tool would run all others again; here the others stay as they are.
 */
export const tools = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "tools",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22" },
  recipe: ({ args, buildPlatform, platform }) => {
    const builder = llb.image(args.BASE ?? "", { platform: buildPlatform });
    const installed = Object.entries(TOOLS).map(([name, script]) => {
      const install = `mkdir -p /opt && printf '#!/bin/sh\\n%s\\n' '${script}' > /opt/${name} && chmod 755 /opt/${name}`;
      return llb.diff(builder, builder.run(install, { name: `install ${name}` }));
    });
    return llb.merge([llb.image(args.BASE ?? "", { platform }), ...installed]).entrypoint("/opt/hello");
  },
});
