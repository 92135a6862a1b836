import type { ServiceDefinition } from '@grpc/grpc-js'
import { decode, encode } from '../etcd/codec.ts'
import type { Method } from './caller.ts'

/** A method as servers of tests offer it. */
export function servedMethod(service: string, { name, request, response }: Method): ServiceDefinition[string] {
  return {
    path: `/${service}/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: object) => encode(request, message),
    requestDeserialize: (bytes: Buffer) => decode(request, bytes),
    responseSerialize: (message: object) => encode(response, message),
    responseDeserialize: (bytes: Buffer) => decode(response, bytes),
  }
}
