package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"syscall"

	"github.com/moby/buildkit/client/llb"
)

// bench builds and marshals one of the benchmark's graphs in this process and prints
// milliseconds of processor time, bytes of peak memory and the digest of the definition.
func bench(args []string) {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		fail(err)
	}
	shapes := map[string]func(int) llb.State{"merged": merged, "chain": chain, "diamonds": diamonds}
	def, err := shapes[args[0]](n).Marshal(context.Background(), llb.LinuxAmd64)
	if err != nil {
		fail(err)
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail(err)
	}
	hash := sha256.New()
	for _, op := range def.Def {
		hash.Write(op)
	}
	cpuMicros := (usage.Utime.Sec+usage.Stime.Sec)*1e6 + int64(usage.Utime.Usec+usage.Stime.Usec)
	fmt.Fprintf(os.Stdout, "%.3f %d %x\n", float64(cpuMicros)/1000, usage.Maxrss*1024, hash.Sum(nil))
}

func step(s llb.State, name string) llb.State {
	return s.Run(llb.Args([]string{"/bin/echo", name})).Root()
}

func merged(n int) llb.State {
	base := llb.Image("alpine")
	states := make([]llb.State, 0, n)
	for i := range n {
		states = append(states, step(base, strconv.Itoa(i)))
	}
	return llb.Merge(states)
}

func chain(n int) llb.State {
	s := llb.Image("alpine")
	for i := range n {
		s = step(s, strconv.Itoa(i))
	}
	return s
}

func diamonds(n int) llb.State {
	s := llb.Image("alpine")
	for i := range n / 3 {
		left := step(s, "left"+strconv.Itoa(i))
		right := step(s, "right"+strconv.Itoa(i))
		s = llb.Merge([]llb.State{left, right})
	}
	return s
}
