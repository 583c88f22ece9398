package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/go-connections/nat"
	"github.com/srl-labs/containerlab/core"
)

// effective is what a node gets: by itself, its group, its kind and the defaults. What is nowhere said is left out, but for `privileged`,
// which a kind has a default for.
func effective(lab *core.CLab, name string) (any, error) {
	topology := lab.Config.Topology
	kind := strings.ToLower(topology.GetNodeKind(name))
	registered := lab.Reg.Kind(kind)
	if registered == nil {
		return nil, fmt.Errorf("kind %q is none of containerlab's", kind)
	}
	binds, err := topology.GetNodeBinds(name)
	if err != nil {
		return nil, err
	}
	volumes, err := topology.GetNodeVolumes(name)
	if err != nil {
		return nil, err
	}
	_, ports, err := topology.GetNodePorts(name)
	if err != nil {
		return nil, err
	}
	stages, err := topology.GetStages(name)
	if err != nil {
		return nil, err
	}
	applyMode := topology.GetNodeLinkApplyMode(name)
	if applyMode != "" && !applyMode.IsValid() {
		return nil, fmt.Errorf("link-apply-mode %q is none", applyMode)
	}
	node := topology.Nodes[name]
	var ipv4, ipv6 string
	if node != nil {
		ipv4, ipv6 = node.MgmtIPv4, node.MgmtIPv6
	}
	got := map[string]any{
		"kind":                    kind,
		"group":                   topology.GetNodeGroup(name),
		"type":                    topology.GetNodeType(name),
		"image":                   topology.GetNodeImage(name),
		"image-pull-policy":       string(topology.GetNodeImagePullPolicy(name)),
		"restart-policy":          topology.GetRestartPolicy(name),
		"network-mode":            topology.GetNodeNetworkMode(name),
		"privileged":              topology.GetNodePrivileged(name, registered.PrivilegedByDefault()),
		"cap-add":                 topology.GetNodeCapAdd(name),
		"security-opts":           topology.GetNodeSecurityOpts(name),
		"devices":                 topology.GetNodeDevices(name),
		"sysctls":                 topology.GetSysCtl(name),
		"binds":                   binds,
		"volumes":                 volumes,
		"tmpfs":                   topology.GetNodeTmpfs(name),
		"env":                     topology.GetNodeEnv(name),
		"env-files":               topology.GetNodeEnvFiles(name),
		"user":                    topology.GetNodeUser(name),
		"hostname":                topology.GetNodeHostname(name),
		"entrypoint":              topology.GetNodeEntrypoint(name),
		"cmd":                     topology.GetNodeCmd(name),
		"exec":                    topology.GetNodeExec(name),
		"stages":                  stages,
		"healthcheck":             topology.GetHealthCheckConfig(name),
		"startup-delay":           topology.GetNodeStartupDelay(name),
		"startup-config":          topology.GetNodeStartupConfig(name),
		"enforce-startup-config":  topology.GetNodeEnforceStartupConfig(name),
		"suppress-startup-config": topology.GetNodeSuppressStartupConfig(name),
		"auto-remove":             topology.GetNodeAutoRemove(name),
		"license":                 topology.GetNodeLicense(name),
		"labels":                  topology.GetNodeLabels(name),
		"ports":                   bindings(ports),
		"mgmt-ipv4":               ipv4,
		"mgmt-ipv6":               ipv6,
		"aliases":                 topology.GetNodeAliases(name),
		"dns":                     topology.GetNodeDns(name),
		"runtime":                 topology.GetNodeRuntime(name),
		"cpu":                     topology.GetNodeCPU(name),
		"cpu-set":                 topology.GetNodeCPUSet(name),
		"memory":                  topology.GetNodeMemory(name),
		"shm-size":                topology.GetNodeShmSize(name),
		"cgroupns-mode":           topology.GetNodeCgroupnsMode(name),
		"cgroup-parent":           topology.GetNodeCgroupParent(name),
		"pid-mode":                topology.GetNodePidMode(name),
		"link-apply-mode":         string(applyMode),
		"certificate":             topology.GetCertificateConfig(name),
		"config":                  topology.GetNodeConfigDispatcher(name),
		"components":              topology.GetComponents(name),
		"extras":                  topology.GetNodeExtras(name),
		"position":                topology.GetNodePosition(name),
		"credentials": map[string]any{
			"username":      topology.GetNodeUsername(name),
			"password":      topology.GetNodePassword(name),
			"identity-file": topology.GetNodeIdentityFile(name),
		},
	}
	said, err := plain(got)
	if err != nil {
		return nil, err
	}
	return withoutEmpty(said), nil
}

// bindings are `ADDRESS:PORT:CONTAINER-PORT/PROTOCOL`, in order; address and port may be empty.
func bindings(ports nat.PortMap) []string {
	said := []string{}
	for port, hosts := range ports {
		for _, host := range hosts {
			said = append(said, fmt.Sprintf("%s:%s:%s", host.HostIP, host.HostPort, port))
		}
	}
	slices.Sort(said)
	return said
}

// withoutEmpty leaves out what is nowhere said: an empty text, list or map, a zero. What is false stays.
func withoutEmpty(value any) any {
	fields, ok := value.(map[string]any)
	if !ok {
		return value
	}
	out := map[string]any{}
	for key, inner := range fields {
		if inner = withoutEmpty(inner); !isEmpty(inner) {
			out[key] = inner
		}
	}
	return out
}

func isEmpty(value any) bool {
	switch value := value.(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case map[string]any:
		return len(value) == 0
	case int:
		return value == 0
	case float64:
		return value == 0
	}
	return false
}
