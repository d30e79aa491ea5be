package main

import (
	"context"
	"fmt"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/llbbuild"
	"github.com/moby/buildkit/solver/pb"
)

// graph is a list of states, each made from earlier ones.
type graph struct {
	Platform string   `json:"platform"`
	Requires []string `json:"requires"`
	Nodes    []node   `json:"nodes"`
}

type constraints struct {
	Platform    string            `json:"platform"`
	Name        string            `json:"name"`
	Description map[string]string `json:"description"`
	IgnoreCache bool              `json:"ignoreCache"`
	ExportCache *bool             `json:"exportCache"`
	Group       *struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Weak bool   `json:"weak"`
	} `json:"progressGroup"`
	Requires []string `json:"requires"`
}

type node struct {
	Op          string       `json:"op"`
	Base        int          `json:"base"`
	Other       int          `json:"other"`
	Inputs      []int        `json:"inputs"`
	Outputs     []bool       `json:"outputs"`
	Index       int          `json:"index"`
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Value       string       `json:"value"`
	Soft        int64        `json:"soft,string"`
	Hard        int64        `json:"hard,string"`
	Source      source       `json:"source"`
	Run         run          `json:"run"`
	Actions     []fileAction `json:"actions"`
	Constraints constraints  `json:"constraints"`
}

// built is a state, and the results of its mounts where a process made it.
type built struct {
	state  llb.State
	mounts map[string]llb.State
}

func (g graph) marshal(ctx context.Context) (*llb.Definition, error) {
	states := make([]built, 0, len(g.Nodes))
	for _, n := range g.Nodes {
		b, err := n.build(states)
		if err != nil {
			return nil, err
		}
		states = append(states, b)
	}
	p, err := platforms.Parse(g.Platform)
	if err != nil {
		return nil, err
	}
	return states[len(states)-1].state.Marshal(ctx, llb.Platform(p), llb.Require(g.Requires...))
}

func (n node) build(states []built) (built, error) {
	options := n.Constraints.options()
	switch n.Op {
	case "source":
		return n.Source.build(options)
	case "run":
		return n.Run.build(states, states[n.Base].state, options)
	case "mount":
		return built{state: states[n.Base].mounts[n.Name]}, nil
	case "file":
		return built{state: states[n.Base].state.File(fileActions(n.Actions, states), options...)}, nil
	case "merge":
		inputs := make([]llb.State, 0, len(n.Inputs))
		for _, i := range n.Inputs {
			inputs = append(inputs, states[i].state)
		}
		return built{state: llb.Merge(inputs, options...)}, nil
	case "diff":
		return built{state: llb.Diff(states[n.Base].state, states[n.Other].state, options...)}, nil
	case "build":
		s := states[n.Base].state
		build := []llbbuild.BuildOption{}
		if n.Name != "" {
			build = append(build, llbbuild.WithFilename(n.Name))
		}
		for _, o := range options {
			build = append(build, llbbuild.WithConstraints(o))
		}
		return built{state: s.With(llbbuild.Build(build...))}, nil
	case "passthrough":
		inputs := []llb.PassthroughInput{}
		first := -1
		outputs := 0
		for i, input := range n.Inputs {
			inputs = append(inputs, llb.PassthroughInput{State: states[input].state, Output: n.Outputs[i]})
			if n.Outputs[i] && states[input].state.Output() != nil {
				if outputs == n.Index {
					first = input
				}
				outputs++
			}
		}
		op := llb.NewPassthroughOp(n.ID, inputs, options...)
		return built{state: states[first].state.WithOutput(op.OutputAt(n.Index))}, nil
	}
	return n.setting(states[n.Base].state)
}

// setting is a node that changes how the next processes run.
func (n node) setting(s llb.State) (built, error) {
	switch n.Op {
	case "env":
		return built{state: s.AddEnv(n.Name, n.Value)}, nil
	case "dir":
		return built{state: s.Dir(n.Value)}, nil
	case "user":
		return built{state: s.User(n.Value)}, nil
	case "hostname":
		return built{state: s.Hostname(n.Value)}, nil
	case "cgroupParent":
		return built{state: s.WithCgroupParent(n.Value)}, nil
	case "ulimit":
		return built{state: s.AddUlimit(llb.UlimitName(n.Name), n.Soft, n.Hard)}, nil
	case "network":
		return built{state: s.Network(network(n.Value))}, nil
	case "security":
		return built{state: s.Security(security(n.Value))}, nil
	case "platform":
		p, err := platforms.Parse(n.Value)
		return built{state: s.Platform(p)}, err
	}
	return built{}, fmt.Errorf("unknown op %q", n.Op)
}

func network(name string) pb.NetMode {
	return map[string]pb.NetMode{"sandbox": pb.NetMode_UNSET, "host": pb.NetMode_HOST, "none": pb.NetMode_NONE}[name]
}

func security(name string) pb.SecurityMode {
	return map[string]pb.SecurityMode{"sandbox": pb.SecurityMode_SANDBOX, "insecure": pb.SecurityMode_INSECURE}[name]
}

func (c constraints) options() []llb.ConstraintsOpt {
	options := []llb.ConstraintsOpt{}
	if c.Platform != "" {
		options = append(options, llb.Platform(platforms.MustParse(c.Platform)))
	}
	if c.Description != nil {
		options = append(options, llb.WithDescription(c.Description))
	}
	if c.Name != "" {
		options = append(options, llb.WithCustomName(c.Name))
	}
	if c.IgnoreCache {
		options = append(options, llb.IgnoreCache)
	}
	if c.ExportCache != nil && *c.ExportCache {
		options = append(options, llb.WithExportCache())
	}
	if c.ExportCache != nil && !*c.ExportCache {
		options = append(options, llb.WithoutExportCache())
	}
	if c.Group != nil {
		options = append(options, llb.ProgressGroup(c.Group.ID, c.Group.Name, c.Group.Weak))
	}
	if c.Requires != nil {
		options = append(options, llb.Require(c.Requires...))
	}
	return options
}
