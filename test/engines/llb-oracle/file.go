package main

import (
	"os"
	"time"

	"github.com/moby/buildkit/client/llb"
)

type fileAction struct {
	Kind            string   `json:"kind"`
	State           int      `json:"state"`
	Src             string   `json:"src"`
	Path            string   `json:"path"`
	Target          string   `json:"target"`
	Data            string   `json:"data"`
	Mode            *int     `json:"mode"`
	ModeText        string   `json:"modeText"`
	Owner           string   `json:"owner"`
	CreatedAtMs     *int64   `json:"createdAtMs"`
	Parents         bool     `json:"parents"`
	AllowNotFound   bool     `json:"allowNotFound"`
	Wildcard        bool     `json:"wildcard"`
	EmptyWildcard   bool     `json:"allowEmptyWildcard"`
	FollowSymlinks  bool     `json:"followSymlinks"`
	ContentsOnly    bool     `json:"contentsOnly"`
	Unpack          bool     `json:"unpack"`
	CreateDestPath  bool     `json:"createDestPath"`
	ReplaceExisting bool     `json:"replaceExisting"`
	Include         []string `json:"include"`
	Exclude         []string `json:"exclude"`
	RequiredPaths   []string `json:"requiredPaths"`
}

func fileActions(actions []fileAction, states []built) *llb.FileAction {
	var chain *llb.FileAction
	for _, a := range actions {
		chain = a.append(chain, states)
	}
	return chain
}

func (a fileAction) append(chain *llb.FileAction, states []built) *llb.FileAction {
	owner := a.owner()
	created := a.created()
	switch a.Kind {
	case "mkdir":
		return chain.Mkdir(a.Path, os.FileMode(*a.Mode), &llb.MkdirInfo{
			MakeParents: a.Parents, ChownOpt: owner, CreatedTime: created,
		})
	case "mkfile":
		return chain.Mkfile(a.Path, os.FileMode(*a.Mode), []byte(a.Data), &llb.MkfileInfo{
			ChownOpt: owner, CreatedTime: created,
		})
	case "symlink":
		return chain.Symlink(a.Target, a.Path, &llb.SymlinkInfo{ChownOpt: owner, CreatedTime: created})
	case "rm":
		return chain.Rm(a.Path, llb.WithAllowNotFound(a.AllowNotFound), llb.WithAllowWildcard(a.Wildcard))
	}
	info := &llb.CopyInfo{
		FollowSymlinks:                 a.FollowSymlinks,
		CopyDirContentsOnly:            a.ContentsOnly,
		IncludePatterns:                a.Include,
		ExcludePatterns:                a.Exclude,
		RequiredPaths:                  a.RequiredPaths,
		AttemptUnpack:                  a.Unpack,
		CreateDestPath:                 a.CreateDestPath,
		AllowWildcard:                  a.Wildcard,
		AllowEmptyWildcard:             a.EmptyWildcard,
		ChownOpt:                       owner,
		CreatedTime:                    created,
		AlwaysReplaceExistingDestPaths: a.ReplaceExisting,
	}
	if a.Mode != nil {
		info.Mode = &llb.ChmodOpt{Mode: os.FileMode(*a.Mode)}
	}
	if a.ModeText != "" {
		info.Mode = &llb.ChmodOpt{ModeStr: a.ModeText}
	}
	return chain.Copy(states[a.State].state, a.Src, a.Path, info)
}

func (a fileAction) owner() *llb.ChownOpt {
	if a.Owner == "" {
		return nil
	}
	var info llb.MkdirInfo
	llb.WithUser(a.Owner).SetMkdirOption(&info)
	return info.ChownOpt
}

func (a fileAction) created() *time.Time {
	if a.CreatedAtMs == nil {
		return nil
	}
	t := time.UnixMilli(*a.CreatedAtMs)
	return &t
}
