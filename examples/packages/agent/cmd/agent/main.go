// Agent answers over TCP with one line about the machine's health.
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
)

func main() {
	listen := flag.String("listen", ":4040", "address to answer on")
	once := flag.Bool("once", false, "print the health and stop")
	flag.Parse()

	if *once {
		fmt.Println(health())
		return
	}
	if err := serve(*listen); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer listener.Close()
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go answer(connection)
	}
}

func answer(connection net.Conn) {
	defer connection.Close()
	_, _ = io.WriteString(connection, health()+"\n")
}

func health() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "load unknown linux/" + runtime.GOARCH
	}
	average, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("load %s linux/%s", average, runtime.GOARCH)
}
