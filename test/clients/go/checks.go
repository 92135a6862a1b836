package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/tools/record"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

var checks = []check{
	{"discovery", discover},
	{"protobuf and JSON agree", bothEncodings},
	{"informers", informersFollow},
	{"informers relist", informerSelection},
	{"retry on conflict", retryOnConflict},
	{"apply", apply},
	{"patches", patches},
	{"errors", errorKinds},
	{"pager", pages},
	{"retrying watch", retryingWatch},
	{"leader election", leaderElection},
	{"events", events},
	{"custom resources", customResources},
	{"metadata only", metadataOnly},
	{"scale", scale},
	{"deployment", deployment},
	{"restricted, inside its namespace", accessInside},
	{"restricted, outside of it", accessOutside},
	{"restricted, and what it is told of itself", accessReviews},
}

// inNamespace runs a check in a namespace of its own.
func inNamespace(ctx context.Context, c *clients, check check) error {
	namespace, err := c.protobuf.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "go-"},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() {
		_ = c.protobuf.CoreV1().Namespaces().Delete(context.Background(), namespace.Name, metav1.DeleteOptions{})
	}()
	if err := until(ctx, "the namespace's own objects", func() bool {
		_, account := c.protobuf.CoreV1().ServiceAccounts(namespace.Name).Get(ctx, "default", metav1.GetOptions{})
		_, root := c.protobuf.CoreV1().ConfigMaps(namespace.Name).Get(ctx, "kube-root-ca.crt", metav1.GetOptions{})
		return account == nil && root == nil
	}); err != nil {
		return err
	}
	return check.run(ctx, c, namespace.Name)
}

func expect(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func until(ctx context.Context, what string, done func() bool) error {
	err := wait.PollUntilContextCancel(ctx, 5*time.Millisecond, true, func(context.Context) (bool, error) { return done(), nil })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"from": "go"}}, Data: data}
}

func discover(_ context.Context, c *clients, _ string) error {
	lists, err := discovery.ServerPreferredResources(c.protobuf.Discovery())
	if err != nil {
		return err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(c.protobuf.Discovery()))
	mapped := 0
	for _, list := range lists {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return err
		}
		for _, found := range list.APIResources {
			mapping, err := mapper.RESTMapping(schema.GroupKind{Group: version.Group, Kind: found.Kind}, version.Version)
			if err != nil {
				return err
			}
			if mapping.Resource.Resource == found.Name {
				mapped++
			}
		}
	}
	if mapped < 50 {
		return fmt.Errorf("only %d resources are mapped", mapped)
	}
	_, err = c.protobuf.Discovery().OpenAPISchema()
	return err
}

func bothEncodings(ctx context.Context, c *clients, namespace string) error {
	grace := int64(3)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "both", Annotations: map[string]string{"a": "ü\n"}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: &grace,
			NodeSelector:                  map[string]string{"nowhere": "true"},
			Containers: []corev1.Container{{
				Name: "c", Image: "i",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse("100m"), "memory": resource.MustParse("1Gi")}},
			}},
		},
	}
	if _, err := c.protobuf.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return err
	}
	one, err := c.protobuf.CoreV1().Pods(namespace).Get(ctx, "both", metav1.GetOptions{})
	if err != nil {
		return err
	}
	other, err := c.json.CoreV1().Pods(namespace).Get(ctx, "both", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(one.Spec.Containers[0].Resources.Requests.Memory().Value(), int64(1<<30)) {
		return fmt.Errorf("memory: %v", one.Spec.Containers[0].Resources)
	}
	one.Spec.Containers[0].Resources, other.Spec.Containers[0].Resources = corev1.ResourceRequirements{}, corev1.ResourceRequirements{}
	return expect("pods", one.Spec, other.Spec)
}

