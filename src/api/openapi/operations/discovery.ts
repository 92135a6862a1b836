import { META } from '../model.ts'
import { groupOperationId, operationId, tagOf } from '../naming.ts'
import { OBJECT_MEDIA, responses, type Operation } from './operation.ts'
import { groupVersionPath } from './scope.ts'

/** What says which groups there are: /api/ and /apis/. */
export function discoveryOperations(): { core: Operation; groups: Operation } {
  return {
    core: get('/api/', 'getCoreAPIVersions', 'get available API versions', 'core', `${META}.APIVersions`),
    groups: get('/apis/', 'getAPIVersions', 'get available API versions', 'apis', `${META}.APIGroupList`),
  }
}

/** What says which versions a group has. */
export function groupOperations(group: string): Operation[] {
  const text = 'get information of a group'
  return [get(`/apis/${group}/`, groupOperationId(group), text, tagOf({ group }), `${META}.APIGroup`)]
}

/** What says which resources a version has. */
export function versionOperations(gv: { group: string; version: string }): Operation[] {
  const path = `${groupVersionPath(gv)}/`
  const id = operationId('get', gv, 'APIResources')
  return [get(path, id, 'get available resources', tagOf(gv), `${META}.APIResourceList`)]
}

/** What is no API group: the version, and the service account issuer's documents. By the name of their OpenAPI v3 document. */
export function serverOperations(): ReadonlyMap<string, Operation> {
  const info = 'io.k8s.apimachinery.pkg.version.Info'
  return new Map([
    [
      'version',
      {
        ...get('/version/', 'getCodeVersion', 'get the version information for this server', 'version', info),
        ...JSON_ONLY,
      },
    ],
    [
      '.well-known/openid-configuration',
      {
        ...get(
          '/.well-known/openid-configuration/',
          'getServiceAccountIssuerOpenIDConfiguration',
          OIDC_TEXT,
          'WellKnown',
          '',
        ),
        consumes: [],
        produces: ['application/json'],
        responses: [{ code: 200 }],
      },
    ],
    [
      'openid/v1/jwks',
      {
        ...get('/openid/v1/jwks/', 'getServiceAccountIssuerOpenIDKeyset', JWKS_TEXT, 'openid', ''),
        consumes: [],
        produces: ['application/jwk-set+json'],
        responses: [{ code: 200 }],
      },
    ],
  ])
}

const JSON_ONLY = { consumes: ['application/json'], produces: ['application/json'] }
const OIDC_TEXT = "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'"
const JWKS_TEXT = 'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)'

function get(path: string, id: string, description: string, tag: string, model: string): Operation {
  return {
    method: 'get',
    path,
    id,
    description,
    tags: [tag],
    parameters: [],
    consumes: OBJECT_MEDIA,
    produces: OBJECT_MEDIA,
    responses: responses(model),
  }
}
