// Puts names into a cache directory the way the LinuxKit CLI does: a POSIX record lock on .lock, and the index written by
// the same registry library. Prints each name when it is there.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
)

const nameAnnotation = "org.opencontainers.image.ref.name"

func main() {
	directory, prefix := os.Args[1], os.Args[2]
	count, err := strconv.Atoi(os.Args[3])
	check(err)
	for number := range count {
		name := fmt.Sprintf("docker.io/library/%s:%d", prefix, number)
		locked(filepath.Join(directory, ".lock"), func() { add(directory, name) })
		fmt.Println(name)
	}
	// What the library reads, as it reads it.
	path, err := layout.FromPath(directory)
	check(err)
	index, err := path.ImageIndex()
	check(err)
	manifest, err := index.IndexManifest()
	check(err)
	check(json.NewEncoder(os.Stdout).Encode(manifest))
}

func add(directory, name string) {
	path, err := layout.FromPath(directory)
	check(err)
	hash, size, err := v1.SHA256(bytes.NewReader([]byte(name)))
	check(err)
	check(path.WriteBlob(hash, io.NopCloser(bytes.NewReader([]byte(name)))))
	check(path.RemoveDescriptors(match.Name(name)))
	check(path.AppendDescriptor(v1.Descriptor{
		MediaType:   "text/plain",
		Size:        size,
		Digest:      hash,
		Annotations: map[string]string{nameAnnotation: name},
	}))
}

func locked(path string, action func()) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	check(err)
	defer file.Close()
	// Closing any descriptor of the file would drop the lock, so nothing else opens it meanwhile.
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	check(syscall.FcntlFlock(file.Fd(), syscall.F_SETLKW, &lock))
	action()
	lock.Type = syscall.F_UNLCK
	check(syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lock))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