func informersFollow(ctx context.Context, c *clients, namespace string) error {
	const many = 50
	factory := informers.NewSharedInformerFactoryWithOptions(c.protobuf, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "from=go" }))
	informer := factory.Core().V1().ConfigMaps()
	var added, updated, deleted atomic.Int32
	_, err := informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { added.Add(1) },
		UpdateFunc: func(any, any) { updated.Add(1) },
		DeleteFunc: func(any) { deleted.Add(1) },
	})
	if err != nil {
		return err
	}
	api := c.protobuf.CoreV1().ConfigMaps(namespace)
	for i := range many / 2 {
		if _, err := api.Create(ctx, configMap(fmt.Sprintf("before-%d", i), nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", kind)
		}
	}
	for i := range many / 2 {
		if _, err := api.Create(ctx, configMap(fmt.Sprintf("after-%d", i), nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	if err := until(ctx, "added", func() bool { return added.Load() >= many }); err != nil {
		return err
	}
	listed, err := informer.Lister().ConfigMaps(namespace).List(labels.SelectorFromSet(labels.Set{"from": "go"}))
	if err != nil {
		return err
	}
	if err := expect("listed", len(listed), many); err != nil {
		return err
	}
	changed := listed[0].DeepCopy()
	changed.Data = map[string]string{"changed": "yes"}
	if _, err := api.Update(ctx, changed, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "updated", func() bool { return updated.Load() == 1 }); err != nil {
		return err
	}
	if err := api.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "from=go"}); err != nil {
		return err
	}
	if err := until(ctx, "deleted", func() bool { return deleted.Load() == many }); err != nil {
		return err
	}
	return expect("added", added.Load(), int32(many))
}

func informerSelection(ctx context.Context, c *clients, namespace string) error {
	factory := informers.NewSharedInformerFactoryWithOptions(c.protobuf, 0, informers.WithNamespace(namespace),
		informers.WithTweakListOptions(func(options *metav1.ListOptions) { options.LabelSelector = "in=yes" }))
	lister := factory.Core().V1().Secrets().Lister()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	api := c.protobuf.CoreV1().Secrets(namespace)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"k": {0, 255}}}
	if _, err := api.Create(ctx, secret, metav1.CreateOptions{}); err != nil {
		return err
	}
	label := func(value string) error {
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"in":%s}}}`, value)
		_, err := api.Patch(ctx, "s", types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	}
	if err := label(`"yes"`); err != nil {
		return err
	}
	found := func() bool {
		got, err := lister.Secrets(namespace).Get("s")
		return err == nil && reflect.DeepEqual(got.Data, secret.Data)
	}
	if err := until(ctx, "entered", found); err != nil {
		return err
	}
	if err := label("null"); err != nil {
		return err
	}
	return until(ctx, "left", func() bool { return !found() })
}

func retryOnConflict(ctx context.Context, c *clients, namespace string) error {
	const writers, times = 4, 10
	api := c.protobuf.CoreV1().ConfigMaps(namespace)
	if _, err := api.Create(ctx, configMap("counter", map[string]string{}), metav1.CreateOptions{}); err != nil {
		return err
	}
	failed := make(chan error, writers)
	for w := range writers {
		go func() {
			for i := range times {
				err := retry.RetryOnConflict(wait.Backoff{Steps: 1000, Duration: time.Millisecond}, func() error {
					now, err := api.Get(ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					if now.Data == nil {
						now.Data = map[string]string{}
					}
					now.Data[fmt.Sprintf("%d-%d", w, i)] = "x"
					_, err = api.Update(ctx, now, metav1.UpdateOptions{})
					return err
				})
				if err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}()
	}
	for range writers {
		if err := <-failed; err != nil {
			return err
		}
	}
	now, err := api.Get(ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect("writes", len(now.Data), writers*times)
}

func apply(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.AppsV1().Deployments(namespace)
	wanted := func(replicas int32) *appsapply.DeploymentApplyConfiguration {
		labels := map[string]string{"app": "web"}
		return appsapply.Deployment("web", namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(replicas).
			WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
			WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().WithContainers(
				coreapply.Container().WithName("c").WithImage("i")))))
	}
	if _, err := api.Apply(ctx, wanted(0), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	_, err := api.Apply(ctx, wanted(1), metav1.ApplyOptions{FieldManager: "two"})
	if !apierrors.IsConflict(err) {
		return fmt.Errorf("another manager's change: %v", err)
	}
	if _, err = api.Apply(ctx, wanted(1), metav1.ApplyOptions{FieldManager: "two", Force: true}); err != nil {
		return err
	}
	now, err := api.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	extracted, err := appsapply.ExtractDeployment(now, "two")
	if err != nil {
		return err
	}
	return expect("what manager two owns", *extracted.Spec.Replicas, int32(1))
}

func patches(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.CoreV1().Services(namespace)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"a": "b"}, Ports: []corev1.ServicePort{{Name: "http", Port: 80}},
	}}
	if _, err := api.Create(ctx, service, metav1.CreateOptions{}); err != nil {
		return err
	}
	for kind, patch := range map[types.PatchType]string{
		types.StrategicMergePatchType: `{"spec":{"ports":[{"port":443,"name":"https"}]}}`,
		types.MergePatchType:          `{"metadata":{"labels":{"merge":"yes"}}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/metadata/annotations","value":{"json":"yes"}}]`,
	} {
		if _, err := api.Patch(ctx, "s", kind, []byte(patch), metav1.PatchOptions{}); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	now, err := api.Get(ctx, "s", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return errors.Join(expect("ports", len(now.Spec.Ports), 2), expect("label", now.Labels["merge"], "yes"), expect("annotation", now.Annotations["json"], "yes"))
}

func errorKinds(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.CoreV1().ConfigMaps(namespace)
	made, err := api.Create(ctx, configMap("here", nil), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, missing := api.Get(ctx, "missing", metav1.GetOptions{})
	_, exists := api.Create(ctx, configMap("here", nil), metav1.CreateOptions{})
	_, invalid := api.Create(ctx, configMap("Not A Name", nil), metav1.CreateOptions{})
	stale := made.DeepCopy()
	stale.ResourceVersion = "1"
	_, conflict := api.Update(ctx, stale, metav1.UpdateOptions{})
	other := types.UID("other")
	precondition := api.Delete(ctx, "here", metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &other}})
	_, tooLarge := api.List(ctx, metav1.ListOptions{ResourceVersion: "999999999", ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	_, malformed := api.List(ctx, metav1.ListOptions{LabelSelector: "a=,=b"})
	_, expired := api.List(ctx, metav1.ListOptions{Continue: "nonsense"})
	for what, held := range map[string]bool{
		"not found":      apierrors.IsNotFound(missing),
		"already exists": apierrors.IsAlreadyExists(exists),
		"invalid":        apierrors.IsInvalid(invalid),
		"conflict":       apierrors.IsConflict(conflict),
		"precondition":   apierrors.IsConflict(precondition),
		"too large":      apierrors.IsTimeout(tooLarge) || apierrors.HasStatusCause(tooLarge, metav1.CauseTypeResourceVersionTooLarge),
		"bad selector":   apierrors.IsBadRequest(malformed),
		"bad continue":   apierrors.IsBadRequest(expired),
	} {
		if !held {
			return fmt.Errorf("%s is not what client-go takes it for: %v %v", what, missing, []error{exists, invalid, conflict, precondition, tooLarge, malformed, expired})
		}
	}
	return nil
}

func pages(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.CoreV1().ConfigMaps(namespace)
	for i := range 25 {
		if _, err := api.Create(ctx, configMap(fmt.Sprintf("page-%02d", i), nil), metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	pager := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (runtime.Object, error) { return api.List(ctx, options) }))
	pager.PageSize = 10
	seen := 0
	err := pager.EachListItem(ctx, metav1.ListOptions{LabelSelector: "from=go"}, func(runtime.Object) error { seen++; return nil })
	return errors.Join(err, expect("items", seen, 25))
}

func retryingWatch(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.CoreV1().ConfigMaps(namespace)
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	timeout := int64(1)
	lister := &cache.ListWatch{WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
		// It ends after a second, and is taken up where it was.
		options.TimeoutSeconds = &timeout
		return api.Watch(ctx, options)
	}}
	watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.ResourceVersion, lister)
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for i := range 12 {
		name := fmt.Sprintf("w-%d", i)
		if _, err := api.Create(ctx, configMap(name, nil), metav1.CreateOptions{}); err != nil {
			return err
		}
		select {
		case event := <-watcher.ResultChan():
			got, ok := event.Object.(*corev1.ConfigMap)
			if !ok || event.Type != watch.Added || got.Name != name {
				return fmt.Errorf("event %d: %v %v", i, event.Type, event.Object)
			}
		case <-ctx.Done():
			return fmt.Errorf("event %d: %w", i, ctx.Err())
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil
}

func leaderElection(ctx context.Context, c *clients, namespace string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var leading atomic.Int32
	elected := make(chan string, 2)
	run := func(ctx context.Context, identity string) {
		lock := &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Name: "lock", Namespace: namespace}, Client: c.protobuf.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		}
		leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 3 * time.Second, RenewDeadline: 2 * time.Second, RetryPeriod: 100 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(ctx context.Context) { leading.Add(1); elected <- identity; <-ctx.Done() },
				OnStoppedLeading: func() {},
			},
		})
	}
	first, stopFirst := context.WithCancel(ctx)
	defer stopFirst()
	go run(first, "one")
	select {
	case <-elected:
	case <-ctx.Done():
		return ctx.Err()
	}
	go run(ctx, "two")
	stopFirst()
	select {
	case who := <-elected:
		return errors.Join(expect("the second leader", who, "two"), expect("leaders", leading.Load(), int32(2)))
	case <-ctx.Done():
		return ctx.Err()
	}
}

