/** A control of the CIS Kubernetes Benchmark 1.12 in our own words, and how it is held here. */
export interface Control {
  /** What a cluster that keeps to it does. */
  readonly says: string
  /** Why there is nothing to test; then it is listed with this reason. */
  readonly because?: string
  /** A test elsewhere that holds it: path and name. */
  readonly heldBy?: readonly [path: string, name: string]
}

const NO_SUCH_FILE =
  'There is no such file: the parts of a control plane run in one process, by no manifest and with no kubeconfig of their own'
const OPERATORS =
  'For whoever runs the cluster to decide: it is about what they grant or deploy, not about what the server does'
const ETCD =
  'For whoever runs etcd: the embedded store listens nowhere, and an etcd beside it is started and configured by its operator'

/** By number. */
export const CONTROLS: Readonly<Record<string, Control>> = {
  '1.1.1': { says: 'the manifest of the API server is for root alone', because: NO_SUCH_FILE },
  '1.1.2': { says: 'the manifest of the API server is owned by root', because: NO_SUCH_FILE },
  '1.1.3': { says: 'the manifest of the controller manager is for root alone', because: NO_SUCH_FILE },
  '1.1.4': { says: 'the manifest of the controller manager is owned by root', because: NO_SUCH_FILE },
  '1.1.5': { says: 'the manifest of the scheduler is for root alone', because: NO_SUCH_FILE },
  '1.1.6': { says: 'the manifest of the scheduler is owned by root', because: NO_SUCH_FILE },
  '1.1.7': { says: 'the manifest of etcd is for root alone', because: NO_SUCH_FILE },
  '1.1.8': { says: 'the manifest of etcd is owned by root', because: NO_SUCH_FILE },
  '1.1.9': { says: "the network plugin's files are for their owner alone" },
  '1.1.10': { says: "the network plugin's files are owned by who runs the server" },
  '1.1.11': { says: "the store's folder is for its owner alone" },
  '1.1.12': { says: "the store's folder is owned by who runs the server" },
  '1.1.13': { says: "the administrator's kubeconfig is for its owner alone" },
  '1.1.14': { says: "the administrator's kubeconfig is owned by who runs the server" },
  '1.1.15': { says: "the scheduler's kubeconfig is for root alone", because: NO_SUCH_FILE },
  '1.1.16': { says: "the scheduler's kubeconfig is owned by root", because: NO_SUCH_FILE },
  '1.1.17': { says: "the controller manager's kubeconfig is for root alone", because: NO_SUCH_FILE },
  '1.1.18': { says: "the controller manager's kubeconfig is owned by root", because: NO_SUCH_FILE },
  '1.1.19': { says: "the certificates' folder and all in it are owned by who runs the server" },
  '1.1.20': { says: 'nobody else may write the certificates' },
  '1.1.21': { says: 'the keys are for their owner alone' },
  '1.2.1': { says: 'who shows nothing may see health and version, and nothing else' },
  '1.2.2': { says: 'no static tokens are known unless a file is named' },
  '1.2.3': { says: 'Services that claim addresses of others can be refused (DenyServiceExternalIPs)' },
  '1.2.4': { says: 'the API server shows kubelets a certificate of its own' },
  '1.2.5': { says: "the API server checks kubelets' certificates by the authority that it is told" },
  '1.2.6': { says: 'nothing is allowed to everybody' },
  '1.2.7': { says: 'nodes may what their pods need, and no more (Node)' },
  '1.2.8': { says: 'rights come from roles and their bindings (RBAC)' },
  '1.2.9': { says: 'a flood of events can be held back (EventRateLimit)' },
  '1.2.10': { says: 'AlwaysAdmit is not among the plugins' },
  '1.2.11': { says: 'images can be asked for anew for each pod (AlwaysPullImages)' },
  '1.2.12': { says: 'each pod has a service account that is there (ServiceAccount)' },
  '1.2.13': { says: 'nothing is made in namespaces that are not there or go away (NamespaceLifecycle)' },
  '1.2.14': { says: 'a node changes nothing of other nodes (NodeRestriction)' },
  '1.2.15': { says: 'profiles are shown to whom it is granted, and not at all where they are switched off' },
  '1.2.16': { says: 'what is done can be written to a log (--audit-log-path)' },
  '1.2.17': { says: 'old audit logs can be kept for so many days (--audit-log-maxage)' },
  '1.2.18': { says: 'so many old audit logs can be kept (--audit-log-maxbackup)' },
  '1.2.19': { says: 'audit logs can be rotated at a size (--audit-log-maxsize)' },
  '1.2.20': {
    says: 'a request has a limited time',
    heldBy: [
      'src/apiserver/http/time-limit.test.ts',
      'a request has the usual time, or less when it says so; what lasts by its nature has no limit',
    ],
  },
  '1.2.21': {
    says: "an account's tokens end with it",
    heldBy: ['test/security/accounts.test.ts', 'the account: deleted, and made anew'],
  },
  '1.2.22': { says: 'accounts’ tokens are signed with a key that is for nothing else' },
  '1.2.23': { says: 'the API server shows etcd a certificate, where one is named' },
  '1.2.24': { says: 'the API is served over TLS alone' },
  '1.2.25': {
    says: "client certificates count that the cluster's authority signed, and no others",
    heldBy: ['test/security/identity.test.ts', 'with a certificate that anybody made, nobody'],
  },
  '1.2.26': { says: "etcd's certificate is checked by the authority that is named" },
  '1.2.27': {
    says: 'Secrets can be encrypted in the store (--encryption-provider-config)',
    heldBy: [
      'src/cmd/server/encryption/encryption.test.ts',
      'no file of the store, and no snapshot, has what is encrypted',
    ],
  },
  '1.2.28': {
    says: 'what is encrypted can be with AES-GCM, secretbox or a key service',
    heldBy: [
      'src/store/encryption/recorded.test.ts',
      'of KMS version 2, and what is written beside it has the same form',
    ],
  },
  '1.2.29': {
    says: 'weak ciphers are refused, and the others can be chosen of',
    heldBy: ['test/security/tls.test.ts', '--tls-cipher-suites'],
  },
  '1.2.30': {
    says: "a kubelet's tokens of an hour last no longer",
    because:
      "As upstream's default, which lets old clients live: they last a year, are counted as stale after the hour, and end with their pod",
  },
  '1.3.1': {
    says: 'pods that have ended are removed when there are too many',
    heldBy: ['src/controllers/podgc/podgc.test.ts', 'removes the oldest of too many that have ended'],
  },
  '1.3.2': { says: 'the controllers serve no profiles of their own' },
  '1.3.3': { says: 'each controller acts as a service account of its own' },
  '1.3.4': { says: "the key that signs accounts' tokens is for its owner alone" },
  '1.3.5': { says: 'pods are told whose certificates to trust (kube-root-ca.crt)' },
  '1.3.6': {
    says: 'kubelets can have their serving certificates from the cluster, and renew them',
    heldBy: [
      'src/cmd/server/certificate-flow.test.ts',
      'a node agent asks for what it serves with, waits for approval, and asks again before the end',
    ],
  },
  '1.3.7': { says: 'the controllers listen nowhere' },
  '1.4.1': { says: 'the scheduler serves no profiles of its own' },
  '1.4.2': { says: 'the scheduler listens nowhere' },
  '2.1': { says: 'etcd serves its clients over TLS', because: ETCD },
  '2.2': { says: 'etcd demands certificates of its clients', because: ETCD },
  '2.3': { says: 'etcd makes no certificates for itself', because: ETCD },
  '2.4': { says: 'members of etcd speak TLS with each other', because: ETCD },
  '2.5': { says: 'members of etcd demand certificates of each other', because: ETCD },
  '2.6': { says: 'members of etcd make no certificates for each other', because: ETCD },
  '2.7': { says: 'etcd has an authority of its own', because: ETCD },
  '3.1.1': {
    says: 'people do not come with client certificates',
    because: `${OPERATORS}; the administrator's own certificate aside, none is made unless asked for`,
  },
  '3.1.2': { says: "people do not come with service accounts' tokens", because: OPERATORS },
  '3.1.3': { says: 'bootstrap tokens let nobody in unless that is switched on' },
  '3.2.1': { says: 'a small audit policy works' },
  '3.2.2': {
    says: 'an audit policy can tell of Secrets without their content, of commands in pods and of who acted as whom',
  },
  '4.1.1': { says: "the kubelet's service file is for root alone", because: NO_SUCH_FILE },
  '4.1.2': { says: "the kubelet's service file is owned by root", because: NO_SUCH_FILE },
  '4.1.3': { says: "the proxy's kubeconfig is for root alone", because: NO_SUCH_FILE },
  '4.1.4': { says: "the proxy's kubeconfig is owned by root", because: NO_SUCH_FILE },
  '4.1.5': { says: "the kubelet's kubeconfig is for root alone", because: NO_SUCH_FILE },
  '4.1.6': { says: "the kubelet's kubeconfig is owned by root", because: NO_SUCH_FILE },
  '4.1.7': { says: 'nobody else may write the certificate authority' },
  '4.1.8': { says: 'the certificate authority is owned by who runs the server' },
  '4.1.9': { says: "the kubelet's configuration is for root alone", because: NO_SUCH_FILE },
  '4.1.10': { says: "the kubelet's configuration is owned by root", because: NO_SUCH_FILE },
  '4.2.1': { says: 'the node agent answers nobody without a name' },
  '4.2.2': { says: 'the node agent asks the API server what somebody may' },
  '4.2.3': { says: "the node agent takes client certificates of the cluster's authority" },
  '4.2.4': { says: 'the node agent has no port that anybody may read' },
  '4.2.5': {
    says: 'a session that is silent ends',
    because: "The container runtime's own limit (containerd's stream_idle_timeout, four hours as upstream's kubelet)",
  },
  '4.2.6': {
    says: "the kubelet's own chains of iptables are made",
    because: 'There are none: Services are nftables maps',
  },
  '4.2.7': { says: "the node has the machine's name unless told" },
  '4.2.8': {
    says: 'events of the node agent are not held back below what tells something',
    because: 'Nothing holds them back; the API server may, by EventRateLimit or by fairness',
  },
  '4.2.9': { says: 'the node agent serves over TLS, with a certificate of its own' },
  '4.2.10': {
    says: "nodes' certificates are renewed before they end",
    heldBy: [
      'src/cmd/server/certificate-flow.test.ts',
      'a node renews its own certificate without anybody, and another user may not have it',
    ],
  },
  '4.2.11': {
    says: 'the node agent asks anew for what it serves with',
    heldBy: [
      'src/cmd/server/certificate-flow.test.ts',
      'a node agent asks for what it serves with, waits for approval, and asks again before the end',
    ],
  },
  '4.2.12': { says: 'the node agent refuses old TLS and weak ciphers' },
  '4.2.13': {
    says: 'a pod may have so many processes',
    because: "As upstream's default: the machine's own limit of its cgroups",
  },
  '4.2.14': {
    says: 'containers run under the runtime’s seccomp profile unless they say otherwise',
    because: "As upstream's default, off: the Pod Security level restricted demands the profile",
  },
  '4.3.1': { says: "the service proxy's metrics are on loopback", because: 'The service proxy serves none' },
  '5.1.1': { says: 'nobody but system:masters is cluster-admin' },
  '5.1.2': { says: 'few of what the cluster makes may read all Secrets' },
  '5.1.3': { says: 'few of the roles that the cluster makes have wildcards' },
  '5.1.4': { says: 'few of what the cluster makes may make pods' },
  '5.1.5': { says: 'the default service accounts may nothing' },
  '5.1.6': { says: 'tokens are mounted where they are not declined, and not where they are' },
  '5.1.7': { says: 'nobody is in system:masters but by certificate' },
  '5.1.8': { says: 'bind, escalate and impersonate are granted to few' },
  '5.1.9': { says: 'few may make volumes' },
  '5.1.10': { says: 'nobody is granted nodes/proxy but by what upstream grants' },
  '5.1.11': { says: 'few may approve certificates' },
  '5.1.12': { says: 'few may change webhooks' },
  '5.1.13': { says: 'few may have tokens of service accounts' },
  '5.2.1': { says: 'Pod Security is there, and does as labels say' },
  '5.2.2': { says: 'privileged containers are refused' },
  '5.2.3': { says: "the host's processes are not shared" },
  '5.2.4': { says: "the host's IPC is not shared" },
  '5.2.5': { says: "the host's network is not shared" },
  '5.2.6': { says: 'privileges do not grow' },
  '5.2.7': { says: 'containers do not run as root' },
  '5.2.8': { says: 'NET_RAW can be refused' },
  '5.2.9': { says: 'capabilities are dropped' },
  '5.2.10': { says: "Windows' host processes are refused" },
  '5.2.11': { says: "the host's files are not mounted" },
  '5.2.12': { says: "the host's ports are not used" },
  '5.3.1': {
    says: 'network policies are kept',
    because: 'Not yet: a NetworkPolicy is stored and has no effect on the pod network that comes with the cluster',
  },
  '5.3.2': { says: 'each namespace has network policies', because: OPERATORS },
  '5.4.1': { says: 'Secrets are files and not variables', because: OPERATORS },
  '5.4.2': { says: 'Secrets are kept outside', because: OPERATORS },
  '5.5.1': { says: 'images can be judged by somebody else (ImagePolicyWebhook)' },
  '5.6.1': { says: 'namespaces keep things apart', because: OPERATORS },
  '5.6.2': { says: 'pods name a seccomp profile', because: OPERATORS },
  '5.6.3': { says: 'pods have security contexts', because: OPERATORS },
  '5.6.4': { says: 'the default namespace is not used', because: OPERATORS },
}

/** The name of a control's test. */
export const testName = (id: string): string => `CIS ${id} ${CONTROLS[id]?.says ?? ''}`
