// Reads descriptions of graphs, one JSON value per line, builds each with BuildKit's own client package and prints the
// marshalled definition, one JSON value per line. The tests build the same graphs with kitsmith and compare.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
)

type answer struct {
	Def      [][]byte                  `json:"def"`
	Metadata map[string]llb.OpMetadata `json:"metadata"`
	Error    string                    `json:"error,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "bench" {
		bench(os.Args[2:])
		return
	}
	if len(os.Args) > 1 && os.Args[1] == "dump" {
		dump()
		return
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<26)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		if err := encoder.Encode(solve(lines.Bytes())); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func solve(line []byte) answer {
	var g graph
	if err := json.Unmarshal(line, &g); err != nil {
		return answer{Error: err.Error()}
	}
	def, err := g.marshal(context.Background())
	if err != nil {
		return answer{Error: err.Error()}
	}
	metadata := make(map[string]llb.OpMetadata, len(def.Metadata))
	for digest, value := range def.Metadata {
		metadata[digest.String()] = value
	}
	return answer{Def: def.Def, Metadata: metadata}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
