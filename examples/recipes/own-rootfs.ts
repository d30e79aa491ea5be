import { llb, pkg } from "kitsmith";

/** What runs in the builder, with an empty directory at /out. */
const FILL = [
  "mkdir -p /out/bin /out/etc /out/lib /out/root",
  "cp -L /bin/sh /out/bin/busybox",
  // Where the shell is linked dynamically, its loader and libraries go along.
  "(cp -L /lib/ld-musl-* /lib/libc.musl-* /out/lib/ 2>/dev/null || true)",
  'for name in sh ls cat uname; do ln -s busybox "/out/bin/$name"; done',
].join(" && ");

/**
 * A root file system of one's own: a step of the builder fills an empty directory, which is mounted, and what the mount
 * then holds becomes the image. Nothing of the builder is in it that was not put there.
 */
export const rootfs = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "rootfs",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22" },
  recipe: ({ args, platform }) =>
    llb
      .image(args.BASE ?? "", { platform })
      .run(FILL, { mounts: [llb.bindMount("/out", llb.scratch())] })
      .mount("/out")
      .mkdir("/tmp", { mode: 0o777 })
      .mkfile("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
      .mkfile("/etc/hostname", "own\n")
      // The new root is one to run steps in.
      .run("uname -s > /etc/system")
      .workdir("/root")
      .cmd("/bin/sh"),
});
