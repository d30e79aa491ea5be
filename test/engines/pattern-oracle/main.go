// Answers questions about patterns with the Go code that BuildKit uses: one JSON object per line in, one per line out.
package main

import (
	"bufio"
	"encoding/json"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

type question struct {
	Patterns   []string `json:"patterns"`
	Paths      []string `json:"paths"`
	Glob       string   `json:"glob"`
	IgnoreFile string   `json:"ignoreFile"`
}

type answer struct {
	// One letter per path: "y", "n", or "e" where matching fails; "invalid" if the list is refused.
	Whole string `json:"whole"`
	// The same, asked directory by directory.
	Walked string `json:"walked"`
	// The same for the glob over the paths.
	Glob string `json:"glob"`
	// What the ignore file reads as.
	Ignore []string `json:"ignore"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		var q question
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			log.Fatal(err)
		}
		var a answer
		a.Whole = each(q, func(m *patternmatcher.PatternMatcher, path string) (bool, error) {
			return m.MatchesOrParentMatches(path)
		})
		a.Walked = each(q, walk)
		for _, path := range q.Paths {
			a.Glob += letter(filepath.Match(q.Glob, path))
		}
		a.Ignore, _ = ignorefile.ReadAll(strings.NewReader(q.IgnoreFile))
		if err := out.Encode(a); err != nil {
			log.Fatal(err)
		}
	}
}

func each(q question, match func(*patternmatcher.PatternMatcher, string) (bool, error)) string {
	var text strings.Builder
	for _, path := range q.Paths {
		matcher, err := patternmatcher.New(q.Patterns)
		if err != nil {
			return "invalid"
		}
		text.WriteString(letter(match(matcher, path)))
	}
	return text.String()
}

func walk(matcher *patternmatcher.PatternMatcher, path string) (matched bool, err error) {
	var info patternmatcher.MatchInfo
	parts := strings.Split(path, "/")
	for i := range parts {
		matched, info, err = matcher.MatchesUsingParentResults(strings.Join(parts[:i+1], "/"), info)
		if err != nil {
			return false, err
		}
	}
	return matched, nil
}

func letter(matched bool, err error) string {
	switch {
	case err != nil:
		return "e"
	case matched:
		return "y"
	}
	return "n"
}
