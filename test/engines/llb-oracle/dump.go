package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/solver/pb"
	digest "github.com/opencontainers/go-digest"
)

type dumped struct {
	Op         *pb.Op
	Digest     digest.Digest
	OpMetadata *pb.OpMetadata
}

// dump reads encoded definitions in base64, one per line, and prints for each what buildctl prints for it, as JSON text.
func dump() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<26)
	for lines.Scan() {
		raw, err := base64.StdEncoding.DecodeString(lines.Text())
		if err != nil {
			fail(err)
		}
		def, err := llb.ReadFrom(bytes.NewReader(raw))
		if err != nil {
			fail(err)
		}
		text := strings.Builder{}
		encoder := json.NewEncoder(&text)
		for _, dt := range def.Def {
			var op pb.Op
			if err := op.UnmarshalVT(dt); err != nil {
				fail(err)
			}
			dgst := digest.FromBytes(dt)
			if err := encoder.Encode(dumped{Op: &op, Digest: dgst, OpMetadata: def.Metadata[dgst].ToPB()}); err != nil {
				fail(err)
			}
		}
		answer, err := json.Marshal(text.String())
		if err != nil {
			fail(err)
		}
		fmt.Println(string(answer))
	}
}
