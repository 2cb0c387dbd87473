// A kubelet whose containers are hollow (kubemark's: no container is started), and which reports its events as every
// kubelet does; kubemark's own program leaves them out.
//
//	kubelet -name node-1 -kubeconfig FILE -port 20251
package main

import (
	"context"
	"flag"
	"os"
	"time"

	"go.opentelemetry.io/otel/trace/noop"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	typedv1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/record"
	remote "k8s.io/cri-client/pkg"
	fakeremote "k8s.io/cri-client/pkg/fake"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	cadvisortest "k8s.io/kubernetes/pkg/kubelet/cadvisor/testing"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/kubernetes/pkg/kubemark"
)

func main() {
	name := flag.String("name", "node-1", "the node")
	kubeconfig := flag.String("kubeconfig", "kubeconfig", "how the API server is reached")
	port := flag.Int("port", 20251, "the port of this kubelet, on 127.0.0.1")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	must(err)
	client, err := kubernetes.NewForConfig(config)
	must(err)
	endpoint, err := fakeremote.GenerateEndpoint()
	must(err)
	hollow := fakeremote.NewFakeRemoteRuntime()
	must(hollow.Start(endpoint))
	logger := klog.Background()
	runtime, err := remote.NewRemoteRuntimeService(endpoint, 15*time.Second, noop.NewTracerProvider(), &logger)
	must(err)

	flags, settings := kubemark.GetHollowKubeletConfig(&kubemark.HollowKubeletOptions{
		NodeName: *name, KubeletPort: *port, MaxPods: 30,
	})
	settings.Address = "127.0.0.1"
	kubelet := kubemark.NewHollowKubelet(
		flags, settings, client, client, &cadvisortest.Fake{NodeName: *name}, hollow.ImageService, runtime,
		cm.NewStubContainerManager(),
	)
	events := record.NewBroadcaster()
	events.StartRecordingToSink(&typedv1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	kubelet.KubeletDeps.Recorder = events.NewRecorder(
		legacyscheme.Scheme, v1.EventSource{Component: "kubelet", Host: *name},
	)
	kubelet.Run(context.Background())
}

func must(err error) {
	if err != nil {
		klog.ErrorS(err, "cannot start")
		os.Exit(1)
	}
}
