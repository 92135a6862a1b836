import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GuardedServer } from '../../src/apiserver/guarded-server.suite.ts'
import type { KubeList, KubeObject } from '../../src/apimachinery/meta.ts'
import { nextTurn } from '../../src/lib/turn.ts'
import { type Program, served, startProgram, startServer } from './program.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const GROUP = '/apis/admissionregistration.k8s.io/v1'
const TEMPLATES = '/apis/templates.example.com/v1/constrainttemplates'
const CONSTRAINTS = '/apis/constraints.example.com/v1beta1'
const IGNORE = 'admission.example.com/ignore'

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }

/** A cluster-wide definition with one version, whose schema may be open. */
const definition = (group: string, version: string, kind: string, spec: object): object => {
  const plural = `${kind.toLowerCase()}s`
  return {
    metadata: { name: `${plural}.${group}`, labels: { 'example.com/constraint': 'yes' } },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List`, categories: ['constraint'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, status: open } } },
        },
      ],
    },
  }
}

/** What a template says, made into the definition of its constraints, as the controller does. */
const constraintDefinition = (kind: string, parameters: object): object =>
  definition('constraints.example.com', 'v1beta1', kind, {
    type: 'object',
    properties: { enforcementAction: { type: 'string' }, match: open, parameters },
  })

interface Constraint extends KubeObject {
  readonly spec: { readonly parameters: { readonly labels: readonly string[] } }
}

/** Refuses namespaces without the labels that constraints want. */
const requiringLabels = (api: GuardedServer) => {
  let constraints: readonly Constraint[] = []
  return {
    async look(): Promise<void> {
      constraints = (await api.get<KubeList<Constraint>>(`${CONSTRAINTS}/requiredlabels`)).items
    },
    review(request: Record<string, unknown>): object {
      const { object } = request as { object: KubeObject }
      const missing = constraints.flatMap(({ metadata, spec }) => {
        const labels = spec.parameters.labels.filter((label) => object.metadata.labels?.[label] === undefined)
        return labels.length > 0 ? [`[${metadata.name ?? ''}] you must provide labels: ${labels.join(', ')}`] : []
      })
      const status = { code: 403, reason: 'Forbidden', message: missing.join('\n') }
      return missing.length > 0 ? { allowed: false, status } : { allowed: true }
    },
  }
}

async function configure(api: GuardedServer, { caBundle }: Program): Promise<void> {
  const rules = [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['*'] }]
  const at = (path: string): object => ({ caBundle, service: { namespace: 'policy-system', name: 'webhook', path } })
  const shared = {
    admissionReviewVersions: ['v1', 'v1beta1'],
    sideEffects: 'None',
    matchPolicy: 'Exact',
    timeoutSeconds: 3,
  }
  const unless = (key: string): object => ({ matchExpressions: [{ key, operator: 'DoesNotExist' }] })
  await api.create(`${GROUP}/validatingwebhookconfigurations`, {
    metadata: { name: 'policies' },
    webhooks: [
      {
        ...shared,
        name: 'validation.example.com',
        rules,
        failurePolicy: 'Ignore',
        clientConfig: at('/v1/admit'),
        namespaceSelector: unless(IGNORE),
      },
      {
        ...shared,
        name: 'check-ignore-label.example.com',
        failurePolicy: 'Fail',
        clientConfig: at('/v1/admitlabel'),
        rules: [{ apiGroups: [''], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['namespaces'] }],
      },
    ],
  })
}

/** Only the program's own namespace may be spared. */
function admitLabel(request: Record<string, unknown>): object {
  const { object } = request as { object: KubeObject }
  const spared = object.metadata.labels?.[IGNORE] !== undefined && object.metadata.name !== 'policy-system'
  const message = `Only exempt namespace can have the ${IGNORE} label`
  return spared ? { allowed: false, status: { code: 403, message } } : { allowed: true }
}

const labels = { type: 'object', properties: { labels: { type: 'array', items: { type: 'string' } } } }

test('constraints are kinds made at run time; namespaces are held against them, but for the spared one', async (t) => {
  const api = await startServer(t)
  await api.create('/api/v1/namespaces', { metadata: { name: 'policy-system', labels: { [IGNORE]: 'true' } } })
  const judge = requiringLabels(api)
  const answers = { '/v1/admit': judge.review, '/v1/admitlabel': admitLabel }
  const program = await startProgram(t, api, { namespace: 'policy-system', name: 'webhook' }, answers)
  await api.create(CRDS, definition('templates.example.com', 'v1', 'ConstraintTemplate', open))
  await served(api, TEMPLATES)
  const template = { crd: { spec: { names: { kind: 'RequiredLabel' }, validation: { openAPIV3Schema: labels } } } }
  const names = {
    apiVersion: 'templates.example.com/v1',
    kind: 'ConstraintTemplate',
    metadata: { name: 'requiredlabels' },
  }
  await api.create(TEMPLATES, { ...names, spec: template })
  await api.create(CRDS, constraintDefinition('RequiredLabel', labels))
  await served(api, `${CONSTRAINTS}/requiredlabels`)
  const constraint = { apiVersion: 'constraints.example.com/v1beta1', kind: 'RequiredLabel' }
  const spec = { parameters: { labels: ['owner'] }, match: { kinds: [{ apiGroups: [''], kinds: ['Namespace'] }] } }
  const wrong = { ...constraint, metadata: { name: 'w' }, spec: { parameters: { labels: 'owner' } } }
  assert.match(await api.refused(422, 'POST', `${CONSTRAINTS}/requiredlabels`, wrong), /must be of type array/)
  await api.create(`${CONSTRAINTS}/requiredlabels`, { ...constraint, metadata: { name: 'owner' }, spec })
  await judge.look()
  await configure(api, program)

  assert.equal(
    await api.refused(403, 'POST', '/api/v1/namespaces', { metadata: { name: 'team' } }),
    'admission webhook "validation.example.com" denied the request: [owner] you must provide labels: owner',
  )
  await api.create('/api/v1/namespaces', { metadata: { name: 'team', labels: { owner: 'me' } } })
  assert.match(
    await api.refused(403, 'POST', '/api/v1/namespaces', {
      metadata: { name: 'sly', labels: { [IGNORE]: '1', owner: 'me' } },
    }),
    /check-ignore-label.example.com" denied the request: Only exempt namespace/,
  )
  const asked = program.asked.length
  await api.create('/api/v1/namespaces/policy-system/configmaps', { metadata: { name: 'm' } })
  assert.equal(program.asked.length, asked)

  program.leave()
  await api.create('/api/v1/namespaces/team/configmaps', { metadata: { name: 'm' } })
  assert.match(await api.refused(500, 'POST', '/api/v1/namespaces', { metadata: { name: 'x' } }), /check-ignore-label/)
})

test('an audit reads everything in pieces, and tells by pod what it found', async (t) => {
  const api = await startServer(t)
  await api.create(CRDS, constraintDefinition('RequiredLabel', labels))
  await served(api, `${CONSTRAINTS}/requiredlabels`)
  const constraint = {
    apiVersion: 'constraints.example.com/v1beta1',
    kind: 'RequiredLabel',
    metadata: { name: 'owner' },
  }
  const made = await api.create<Constraint>(`${CONSTRAINTS}/requiredlabels`, {
    ...constraint,
    spec: { parameters: { labels: ['a'] } },
  })
  const MAPS = '/api/v1/namespaces/default/configmaps'
  for (let index = 0; index < 25; index++) await api.create(MAPS, { metadata: { name: `m-${index}` } })
  const found: string[] = []
  let token = ''
  do {
    const query = `limit=10&continue=${encodeURIComponent(token)}`
    const list = await api.get<KubeList<KubeObject>>(`/api/v1/configmaps?${query}`)
    found.push(...list.items.map(({ metadata }) => metadata.name ?? ''))
    token = list.metadata.continue ?? ''
  } while (token)
  assert.equal(found.filter((name) => name.startsWith('m-')).length, 25)
  const status = {
    totalViolations: 25,
    byPod: [{ id: 'audit-0', enforced: true, observedGeneration: 1 }],
    violations: [],
  }
  const path = `${CONSTRAINTS}/requiredlabels/owner`
  const told = await api.expect<KubeObject & { status: object }>(200, 'PUT', `${path}/status`, { ...made, status })
  assert.deepEqual(told.status, status)
  assert.equal(told.metadata.generation, 1)
})

test('a policy is made of a template, and its parameters are constraints; a kind that goes takes them with it', async (t) => {
  const api = await startServer(t)
  await api.create(CRDS, constraintDefinition('RequiredLabel', labels))
  await served(api, `${CONSTRAINTS}/requiredlabels`)
  const constraint = {
    apiVersion: 'constraints.example.com/v1beta1',
    kind: 'RequiredLabel',
    metadata: { name: 'owner' },
  }
  await api.create(`${CONSTRAINTS}/requiredlabels`, {
    ...constraint,
    spec: { parameters: { labels: ['owner', 'team'] } },
  })
  await api.create(`${GROUP}/validatingadmissionpolicies`, {
    metadata: { name: 'requiredlabels' },
    spec: {
      paramKind: { apiVersion: 'constraints.example.com/v1beta1', kind: 'RequiredLabel' },
      matchConstraints: {
        resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
      },
      variables: [
        { name: 'params', expression: 'has(params.spec.parameters) ? params.spec.parameters : null' },
        {
          name: 'anyObject',
          expression: 'has(request.operation) && request.operation == "DELETE" ? oldObject : object',
        },
        {
          name: 'missing',
          expression: 'variables.params.labels.filter(l, !(l in variables.anyObject.metadata.?labels.orValue({})))',
        },
      ],
      validations: [
        { expression: 'size(variables.missing) == 0', messageExpression: '"missing: " + variables.missing.join(", ")' },
      ],
    },
  })
  const paramRef = { name: 'owner', parameterNotFoundAction: 'Allow' }
  const binding = { policyName: 'requiredlabels', paramRef, validationActions: ['Deny'] }
  await api.create(`${GROUP}/validatingadmissionpolicybindings`, { metadata: { name: 'owner' }, spec: binding })
  const MAPS = '/api/v1/namespaces/default/configmaps'
  const map = { metadata: { name: 'm', labels: { team: 'x' } } }
  assert.match(await api.refused(422, 'POST', MAPS, map), /denied request: missing: owner$/)
  const patch = [{ op: 'replace', path: '/spec/parameters/labels', value: ['team'] }]
  const headers = { 'content-type': 'application/json-patch+json' }
  assert.equal((await api.send('PATCH', `${CONSTRAINTS}/requiredlabels/owner`, patch, headers)).status, 200)
  await api.create(MAPS, map)

  await api.expect(200, 'DELETE', `${CRDS}/requiredlabels.constraints.example.com`)
  while ((await api.send('GET', `${CONSTRAINTS}/requiredlabels`)).status !== 404) await nextTurn()
  assert.match(
    await api.refused(422, 'POST', MAPS, { metadata: { name: 'n' } }),
    /failed to find resource referenced by paramKind/,
  )
})
