// Command clients uses an API server the way operators written in Go do: typed clients over protobuf, informers, apply,
// leader election, dynamic and metadata clients. It prints "ok NAME" or "failed NAME: WHY" for each of its checks and
// exits with 1 when any failed. KUBECONFIG names the cluster, whose administrator it must be.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// clients are all the ways in that the checks use.
type clients struct {
	config   *rest.Config
	protobuf kubernetes.Interface
	json     kubernetes.Interface
	dynamic  dynamic.Interface
	metadata metadata.Interface
}

type check struct {
	name string
	run  func(ctx context.Context, c *clients, namespace string) error
}

func main() {
	c, err := connect(os.Getenv("KUBECONFIG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := false
	for _, check := range checks {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		err := inNamespace(ctx, c, check)
		cancel()
		if err != nil {
			failed = true
			fmt.Printf("failed %s: %v\n", check.name, err)
		} else {
			fmt.Printf("ok %s\n", check.name)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func connect(kubeconfig string) (*clients, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 1000, 1000
	binary := rest.CopyConfig(config)
	binary.ContentType = "application/vnd.kubernetes.protobuf"
	binary.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	c := &clients{config: config}
	if c.protobuf, err = kubernetes.NewForConfig(binary); err != nil {
		return nil, err
	}
	if c.json, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	c.metadata, err = metadata.NewForConfig(metadata.ConfigFor(config))
	return c, err
}
