package main

import (
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	digest "github.com/opencontainers/go-digest"
)

type source struct {
	Kind     string              `json:"kind"`
	Ref      string              `json:"ref"`
	Fragment string              `json:"fragment"`
	Texts    map[string]string   `json:"texts"`
	Flags    map[string]bool     `json:"flags"`
	Lists    map[string][]string `json:"lists"`
	Limit    *int                `json:"limit"`
	Mode     int                 `json:"mode"`
	UID      int                 `json:"uid"`
	GID      int                 `json:"gid"`
}

func (s source) build(options []llb.ConstraintsOpt) (built, error) {
	switch s.Kind {
	case "scratch":
		return built{state: llb.Scratch()}, nil
	case "image":
		return built{state: llb.Image(s.Ref, s.imageOptions(options)...)}, nil
	case "local":
		return built{state: llb.Local(s.Ref, s.localOptions(options)...)}, nil
	case "git":
		return built{state: llb.Git(s.Ref, s.Fragment, s.gitOptions(options)...)}, nil
	case "http":
		return built{state: llb.HTTP(s.Ref, s.httpOptions(options)...)}, nil
	case "ociLayout":
		lo := []llb.OCILayoutOption{llb.OCIStore(s.Texts["sessionId"], s.Texts["storeId"])}
		if s.Limit != nil {
			lo = append(lo, llb.OCILayerLimit(*s.Limit))
		}
		for _, o := range options {
			lo = append(lo, o)
		}
		return built{state: llb.OCILayout(s.Ref, lo...)}, nil
	case "imageBlob":
		return built{state: llb.ImageBlob(s.Ref, s.blobOptions(options)...)}, nil
	case "ociLayoutBlob":
		bo := append(s.blobOptions(options), llb.ImageBlobOCIStore(s.Texts["sessionId"], s.Texts["storeId"]))
		return built{state: llb.OCILayoutBlob(s.Ref, bo...)}, nil
	}
	return built{}, fmt.Errorf("unknown source %q", s.Kind)
}

func (s source) imageOptions(options []llb.ConstraintsOpt) []llb.ImageOption {
	io := []llb.ImageOption{}
	switch s.Texts["resolveMode"] {
	case "pull":
		io = append(io, llb.ResolveModeForcePull)
	case "local":
		io = append(io, llb.ResolveModePreferLocal)
	}
	if s.Flags["internal"] {
		io = append(io, llb.MarkImageInternal)
	}
	if s.Limit != nil {
		io = append(io, llb.WithLayerLimit(*s.Limit))
	}
	if sum := s.Texts["checksum"]; sum != "" {
		io = append(io, llb.WithImageChecksum(digest.Digest(sum)))
	}
	for _, o := range options {
		io = append(io, o)
	}
	return io
}

func (s source) localOptions(options []llb.ConstraintsOpt) []llb.LocalOption {
	lo := []llb.LocalOption{
		llb.SessionID(s.Texts["sessionId"]),
		llb.IncludePatterns(s.Lists["include"]),
		llb.ExcludePatterns(s.Lists["exclude"]),
		llb.FollowPaths(s.Lists["followPaths"]),
		llb.SharedKeyHint(s.Texts["sharedKeyHint"]),
	}
	if differ := s.Texts["differ"]; differ != "" {
		lo = append(lo, llb.Differ(llb.DiffType(differ), s.Flags["differRequired"]))
	}
	if s.Flags["metadataOnly"] {
		lo = append(lo, llb.MetadataOnlyTransfer(s.Lists["exceptions"]))
	}
	for _, o := range options {
		lo = append(lo, o)
	}
	return lo
}

func (s source) gitOptions(options []llb.ConstraintsOpt) []llb.GitOption {
	opts := []llb.GitOption{llb.KnownSSHHosts("host key")}
	texts := map[string]func(string) llb.GitOption{
		"checksum":         llb.GitChecksum,
		"authTokenSecret":  llb.AuthTokenSecret,
		"authHeaderSecret": func(v string) llb.GitOption { return llb.AuthHeaderSecret(v) },
		"sshId":            llb.MountSSHSock,
		"mtime":            llb.GitMTime,
	}
	for name, option := range texts {
		if value, ok := s.Texts[name]; ok {
			opts = append(opts, option(value))
		}
	}
	flags := map[string]llb.GitOption{
		"keepGitDir":     llb.KeepGitDir(),
		"skipSubmodules": llb.GitSkipSubmodules(),
		"fetchByCommit":  llb.GitFetchByCommit(),
		"advice":         llb.GitAdvice(true),
		"checkoutBundle": llb.GitCheckoutBundle(),
	}
	for name, option := range flags {
		if s.Flags[name] {
			opts = append(opts, option)
		}
	}
	if bundle := s.Texts["bundle"]; bundle != "" {
		opts = append(opts, llb.GitBundleURL(bundle, llb.GitBundleOCIStore(s.Texts["sessionId"], s.Texts["storeId"])))
	}
	for _, o := range options {
		opts = append(opts, o)
	}
	return opts
}

func (s source) httpOptions(options []llb.ConstraintsOpt) []llb.HTTPOption {
	ho := []llb.HTTPOption{
		llb.Checksum(digest.Digest(s.Texts["checksum"])),
		llb.AuthHeaderSecret(s.Texts["authHeaderSecret"]),
	}
	if s.Texts["accept"] != "" || s.Texts["userAgent"] != "" {
		ho = append(ho, llb.Header(llb.HTTPHeader{Accept: s.Texts["accept"], UserAgent: s.Texts["userAgent"]}))
	}
	if key := s.Texts["publicKey"]; key != "" {
		ho = append(ho, llb.VerifyPGPSignature(llb.HTTPSignatureInfo{
			PubKey: []byte(key), Signature: []byte(s.Texts["signature"]),
		}))
	}
	for _, o := range s.fileOptions() {
		ho = append(ho, o)
	}
	for _, o := range options {
		ho = append(ho, o)
	}
	return ho
}

func (s source) blobOptions(options []llb.ConstraintsOpt) []llb.ImageBlobOption {
	bo := []llb.ImageBlobOption{}
	for _, o := range s.fileOptions() {
		bo = append(bo, o)
	}
	for _, o := range options {
		bo = append(bo, o)
	}
	return bo
}

func (s source) fileOptions() []llb.FileInfoOption {
	return []llb.FileInfoOption{
		llb.Filename(s.Texts["filename"]), llb.Chmod(os.FileMode(s.Mode)), llb.Chown(s.UID, s.GID),
	}
}
