import { llb, pkg } from "kitsmith";

/**
 * A test before publish: the check looks into each platform's image after it is built and before it is pushed. If it
 * throws, no tag moves.
 */
export const checked = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "checked",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22", VERSION: "1.0" },
  recipe: ({ args, platform }) =>
    llb
      .image(args.BASE ?? "", { platform })
      .mkfile("/bin/version", `#!/bin/sh\necho "checked ${args.VERSION}"\n`, { mode: 0o755 })
      .entrypoint("/bin/version"),
}).check("it tells a version", async (image) => {
  await image.assertFile("/bin/version", { executable: true });
  const { stdout } = await image.exec(["/bin/version"]);
  if (!/^checked \d+\.\d+\n$/.test(stdout)) throw new Error(`it says ${stdout}`);
});
