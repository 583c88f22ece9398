package main

import (
	"fmt"

	"github.com/srl-labs/containerlab/core"
	"github.com/srl-labs/containerlab/links"
	"gopkg.in/yaml.v2"
)

// configuration is the file as parsed, under the names of the YAML.
func configuration(config *core.Config) (map[string]any, error) {
	parts := map[string]any{"name": config.Name, "debug": config.Debug}
	if config.Prefix != nil {
		parts["prefix"] = *config.Prefix
	}
	topology := map[string]any{}
	for _, section := range []struct {
		into  map[string]any
		name  string
		value any
	}{
		{parts, "mgmt", config.Mgmt},
		{parts, "settings", config.Settings},
		{topology, "defaults", config.Topology.Defaults},
		{topology, "kinds", config.Topology.Kinds},
		{topology, "groups", config.Topology.Groups},
		{topology, "nodes", config.Topology.Nodes},
	} {
		value, err := plain(section.value)
		if err != nil {
			return nil, err
		}
		if value != nil {
			section.into[section.name] = value
		}
	}
	cables := []any{}
	for _, definition := range config.Topology.Links {
		cable, err := link(definition)
		if err != nil {
			return nil, err
		}
		cables = append(cables, cable)
	}
	topology["links"] = cables
	parts["topology"] = topology
	return parts, nil
}

// link has what the link is (`type`) and how it is written (`written`: `brief`, or its type). containerlab's own marshalling is of no
// use here: it writes links of the host as cables, and those that are stitched as those that are not.
func link(definition *links.LinkDefinition) (any, error) {
	if definition == nil {
		return nil, nil
	}
	value, err := plain(definition.Link)
	if err != nil {
		return nil, err
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("a link of type %s has no fields", definition.Type)
	}
	// An inner field, which no file has.
	delete(fields, "linktype")
	fields["type"] = string(definition.Link.GetType())
	fields["written"] = definition.Type
	return fields, nil
}

// plain turns what has YAML's names into what JSON can say.
func plain(value any) (any, error) {
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	var parsed any
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return nil, err
	}
	return textKeys(parsed), nil
}

func textKeys(value any) any {
	switch value := value.(type) {
	case map[any]any:
		out := make(map[string]any, len(value))
		for key, inner := range value {
			out[fmt.Sprint(key)] = textKeys(inner)
		}
		return out
	case []any:
		for at, inner := range value {
			value[at] = textKeys(inner)
		}
	}
	return value
}
