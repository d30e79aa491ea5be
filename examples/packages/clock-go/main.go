// Clock prints the time at even intervals until it is told to stop.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

var version = "unknown"

func main() {
	every := flag.Duration("every", time.Second, "time between two ticks")
	once := flag.Bool("once", false, "print one tick and stop")
	showVersion := flag.Bool("version", false, "print the version and stop")
	flag.Parse()

	switch {
	case *showVersion:
		fmt.Printf("clock %s linux/%s\n", version, runtime.GOARCH)
	case *once:
		tick(os.Stdout, time.Now())
	case *every <= 0:
		fmt.Fprintln(os.Stderr, "clock: -every must be more than 0")
		os.Exit(2)
	default:
		run(os.Stdout, *every)
	}
}

func run(out io.Writer, every time.Duration) {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			tick(out, now)
		case <-stop:
			return
		}
	}
}

func tick(out io.Writer, now time.Time) {
	fmt.Fprintln(out, now.UTC().Format(time.RFC3339))
}
