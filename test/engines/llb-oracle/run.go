package main

import (
	"fmt"
	"net"
	"sort"

	"github.com/moby/buildkit/client/llb"
)

type run struct {
	Args         []string    `json:"args"`
	Env          [][2]string `json:"env"`
	Cwd          string      `json:"cwd"`
	User         string      `json:"user"`
	Hostname     string      `json:"hostname"`
	Network      string      `json:"network"`
	Security     string      `json:"security"`
	CgroupParent string      `json:"cgroupParent"`
	ReadonlyRoot bool        `json:"readonlyRoot"`
	ExitCodes    []int       `json:"validExitCodes"`
	ExtraHosts   [][2]string `json:"extraHosts"`
	Ulimits      []struct {
		Name string `json:"name"`
		Soft int64  `json:"soft,string"`
		Hard int64  `json:"hard,string"`
	} `json:"ulimits"`
	Proxy     map[string]string `json:"proxy"`
	SecretEnv []struct {
		Name     string `json:"name"`
		ID       string `json:"id"`
		Optional bool   `json:"optional"`
	} `json:"secretEnv"`
	Devices []struct {
		Name     string `json:"name"`
		Optional bool   `json:"optional"`
	} `json:"devices"`
	Resources map[string]string `json:"resources"`
	Mounts    []mount           `json:"mounts"`
}

type mount struct {
	Kind         string `json:"kind"`
	Dest         string `json:"dest"`
	State        *int   `json:"state"`
	Path         string `json:"path"`
	Readonly     bool   `json:"readonly"`
	Discard      bool   `json:"discard"`
	ContentCache string `json:"contentCache"`
	ID           string `json:"id"`
	Sharing      string `json:"sharing"`
	Size         int64  `json:"size,string"`
	UID          int    `json:"uid"`
	GID          int    `json:"gid"`
	Mode         int    `json:"mode"`
	Optional     bool   `json:"optional"`
}

func (r run) build(states []built, base llb.State, options []llb.ConstraintsOpt) (built, error) {
	ro, err := r.options()
	if err != nil {
		return built{}, err
	}
	for _, o := range options {
		ro = append(ro, o)
	}
	for _, m := range r.Mounts {
		switch m.Kind {
		case "secret":
			ro = append(ro, llb.AddSecret(m.Dest, m.secretOptions()...))
		case "ssh":
			ro = append(ro, llb.AddSSHSocket(m.sshOptions()...))
		}
	}
	es := base.Run(ro...)
	mounts := map[string]llb.State{}
	for _, m := range r.Mounts {
		if m.Kind == "secret" || m.Kind == "ssh" {
			continue
		}
		source := llb.Scratch()
		if m.State != nil {
			source = states[*m.State].state
		}
		mounts[m.Dest] = es.AddMount(m.Dest, source, m.mountOptions()...)
	}
	return built{state: es.Root(), mounts: mounts}, nil
}

