// cAdvisor, as every kubelet has it inside, over control groups named /slac/NAMESPACE/POD/CONTAINER: what a kubelet would
// read from the labels of a container, it reads from that path.
//
//	cadvisor -listen 127.0.0.1:20080
package main

import (
	"flag"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	_ "github.com/google/cadvisor/container/raw"
	info "github.com/google/cadvisor/info/v1"
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/metrics"
	"github.com/google/cadvisor/utils/sysfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"
)

const prefix = "/slac/"

func main() {
	listen := flag.String("listen", "127.0.0.1:20080", "where metrics are served")
	flag.Parse()

	every, dynamic := time.Second, false
	wanted := container.MetricSet{container.CpuUsageMetrics: {}, container.MemoryUsageMetrics: {}}
	watched, err := manager.New(
		memory.New(2*time.Minute, nil), sysfs.NewRealSysFs(),
		manager.HousekeepingConfig{Interval: &every, AllowDynamic: &dynamic},
		wanted, http.DefaultClient, []string{prefix}, nil, "", 0,
	)
	if err != nil {
		log.Fatal(err)
	}
	if err := watched.Start(); err != nil {
		log.Fatal(err)
	}
	options := v2.RequestOptions{IdType: v2.TypeName, Count: 1, Recursive: true}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewPrometheusCollector(watched, labels, wanted, clock.RealClock{}, options))
	log.Fatal(http.ListenAndServe(*listen, promhttp.HandlerFor(registry, promhttp.HandlerOpts{})))
}

func labels(found *info.ContainerInfo) map[string]string {
	set := map[string]string{"id": found.Name, "namespace": "", "pod": "", "container": ""}
	parts := strings.Split(strings.TrimPrefix(found.Name, prefix), "/")
	if strings.HasPrefix(found.Name, prefix) && len(parts) == 3 {
		set["namespace"], set["pod"], set["container"] = parts[0], parts[1], parts[2]
	}
	return set
}
