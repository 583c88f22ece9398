// Referee says what containerlab makes of a topology definition file, so that our own reader can be held to it. It reads the file by
// containerlab's packages alone and needs no container runtime: nothing is deployed, no node is set up.
//
//	referee FILE [VARIABLES]...
//
// It prints one JSON object: the file as containerlab has parsed it, and what each node gets by inheritance, under the names that the YAML
// has. Where containerlab refuses the file, it prints {"error": "..."} and ends with status 1; with 2 where it was called wrongly.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/charmbracelet/log"
	"github.com/srl-labs/containerlab/core"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: referee FILE [VARIABLES]...")
		os.Exit(2)
	}
	// What containerlab tells besides goes to stderr, and only if it is an error.
	log.SetLevel(log.ErrorLevel)
	said, err := judge(os.Args[1], os.Args[2:])
	if err != nil {
		print(map[string]any{"error": err.Error()})
		os.Exit(1)
	}
	print(said)
}

func print(value any) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "referee:", err)
		os.Exit(2)
	}
}

// judge reads a file twice: as written, and with what containerlab fills in for the management network.
func judge(file string, variables []string) (map[string]any, error) {
	lab, err := read(file, variables)
	if err != nil {
		return nil, err
	}
	filled, err := core.NewContainerLab()
	if err != nil {
		return nil, err
	}
	if err := core.WithTopoPath(file, variables)(filled); err != nil {
		return nil, err
	}
	written, err := configuration(lab.Config)
	if err != nil {
		return nil, err
	}
	management, err := plain(filled.Config.Mgmt)
	if err != nil {
		return nil, err
	}
	nodes := map[string]any{}
	for name := range lab.Config.Topology.Nodes {
		if nodes[name], err = effective(lab, name); err != nil {
			return nil, fmt.Errorf("node %q: %w", name, err)
		}
	}
	return map[string]any{"config": written, "management": management, "nodes": nodes}, nil
}

func read(file string, variables []string) (*core.CLab, error) {
	lab, err := core.NewContainerLab()
	if err != nil {
		return nil, err
	}
	return lab, lab.LoadTopologyFromFile(file, variables)
}
