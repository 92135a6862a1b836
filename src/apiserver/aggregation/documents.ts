import { encodeDocumentV2 } from '../../api/openapi/gnostic/encode.ts'
import { fingerprint } from '../../api/openapi/fingerprint.ts'
import type { OpenApiDocuments } from '../../api/openapi/documents.ts'
import type { Json } from '../../api/openapi/model.ts'
import { rootOf } from './api-service.ts'
import { mergeOpenApiV2, type RemoteVersion } from './merge.ts'
import type { RemoteFacts } from './remote.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** What the OpenAPI routes need of documents. */
export type Documents = Pick<OpenApiDocuments, 'v2Json' | 'v2Protobuf' | 'v2Hash' | 'v3Index' | 'v3' | 'v3Hash'>

type RemoteDocuments = readonly (RemoteVersion & { readonly facts: RemoteFacts })[]

/** Our documents with those of aggregated servers, made anew when either change. */
export function aggregatedDocuments(
  ours: () => OpenApiDocuments,
  remotes: () => { readonly generation: number; versions(): RemoteDocuments } | undefined,
): () => Documents {
  let kept: { readonly of: OpenApiDocuments; readonly generation: number; readonly all: Documents } | undefined
  return () => {
    const of = ours()
    const found = remotes()
    const generation = found?.generation ?? 0
    if (kept?.of !== of || kept.generation !== generation) {
      kept = { of, generation, all: withRemotes(of, found?.versions() ?? []) }
    }
    return kept.all
  }
}

/** The v3 documents of aggregated servers they answer themselves. */
function withRemotes(ours: Documents, remotes: RemoteDocuments): Documents {
  if (remotes.length === 0) return ours
  let v2: string | undefined
  const v2Json = (): string => {
    const others = remotes.flatMap(({ service, facts }) =>
      facts.openApiV2 ? [{ service, document: facts.openApiV2 }] : [],
    )
    return (v2 ??= JSON.stringify(mergeOpenApiV2(JSON.parse(ours.v2Json()) as JsonObject, others)))
  }
  return {
    v2Json,
    v2Protobuf: () => encodeDocumentV2(JSON.parse(v2Json()) as Json),
    v2Hash: () =>
      fingerprint(`${ours.v2Hash()}${JSON.stringify(remotes.map(({ facts }) => [facts.openApiV3, facts.openApiV2]))}`),
    v3: (name) => ours.v3(name),
    v3Hash: (name) => ours.v3Hash(name),
    v3Index() {
      const { paths } = JSON.parse(ours.v3Index()) as { paths: Record<string, { serverRelativeURL: string }> }
      for (const { service, facts } of remotes) {
        const root = rootOf(service)
        delete paths[root]
        if (facts.openApiV3 === undefined) continue
        const hash = facts.openApiV3 && `?hash=${facts.openApiV3}`
        paths[root] = { serverRelativeURL: `/openapi/v3/${root}${hash}` }
      }
      return JSON.stringify({ paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))) })
    },
  }
}