func (r run) options() ([]llb.RunOption, error) {
	ro := []llb.RunOption{llb.Args(r.Args)}
	for _, e := range r.Env {
		ro = append(ro, llb.AddEnv(e[0], e[1]))
	}
	if r.Cwd != "" {
		ro = append(ro, llb.Dir(r.Cwd))
	}
	if r.User != "" {
		ro = append(ro, llb.User(r.User))
	}
	if r.Hostname != "" {
		ro = append(ro, llb.Hostname(r.Hostname))
	}
	if r.Network != "" {
		ro = append(ro, llb.Network(network(r.Network)))
	}
	if r.Security != "" {
		ro = append(ro, llb.Security(security(r.Security)))
	}
	if r.CgroupParent != "" {
		ro = append(ro, llb.WithCgroupParent(r.CgroupParent))
	}
	if r.ReadonlyRoot {
		ro = append(ro, llb.ReadonlyRootFS())
	}
	if r.ExitCodes != nil {
		ro = append(ro, llb.ValidExitCodes(r.ExitCodes...))
	}
	for _, h := range r.ExtraHosts {
		ip := net.ParseIP(h[1])
		if ip == nil {
			return nil, fmt.Errorf("not an IP: %s", h[1])
		}
		ro = append(ro, llb.AddExtraHost(h[0], ip))
	}
	for _, u := range r.Ulimits {
		ro = append(ro, llb.AddUlimit(llb.UlimitName(u.Name), u.Soft, u.Hard))
	}
	if r.Proxy != nil {
		ro = append(ro, llb.WithProxy(llb.ProxyEnv{
			HTTPProxy: r.Proxy["http"], HTTPSProxy: r.Proxy["https"], FTPProxy: r.Proxy["ftp"],
			NoProxy: r.Proxy["no"], AllProxy: r.Proxy["all"],
		}))
	}
	for _, s := range r.SecretEnv {
		so := []llb.SecretOption{llb.SecretAsEnvName(s.Name)}
		if s.Optional {
			so = append(so, llb.SecretOptional)
		}
		ro = append(ro, llb.AddSecretWithDest(s.ID, nil, so...))
	}
	for _, d := range r.Devices {
		do := []llb.CDIDeviceOption{llb.CDIDeviceName(d.Name)}
		if d.Optional {
			do = append(do, llb.CDIDeviceOptional)
		}
		ro = append(ro, llb.AddCDIDevice(do...))
	}
	if r.Resources != nil {
		ro = append(ro, llb.WithLinuxResources(resources(r.Resources)))
	}
	return ro, nil
}

func resources(values map[string]string) llb.LinuxResources {
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	sort.Strings(names)
	var l llb.LinuxResources
	number := func(text string) int64 {
		var n int64
		fmt.Sscan(text, &n)
		return n
	}
	for _, name := range names {
		switch value := values[name]; name {
		case "memory":
			l.Memory = number(value)
		case "memorySwap":
			l.MemorySwap = number(value)
		case "cpuShares":
			l.CPUShares = uint64(number(value))
		case "cpuPeriod":
			l.CPUPeriod = uint64(number(value))
		case "cpuQuota":
			l.CPUQuota = number(value)
		case "cpusetCpus":
			l.CpusetCpus = value
		case "cpusetMems":
			l.CpusetMems = value
		}
	}
	return l
}

func (m mount) mountOptions() []llb.MountOption {
	mo := []llb.MountOption{}
	if m.Path != "" {
		mo = append(mo, llb.SourcePath(m.Path))
	}
	if m.Readonly {
		mo = append(mo, llb.Readonly)
	}
	if m.Discard {
		mo = append(mo, llb.ForceNoOutput)
	}
	switch m.ContentCache {
	case "on":
		mo = append(mo, llb.ContentCache(llb.MountContentCacheOn))
	case "off":
		mo = append(mo, llb.ContentCache(llb.MountContentCacheOff))
	}
	if m.Kind == "cache" {
		sharing := map[string]llb.CacheMountSharingMode{
			"shared": llb.CacheMountShared, "private": llb.CacheMountPrivate, "locked": llb.CacheMountLocked,
		}
		mo = append(mo, llb.AsPersistentCacheDir(m.ID, sharing[m.Sharing]))
	}
	if m.Kind == "tmpfs" {
		mo = append(mo, llb.Tmpfs(llb.TmpfsSize(m.Size)))
	}
	return mo
}

func (m mount) secretOptions() []llb.SecretOption {
	so := []llb.SecretOption{llb.SecretID(m.ID), llb.SecretFileOpt(m.UID, m.GID, m.Mode)}
	if m.Optional {
		so = append(so, llb.SecretOptional)
	}
	return so
}

func (m mount) sshOptions() []llb.SSHOption {
	so := []llb.SSHOption{llb.SSHID(m.ID), llb.SSHSocketOpt(m.Dest, m.UID, m.GID, m.Mode)}
	if m.Optional {
		so = append(so, llb.SSHOptional)
	}
	return so
}
