import { namespaceHooks } from './namespace.ts'
import type { Serving } from './served.ts'
import { bindingSubresource } from './subresources/binding.ts'
import { evictionSubresource } from './subresources/eviction.ts'

/** What built-in resources do beyond the generic path, by `plural.group`. */
export const builtInServing: Readonly<Record<string, Omit<Serving, 'freeze'>>> = {
  namespaces: { hooks: namespaceHooks },
  pods: { subresources: { binding: bindingSubresource, eviction: evictionSubresource } },
}
