// A small frontend for tests: it writes its options over the input that it is given.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/gateway/client"
	"github.com/moby/buildkit/frontend/gateway/grpcclient"
	"github.com/moby/buildkit/util/appcontext"
)

func main() {
	if err := grpcclient.RunFromEnvironment(appcontext.Context(), build); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// The result is the input "base" (else nothing), with /options.json, with /message if the option "message" is there,
// and, if the option "copy" names a file of the build context, with that file as /copied.
func build(ctx context.Context, c client.Client) (*client.Result, error) {
	opts := c.BuildOpts().Opts
	if reason, ok := opts["fail"]; ok {
		return nil, fmt.Errorf("asked to fail: %s", reason)
	}
	inputs, err := c.Inputs(ctx)
	if err != nil {
		return nil, err
	}
	state, ok := inputs["base"]
	if !ok {
		state = llb.Scratch()
	}
	text, err := json.Marshal(opts)
	if err != nil {
		return nil, err
	}
	state = state.File(llb.Mkfile("/options.json", 0o644, text))
	if message, ok := opts["message"]; ok {
		state = state.File(llb.Mkfile("/message", 0o644, []byte(message)))
	}
	if file, ok := opts["copy"]; ok {
		local := llb.Local(contextName(opts), llb.SessionID(c.BuildOpts().SessionID), llb.FollowPaths([]string{file}))
		state = state.File(llb.Copy(local, file, "/copied"))
	}
	return solve(ctx, c, state, opts)
}

func contextName(opts map[string]string) string {
	if name, ok := opts["contextkey"]; ok {
		return name
	}
	return "context"
}

func solve(ctx context.Context, c client.Client, state llb.State, opts map[string]string) (*client.Result, error) {
	definition, err := state.Marshal(ctx, llb.LinuxAmd64)
	if err != nil {
		return nil, err
	}
	result, err := c.Solve(ctx, client.SolveRequest{Definition: definition.ToPB()})
	if err != nil {
		return nil, err
	}
	config, err := json.Marshal(imageConfig(opts))
	if err != nil {
		return nil, err
	}
	result.AddMeta("containerimage.config", config)
	return result, nil
}

// The platform is that of the option "platform", which is os/architecture.
func imageConfig(opts map[string]string) map[string]any {
	labels := map[string]string{}
	for key, value := range opts {
		if len(key) > len("label:") && key[:len("label:")] == "label:" {
			labels[key[len("label:"):]] = value
		}
	}
	architecture := "amd64"
	if platform := opts["platform"]; len(platform) > len("linux/") {
		architecture = platform[len("linux/"):]
	}
	return map[string]any{
		"architecture": architecture,
		"os":           "linux",
		"config":       map[string]any{"Labels": labels, "Cmd": []string{"/message"}},
		"rootfs":       map[string]any{"type": "layers"},
	}
}