func events(ctx context.Context, c *clients, namespace string) error {
	broadcaster := record.NewBroadcaster(record.WithContext(ctx))
	broadcaster.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: c.protobuf.CoreV1().Events(namespace)})
	defer broadcaster.Shutdown()
	recorder := broadcaster.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "go"})
	about := &corev1.ConfigMap{TypeMeta: metav1.TypeMeta{Kind: "ConfigMap", APIVersion: "v1"}, ObjectMeta: metav1.ObjectMeta{Name: "c", Namespace: namespace, UID: "u"}}
	for range 3 {
		recorder.Event(about, corev1.EventTypeWarning, "Leaking", "water in the hull")
	}
	return until(ctx, "an event that counts to 3", func() bool {
		list, err := c.protobuf.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=c,reason=Leaking"})
		return err == nil && len(list.Items) == 1 && list.Items[0].Count == 3
	})
}

func customResources(ctx context.Context, c *clients, namespace string) error {
	group := namespace + ".example.com"
	definitions := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	definition := map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "boats." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "names": map[string]any{"plural": "boats", "kind": "Boat"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true, "subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
			}},
		},
	}
	if _, err := c.dynamic.Resource(definitions).Create(ctx, &unstructured.Unstructured{Object: definition}, metav1.CreateOptions{}); err != nil {
		return err
	}
	defer func() { _ = c.dynamic.Resource(definitions).Delete(ctx, "boats."+group, metav1.DeleteOptions{}) }()
	boats := schema.GroupVersionResource{Group: group, Version: "v1", Resource: "boats"}
	if err := until(ctx, "served", func() bool {
		_, err := c.dynamic.Resource(boats).Namespace(namespace).List(ctx, metav1.ListOptions{})
		return err == nil
	}); err != nil {
		return err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, namespace, nil)
	lister := factory.ForResource(boats).Lister()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	boat := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": group + "/v1", "kind": "Boat", "metadata": map[string]any{"name": "skiff"},
		"spec": map[string]any{"tonnage": int64(9007199254740993)}, "status": map[string]any{"afloat": false},
	}}
	made, err := c.dynamic.Resource(boats).Namespace(namespace).Create(ctx, boat, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	tonnage, _, err := unstructured.NestedInt64(made.Object, "spec", "tonnage")
	if err := errors.Join(err, expect("tonnage", tonnage, int64(9007199254740993))); err != nil {
		return err
	}
	made.Object["status"] = map[string]any{"afloat": true}
	if _, err := c.dynamic.Resource(boats).Namespace(namespace).UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	return until(ctx, "afloat", func() bool {
		object, err := lister.ByNamespace(namespace).Get("skiff")
		if err != nil {
			return false
		}
		afloat, _, err := unstructured.NestedBool(object.(*unstructured.Unstructured).Object, "status", "afloat")
		return err == nil && afloat
	})
}

