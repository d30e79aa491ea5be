package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

var version = "unknown"

func main() {
	showVersion := flag.Bool("version", false, "print the version and stop")
	flag.Parse()
	fmt.Println("__NAME__", version)
	if *showVersion {
		return
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
}
