import type { AdmissionPlugin } from '../types.ts'

/** On a namespace: its service accounts get a Secret with a token that never expires, as before 1.24. */
export const TOKEN_SECRETS_ANNOTATION = 'skiff.dev/service-account-token-secrets'

/** The first release whose clients do not wait for such Secrets. */
const FIRST_WITHOUT = 24
/** The test suite of releases, when built without a version, calls itself v0.0.0. */
const SUITE_WITHOUT_VERSION = /^e2e\.test\/v0\.0\.0/
const KUBERNETES_CLIENT = /^(?:e2e\.test|kubectl|kubeadm|kube-[a-z-]+)\/v1\.(\d+)\./

/**
 * Marks namespaces that are made by programs of Kubernetes 1.23 and older: those wait for a Secret in each service account before they go
 * on. Newer programs get what 1.36 does: none (docs/conformance.md).
 */
export const tokenSecretClients: AdmissionPlugin = {
  name: 'TokenSecretClients',
  handles: (operation) => operation === 'CREATE',
  mutate({ definition, object, userAgent }) {
    if (definition.group !== '' || definition.plural !== 'namespaces' || !object || !waitsForTokenSecrets(userAgent))
      return
    ;(object.metadata.annotations ??= {})[TOKEN_SECRETS_ANNOTATION] ??= 'true'
  },
}

/** Whether a client that calls itself so is of a release before 1.24. */
export function waitsForTokenSecrets(userAgent: string): boolean {
  const minor = KUBERNETES_CLIENT.exec(userAgent)?.[1]
  return SUITE_WITHOUT_VERSION.test(userAgent) || (minor !== undefined && Number(minor) < FIRST_WITHOUT)
}
