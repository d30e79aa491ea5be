import { fromEnv, fromFile, llb, pkg } from "kitsmith";

/**
 * A secret and an ssh key in one step: the token is a variable of the step alone, and the key never comes to the step at
 * all, which only asks an agent to sign. The agent is kitsmith's own, with the key of a file; `.ssh()` without argument
 * would be the one of SSH_AUTH_SOCK. The base needs OpenSSH's client.
 */
export const fetched = pkg({
  directory: import.meta.dirname,
  org: "acme",
  image: "fetched",
  platforms: ["linux/amd64", "linux/arm64"],
  buildArgs: { BASE: "alpine:3.22" },
  recipe: ({ args, buildPlatform }) => {
    // A real step would clone over ssh; this one only proves whom it would be.
    const proof = llb
      .image(args.BASE ?? "", { platform: buildPlatform })
      .run('mkdir -p /out && ssh-add -L > /out/keys && test -n "$TOKEN" && echo "token: $TOKEN"', {
        secretEnv: { TOKEN: "TOKEN" },
        mounts: [llb.sshMount({ id: "deploy" })],
      });
    return llb.scratch().copy(proof.path("/out/keys"), "/etc/keys");
  },
})
  .secrets({ TOKEN: fromEnv("CI_TOKEN") })
  .ssh({ deploy: { keys: [fromFile("id_ed25519")] } });
