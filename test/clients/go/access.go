package main

import (
	"context"
	"fmt"
	"reflect"
	"sort"
	"sync"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const account = "restricted"

// restricted is a client that acts as a service account with a role in the namespace: it reads config maps and
// creates pods, and nothing else.
func restricted(ctx context.Context, c *clients, namespace string) (kubernetes.Interface, error) {
	admin := c.json
	if _, err := admin.CoreV1().ServiceAccounts(namespace).Create(ctx, &corev1.ServiceAccount{
		ObjectMeta: metav1.ObjectMeta{Name: account},
	}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if _, err := admin.RbacV1().Roles(namespace).Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		Rules: []rbacv1.PolicyRule{
			{Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"configmaps"}},
			{Verbs: []string{"create"}, APIGroups: []string{""}, Resources: []string{"pods"}},
			{Verbs: []string{"get"}, APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"own"}},
		},
	}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	if _, err := admin.RbacV1().RoleBindings(namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: account, Namespace: namespace}},
	}, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	token, err := admin.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	config := rest.AnonymousClientConfig(c.config)
	config.QPS, config.Burst = 1000, 1000
	config.BearerToken = token.Status.Token
	return kubernetes.NewForConfig(config)
}

// accessInside: informers of a restricted client follow what its role gives it, and see nothing beside.
func accessInside(ctx context.Context, c *clients, namespace string) error {
	client, err := restricted(ctx, c, namespace)
	if err != nil {
		return err
	}
	inside := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace))
	configMaps := inside.Core().V1().ConfigMaps().Informer()
	inside.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), configMaps.HasSynced) {
		return fmt.Errorf("the informer inside its namespace never synced")
	}
	if _, err := c.json.CoreV1().ConfigMaps(namespace).Create(ctx, configMap("seen", nil), metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := until(ctx, "the informer sees a config map", func() bool {
		_, there, _ := configMaps.GetStore().GetByKey(namespace + "/seen")
		return there
	}); err != nil {
		return err
	}
	everywhere := informers.NewSharedInformerFactory(client, 0).Core().V1().ConfigMaps().Informer()
	var mutex sync.Mutex
	var refusal error
	_ = everywhere.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
		mutex.Lock()
		defer mutex.Unlock()
		refusal = err
	})
	go everywhere.Run(ctx.Done())
	if err := until(ctx, "the informer of all namespaces is refused", func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return refusal != nil
	}); err != nil {
		return err
	}
	if everywhere.HasSynced() || !apierrors.IsForbidden(refusal) {
		return fmt.Errorf("the informer of all namespaces: %v", refusal)
	}
	return nil
}

// accessOutside: what the role does not give is refused, in upstream's words.
func accessOutside(ctx context.Context, c *clients, namespace string) error {
	client, err := restricted(ctx, c, namespace)
	if err != nil {
		return err
	}
	who := fmt.Sprintf("User %q", "system:serviceaccount:"+namespace+":"+account)
	core := client.CoreV1()
	for want, got := range map[string]error{
		fmt.Sprintf(`configmaps is forbidden: %s cannot list resource "configmaps" in API group "" in the namespace "default"`, who):           second(core.ConfigMaps("default").List(ctx, metav1.ListOptions{})),
		fmt.Sprintf(`configmaps is forbidden: %s cannot list resource "configmaps" in API group "" at the cluster scope`, who):                 second(core.ConfigMaps("").List(ctx, metav1.ListOptions{})),
		fmt.Sprintf(`configmaps "x" is forbidden: %s cannot delete resource "configmaps" in API group "" in the namespace %q`, who, namespace): core.ConfigMaps(namespace).Delete(ctx, "x", metav1.DeleteOptions{}),
		fmt.Sprintf(`secrets "other" is forbidden: %s cannot get resource "secrets" in API group "" in the namespace %q`, who, namespace):      second(core.Secrets(namespace).Get(ctx, "other", metav1.GetOptions{})),
		fmt.Sprintf(`nodes is forbidden: %s cannot list resource "nodes" in API group "" at the cluster scope`, who):                           second(core.Nodes().List(ctx, metav1.ListOptions{})),
		fmt.Sprintf(`forbidden: %s cannot get path "/metrics"`, who):                                                                           client.Discovery().RESTClient().Get().AbsPath("/metrics").Do(ctx).Error(),
	} {
		if got == nil || got.Error() != want || !apierrors.IsForbidden(got) {
			return fmt.Errorf("got %v, want %s", got, want)
		}
	}
	if _, err := core.Secrets(namespace).Get(ctx, "own", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("a secret that may be read, and is not there: %v", err)
	}
	return nil
}

func second[T any](_ T, err error) error {
	return err
}

// accessReviews: what a restricted client is told of itself is what happens.
func accessReviews(ctx context.Context, c *clients, namespace string) error {
	client, err := restricted(ctx, c, namespace)
	if err != nil {
		return err
	}
	self, err := client.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := expect("who it is", self.Status.UserInfo.Username, "system:serviceaccount:"+namespace+":"+account); err != nil {
		return err
	}
	if err := expect("its groups", self.Status.UserInfo.Groups, []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}); err != nil {
		return err
	}
	core := client.CoreV1()
	happens := map[authorizationv1.ResourceAttributes]error{
		{Namespace: namespace, Verb: "list", Resource: "configmaps"}:              second(core.ConfigMaps(namespace).List(ctx, metav1.ListOptions{})),
		{Namespace: "default", Verb: "list", Resource: "configmaps"}:              second(core.ConfigMaps("default").List(ctx, metav1.ListOptions{})),
		{Namespace: namespace, Verb: "get", Resource: "secrets", Name: "own"}:     second(core.Secrets(namespace).Get(ctx, "own", metav1.GetOptions{})),
		{Namespace: namespace, Verb: "get", Resource: "secrets", Name: "other"}:   second(core.Secrets(namespace).Get(ctx, "other", metav1.GetOptions{})),
		{Namespace: namespace, Verb: "list", Resource: "secrets"}:                 second(core.Secrets(namespace).List(ctx, metav1.ListOptions{})),
		{Namespace: namespace, Verb: "delete", Resource: "configmaps", Name: "x"}: core.ConfigMaps(namespace).Delete(ctx, "x", metav1.DeleteOptions{}),
	}
	for attributes, outcome := range happens {
		review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &attributes},
		}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		if review.Status.Allowed == apierrors.IsForbidden(outcome) {
			return fmt.Errorf("the review of %+v says %v, but: %v", attributes, review.Status.Allowed, outcome)
		}
	}
	return rulesAreTold(ctx, client, namespace)
}

// rulesAreTold is what `kubectl auth can-i --list` shows.
func rulesAreTold(ctx context.Context, client kubernetes.Interface, namespace string) error {
	review, err := client.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	var told []string
	for _, rule := range review.Status.ResourceRules {
		if reflect.DeepEqual(rule.APIGroups, []string{""}) {
			told = append(told, fmt.Sprint(rule.Verbs, rule.Resources, rule.ResourceNames))
		}
	}
	sort.Strings(told)
	if err := expect("its rules", told, []string{"[create] [pods] []", "[get list watch] [configmaps] []", "[get] [secrets] [own]"}); err != nil {
		return err
	}
	return expect("whether that is all", review.Status.Incomplete, false)
}