func metadataOnly(ctx context.Context, c *clients, namespace string) error {
	if _, err := c.protobuf.CoreV1().ConfigMaps(namespace).Create(ctx, configMap("m", map[string]string{"k": "v"}), metav1.CreateOptions{}); err != nil {
		return err
	}
	list, err := c.metadata.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: "from=go"})
	if err != nil {
		return err
	}
	return errors.Join(expect("items", len(list.Items), 1), expect("label", list.Items[0].Labels["from"], "go"))
}

func replicas(n int32) *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
		Replicas: &n, Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
	}}
}

func scale(ctx context.Context, c *clients, namespace string) error {
	api := c.protobuf.AppsV1().Deployments(namespace)
	if _, err := api.Create(ctx, replicas(0), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
		now, err := api.GetScale(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		now.Spec.Replicas = 2
		_, err = api.UpdateScale(ctx, "web", now, metav1.UpdateOptions{})
		return err
	}); err != nil {
		return err
	}
	got, err := api.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect("replicas", *got.Spec.Replicas, int32(2))
}

func deployment(ctx context.Context, c *clients, namespace string) error {
	if _, err := c.protobuf.AppsV1().Deployments(namespace).Create(ctx, replicas(3), metav1.CreateOptions{}); err != nil {
		return err
	}
	selected := func(options *metav1.ListOptions) { options.FieldSelector = "metadata.name=web" }
	source := cache.NewFilteredListWatchFromClient(c.protobuf.AppsV1().RESTClient(), "deployments", namespace, selected)
	_, err := toolswatch.UntilWithSync(ctx, source, &appsv1.Deployment{}, nil, func(event watch.Event) (bool, error) {
		web, ok := event.Object.(*appsv1.Deployment)
		return ok && web.Status.AvailableReplicas == 3, nil
	})
	return err
}
